// The page of a claim that is over: what was typed and never sent lies sealed, and is opened here on a device of its
// author. Nothing of it leaves the page.

import { SealingError } from "asset:sealing-errors.js";
import { mine } from "asset:device-keys.js";
import { openPart, readPart } from "asset:sealed-parts.js";

const draft = document.querySelector("[data-sealed-draft]");
const { sealedDraft: url, microtask, campaign } = draft.dataset;
const button = draft.querySelector("[data-open-draft]");

function show(state) {
  for (const one of draft.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== state;
  draft.querySelector("[data-opened]").hidden = state !== "opened";
  button.hidden = state === "opened" || state === "opening";
}

function inWords(name, value) {
  const options = [...draft.querySelectorAll(`[data-options="${CSS.escape(name)}"] [data-value]`)];
  return options.find((option) => option.dataset.value === value)?.textContent ?? value;
}

function fill(given) {
  for (const place of draft.querySelectorAll("[data-answer]")) {
    const value = given[place.dataset.answer];
    place.textContent = value ? inWords(place.dataset.answer, String(value)) : "–";
  }
}

async function open() {
  show("opening");
  try {
    const device = await mine();
    if (!device) return show("needs-device");
    const { saved } = await readPart(`${url}?device=${device.thumbprint}`);
    if (!saved) return show("elsewhere");
    fill(await openPart(saved, { purpose: "draft", microtask, campaign }, device));
    show("opened");
    draft.querySelector("[data-opened]").focus();
  } catch (error) {
    if (error instanceof SealingError || error instanceof SyntaxError) show("broken");
    else if (error.name === "DeviceKeysClosed" || error.problem?.type === "/problems/needs-device") show("needs-device");
    else show("refused");
  }
}

button.hidden = false;
button.addEventListener("click", open);
