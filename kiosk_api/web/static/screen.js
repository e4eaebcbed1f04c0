// The traveler's screen: shows the step that the lane tells, in the language that was chosen.

import { follow } from "./stream.js";

const IDLE_MS = 45000; // an untouched screen without a traveler asks for the language again
const MAIN = "en"; // shown, with the others below, until a language is chosen
const ENDED = new Set(["proceed", "officer"]);
const PLACE = { document: 0, again: 0, camera: 1, wait: 1, proceed: 2, officer: 2 };

const texts = JSON.parse(document.getElementById("texts").textContent);
const languages = Object.keys(texts);
const byId = (id) => document.getElementById(id);
const buttons = [...document.querySelectorAll("[data-language]")];

let step = document.body.dataset.step;
let guidance = ""; // what to do before the camera; only while somebody is guided
let told = step; // what the lane showed last; differs from `step` while the stream is broken
let chosen = remembered();
let touched = Date.now();
let idle = 0;

function remembered() {
  const language = sessionStorage.getItem("language");
  return languages.includes(language) ? language : null;
}

function choose(language) {
  chosen = language;
  if (language === null) sessionStorage.removeItem("language");
  else sessionStorage.setItem("language", language);
  draw();
  touch();
}

function touch() {
  touched = Date.now();
  forgetWhenIdle();
}

function forgetWhenIdle() {
  clearTimeout(idle);
  if (chosen === null || step !== "document") return;
  const left = touched + IDLE_MS - Date.now();
  if (left <= 0) choose(null);
  else idle = setTimeout(forgetWhenIdle, left);
}

function guide(code) {
  if (guidance === code) return;
  guidance = code;
  draw();
}

function show(next) {
  const isNextTraveler = ENDED.has(told) && next === "document";
  if (next !== "lost") told = next;
  if (step === next && !isNextTraveler) return;
  step = next;
  if (isNextTraveler) choose(null);
  else draw();
  // Whoever just went through a step was there, touching or not.
  if (step === "document") forgetWhenIdle();
  else if (step !== "lost" && step !== "closed") touched = Date.now();
}

function setText(element, text) {
  // Only what differs is written: a screen reader speaks what changes.
  if (element.textContent !== text) element.textContent = text;
}

function draw() {
  const language = chosen ?? MAIN;
  const words = texts[language];
  document.documentElement.lang = language;
  document.body.dataset.step = step;
  document.body.dataset.chosen = chosen ?? "";
  setText(byId("heading"), words.steps[step][0]);
  setText(byId("hint"), words.steps[step][1]);
  setText(byId("guidance"), step === "camera" ? (words.guidance[guidance] ?? "") : "");
  document.body.dataset.guided = byId("guidance").textContent === "" ? "" : "yes";
  setText(byId("notice"), words.notice);
  setText(byId("opt-out"), words.opt_out);
  setText(byId("choose"), chosen === null ? languages.map((l) => texts[l].choose).join("\u00a0· ") : words.choose);
  const others = languages.filter((l) => l !== language);
  [...byId("also").children].forEach((line, index) => {
    line.lang = others[index];
    setText(line, texts[others[index]].steps[step][0]);
  });
  byId("also").hidden = chosen !== null;
  document.querySelectorAll(".progress li").forEach((item, index) => {
    setText(item, words.progress[index]);
    item.dataset.state = index < PLACE[step] ? "done" : index === PLACE[step] ? "now" : "";
  });
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => choose(button.dataset.language));
}
byId("opt-out").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true; // the lane shows what comes of it
  try {
    await fetch(`/screen/${document.body.dataset.lane}/opt-out`, {
      method: "POST",
      body: new URLSearchParams({ form_token: button.dataset.token }),
      signal: AbortSignal.timeout(5000),
    });
  } catch {
    // Not heard: the traveler may press again, or just go to the desk.
  }
  button.disabled = false;
});
document.addEventListener("pointerdown", touch);
document.addEventListener("keydown", touch);
document.addEventListener("contextmenu", (event) => event.preventDefault());

draw();
touch();
follow(`/screen/${document.body.dataset.lane}/events`, "show", {
  event: (data) => {
    show(data.step);
    guide(data.guidance ?? "");
  },
  lost: () => show("lost"),
});
