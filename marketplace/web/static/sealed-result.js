// A sealed result: the item, the value and the answers behind it are opened here, with the key of this device. End to
// end they are sealed to the campaign's own key, which this device holds sealed, and nothing counts that no device of the
// agency's is shown to have signed, for this very key. The rules at the screen hold as they do
// for an item in hand: what was opened is gone when nothing moves.

import { mine } from "asset:device-keys.js";
import { checkEvidence } from "asset:key-trust.js";
import { alike, inWords } from "asset:question-words.js";
import { checkSignature, openCampaign, openPart, readPart } from "asset:sealed-parts.js";
import { stateOf, statesOf } from "asset:sealed-states.js";

const page = document.querySelector("[data-sealed-result]");
const { sealedResult: url, version, noAnswer } = page.dataset;
const questions = JSON.parse(page.dataset.questions);
const expected = JSON.parse(page.dataset.expected); // what every header here has to say

const showState = statesOf(page);

function show(state, detail = "") {
  showState(state, detail);
  if (state !== "opened") empty();
}

function empty() {
  for (const place of page.querySelectorAll("[data-field], [data-result], [data-trace]")) place.replaceChildren();
}

async function open() {
  show("opening");
  try {
    const device = await mine();
    if (!device) return show("needs-device");
    const found = await readPart(`${url}?device=${device.thumbprint}`);
    if (expected.protection === "end_to_end") await checkSigned(found);
    const ofKey = { ...expected, purpose: "key", microtask: null };
    const holder = found.key ? await openCampaign(found.key, ofKey, device, found.item.key_id) : device;
    const item = await openPart(found.item, { ...expected, purpose: "task" }, holder);
    const ofResult = { ...expected, purpose: "result", payload_version: Number(version) };
    const values = await openPart(found.value, ofResult, holder);
    const opening = found.trace.map(({ answer }) => openPart(answer, { ...expected, purpose: "answer" }, holder));
    const answers = await Promise.all(opening);
    fill(item);
    for (const question of questions) {
      const place = page.querySelector(`[data-result="${question.name}"]`);
      place.textContent = said(question, values);
      place.classList.toggle("long", place.matches(".value") && place.textContent.length > 90);
    }
    page.querySelector("[data-trace]").replaceChildren(
      ...found.trace.map((one, number) => step(one, answers[number], values)),
    );
    show("opened");
    document.dispatchEvent(new Event("market:shown"));
  } catch (error) {
    show(...stateOf(error));
  }
}

// The campaign's key is signed as it is; item and value are signed for the key that opens them.
async function checkSigned({ key, item, value, evidence }) {
  for (const [part, campaignKey] of [[key, null], [item, item.key_id], [value, item.key_id]]) {
    const sealer = await checkEvidence(evidence[part.signer], part.signer);
    await checkSignature(part, sealer.signingKey, campaignKey);
  }
}

function fill(item) {
  for (const place of page.querySelectorAll("[data-field]")) place.textContent = item[place.dataset.field] || "–";
}

function said(question, values) {
  return inWords(question, values[question.name], noAnswer);
}

function step({ alias, day }, answer, values) {
  const made = page.querySelector("template[data-step]").content.cloneNode(true);
  const line = made.querySelector("li");
  line.classList.toggle("other", !questions.every((each) => alike(each, values[each.name], answer[each.name])));
  line.querySelector("[data-label]").textContent = questions.map((each) => said(each, answer)).join(" · ");
  line.querySelector("[data-alias]").textContent = alias;
  line.querySelector("[data-note]").textContent = answer.note ? `“${answer.note}”` : "";
  line.querySelector("[data-note]").hidden = !answer.note;
  const shown = { day: "numeric", month: "short", timeZone: "UTC" };
  line.querySelector("[data-day]").textContent = new Date(day).toLocaleDateString(document.documentElement.lang, shown);
  return made;
}

document.addEventListener("market:close", () => show("closed"));
document.addEventListener("market:open", (event) => {
  event.preventDefault(); // it is opened here, without loading the page anew
  open();
});
for (const button of page.querySelectorAll("[data-open-again]")) button.addEventListener("click", open);
open();
