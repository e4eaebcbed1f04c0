// One case: age, pictures that fail, and a button that says what it will record.

const byId = (id) => document.getElementById(id);

for (const image of document.querySelectorAll(".picture img")) {
  // The page says itself where there is no picture; this one could not be had now.
  const failed = () => {
    image.hidden = true;
    image.nextElementSibling.hidden = false;
  };
  image.addEventListener("error", failed);
  if (image.complete && image.naturalWidth === 0) failed();
}

const age = byId("age");
const start = Date.now();
const first = age.textContent;
setInterval(() => {
  const [minutes, seconds] = first.split(":").map(Number);
  if (Number.isNaN(seconds)) return; // hours do not tick
  const whole = minutes * 60 + seconds + Math.floor((Date.now() - start) / 1000);
  age.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}, 1000);

const form = byId("resolve");
if (form !== null) {
  const record = byId("record");
  const update = () => {
    const outcome = form.querySelector("input[name=outcome]:checked");
    for (const cause of form.querySelectorAll("input[name=cause]")) {
      const fits = outcome !== null && cause.value.startsWith(`${outcome.value}.`);
      cause.required = fits;
      // A hidden one would be asked for, too, where nobody sees it.
      cause.disabled = !fits;
      if (!fits) cause.checked = false;
    }
    const cause = form.querySelector("input[name=cause]:checked");
    byId("note").required = cause !== null && "note" in cause.dataset;
    record.textContent = outcome === null ? "Record" : `Record: ${outcome.parentElement.textContent.trim()}`;
  };
  form.addEventListener("change", update);
  // A double click records once; the service would refuse the second.
  form.addEventListener("submit", () => setTimeout(() => { record.disabled = true; }));
  update();
}
