// The page of a claim that is over: what was typed and never sent lies sealed, and is opened here on a device of its
// author. Nothing of it leaves the page.

import { mine } from "asset:device-keys.js";
import { inWords } from "asset:question-words.js";
import { openPart, readPart } from "asset:sealed-parts.js";
import { stateOf, statesOf } from "asset:sealed-states.js";

const draft = document.querySelector("[data-sealed-draft]");
const { sealedDraft: url, microtask, campaign, noAnswer } = draft.dataset;
const questions = JSON.parse(draft.dataset.questions);
const button = draft.querySelector("[data-open-draft]");

const showState = statesOf(draft);

function show(state) {
  showState(state);
  button.hidden = state === "opened" || state === "opening";
}

function fill(given) {
  for (const place of draft.querySelectorAll("[data-answer]")) {
    const question = questions.find(({ name }) => name === place.dataset.answer);
    const value = given[place.dataset.answer];
    place.textContent = question ? inWords(question, value, noAnswer) : value || "–";
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
    show(stateOf(error)[0]);
  }
}

button.hidden = false;
button.addEventListener("click", open);
