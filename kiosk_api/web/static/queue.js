// The queue of referrals, live.

import { follow } from "./stream.js";

const byId = (id) => document.getElementById(id);
let offset = 0; // the kiosk's clock less ours, milliseconds
let known = new Set([...document.querySelectorAll("#cases a")].map((a) => a.pathname.split("/").pop()));

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

export function ageText(milliseconds) {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

function tick() {
  for (const time of document.querySelectorAll("[data-since]")) {
    time.textContent = ageText(Date.now() + offset - Date.parse(time.dataset.since));
  }
}

function row(item) {
  const sign = element("span", { "aria-hidden": "true" }, item.sign);
  const more = element("small", {}, item.more ? `and ${item.more} more` : "");
  const link = element(
    "a",
    { href: `/officer/cases/${item.id}`, "data-severity": item.severity },
    element("span", { class: "lane" }, `${item.lane} `, element("small", {}, item.id.slice(-6))),
    element("span", { class: "badge", "data-severity": item.severity }, sign, ` ${item.word}`),
    element("span", { class: "why" }, `${item.why} `, more),
    element("time", { "data-since": item.since }),
  );
  return element("li", { "data-id": item.id }, link);
}

function show(queue) {
  offset = Date.parse(queue.now) - Date.now();
  const focused = document.activeElement?.closest?.("#cases li")?.dataset.id;
  byId("cases").replaceChildren(...queue.cases.map(row));
  if (focused) document.querySelector(`#cases li[data-id="${focused}"] a`)?.focus();
  byId("count").textContent = String(queue.count);
  byId("cut").textContent = queue.cut;
  byId("empty").hidden = queue.count > 0;
  byId("link").textContent = "● live";
  byId("link").dataset.state = "live";
  const fresh = queue.cases.filter((item) => !known.has(item.id));
  if (fresh.length) byId("news").textContent = `New: ${fresh.map((item) => `${item.lane}, ${item.why}`).join(" ")}`;
  known = new Set(queue.cases.map((item) => item.id));
  document.title = queue.count ? `(${queue.count}) Referrals` : "Referrals";
  tick();
}

setInterval(tick, 1000);
follow("/officer/events", "queue", {
  event: show,
  lost: () => {
    byId("link").textContent = "○ connecting again …";
    byId("link").dataset.state = "lost";
  },
});
