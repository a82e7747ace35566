// The work page of a sealed campaign: the item is opened here, with the key of this device, and the answer is sealed
// here before it leaves. What is typed is saved every few seconds, sealed to all devices of its author.

import { mine } from "asset:device-keys.js";
import { checked } from "asset:question-checks.js";
import { isEmpty, putBack, questionsOf, typed } from "asset:question-fields.js";
import { checkedTerms } from "asset:sealed-checks.js";
import { openPart, readPart } from "asset:sealed-parts.js";
import { stateOf, statesOf } from "asset:sealed-states.js";
import { toBase64 } from "asset:sealing-bytes.js";
import { seal } from "asset:sealing-envelope.js";
import { headerHash } from "asset:sealing-header.js";
import { sign } from "asset:sealing-signatures.js";
import { wrap } from "asset:sealing-slots.js";

const work = document.querySelector("[data-sealed-work]");
const form = document.querySelector("form[data-answer]");
const { item: itemUrl, saving: draftUrl } = work.dataset;
const expected = JSON.parse(work.dataset.expected); // what every header here has to say
const enrolled = work.dataset.devices.split(" ");
const pauseMilliseconds = 2000;
const askAgainMilliseconds = 3000;

let device = null;
let terms = null; // under which headers and to which keys the answer and the draft are sealed, once that was checked

// ---------- what the page shows ----------

const showState = statesOf(work);

function show(state, detail = "") {
  showState(state, detail);
  if (state !== "opened") empty();
}

function empty() {
  for (const place of work.querySelectorAll("[data-field]")) place.textContent = "";
}

function fill(item) {
  for (const place of work.querySelectorAll("[data-field]")) {
    const value = item[place.dataset.field] || "–";
    place.textContent = value;
    if (place.matches(".value")) place.classList.toggle("long", value.length > 90);
  }
}

// ---------- opening ----------

function open() {
  clearTimeout(waiting);
  waiting = null;
  show("opening");
  return ask();
}

let waiting = null; // for the key: it is asked for again and again, and nothing is said anew

async function ask() {
  try {
    device = await mine(undefined, enrolled);
    if (!device) return show("needs-device");
    const found = await readPart(`${itemUrl}?device=${device.thumbprint}`);
    if (!found.item) {
      show("waiting");
      return askAgain();
    }
    waiting = null;
    const held = await checkedTerms(found, expected, device);
    fill(await openPart(found.item, { ...expected, purpose: "task" }, device));
    terms = held;
    await bringBack(found.saved);
    show("opened");
    document.dispatchEvent(new Event("market:shown"));
  } catch (error) {
    if (waiting && passing(error)) return askAgain();
    waiting = null;
    await refused(error);
  }
}

function askAgain() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, askAgainMilliseconds);
}

// Whether it may go better in a moment: the network, or a server that is busy or has just been restarted.
function passing(error) {
  const { status } = error.problem ?? {};
  return stateOf(error)[0] === "refused" && !(status < 500 && status !== 429);
}

// What was typed for a claim whose time ran out is saved once more. Whether it lies there now is asked: of a claim that
// was answered or given back, in another tab say, nothing is kept.
async function refused(error) {
  if (error.problem?.type !== "/problems/claim-over") return show(...stateOf(error));
  await save();
  const kept = device && (await readPart(`${draftUrl}?device=${device.thumbprint}`).catch(() => null));
  show(kept?.saved ? "kept" : "over");
}

// ---------- what was typed ----------

async function bringBack(saved) {
  for (const note of work.querySelectorAll("[data-draft-elsewhere]")) note.hidden = Boolean(saved);
  if (!saved || !isEmpty(form)) return;
  const given = await openPart(saved, { ...expected, purpose: "draft" }, device).catch(() => null);
  if (given) putBack(form, given);
}

let timer = null;
let unsaved = false;
let saving = Promise.resolve();

function noticeTyping() {
  unsaved = true;
  clearTimeout(timer);
  timer = setTimeout(save, pauseMilliseconds);
}

function save() {
  clearTimeout(timer);
  if (!unsaved || !terms) return saving;
  unsaved = false;
  saving = saving.then(sendDraft).catch(() => {
    unsaved = true; // tried again with the next key, and asked before the page is left
  });
  return saving;
}

async function sendDraft() {
  const { header, devices } = terms.draft;
  const { hash, dek, sent } = await sealed(header, typed(form));
  const slots = {};
  for (const one of devices) slots[one.thumbprint] = await wrap(dek, hash, "device", one.thumbprint, one.public_key, null);
  const body = new URLSearchParams({ ...sent, slots: JSON.stringify(slots), csrf_token: csrf() });
  await readPart(draftUrl, { method: "POST", body });
}

function csrf() {
  return document.querySelector("#sealed-answer [name=csrf_token]").value;
}

// ---------- sending ----------

async function sealed(header, value, campaignKey = null) {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const hash = await headerHash(header);
  const { envelope, dek } = await seal(header, bytes);
  const signature = await sign(hash, envelope, device.signingKey, campaignKey);
  const sent = { envelope: toBase64(envelope), signature: toBase64(signature), signer: device.thumbprint };
  return { hash, dek, sent };
}

// What is sent may be refused, until somebody signs in again, say: it is saved first, and is there when they are back.
async function submit(answer, then) {
  await save();
  const out = document.getElementById("sealed-answer");
  const { header, key_id: keyId, public_key: publicKey } = terms.answer;
  const contribution = crypto.randomUUID();
  const { hash, dek, sent } = await sealed({ ...header, contribution }, answer, keyId);
  const slot = await wrap(dek, hash, "campaign", keyId, publicKey, null);
  const given = { ...sent, then, contribution, key_id: keyId, slot };
  for (const [name, value] of Object.entries(given)) out.elements[name].value = value;
  unsaved = false;
  out.submit();
}

let sending = false;

async function onSubmit(event) {
  event.preventDefault();
  if (sending || !terms) return;
  const { answer, faults } = checked(questionsOf(form), typed(form));
  if (say(faults)) return;
  sending = true;
  try {
    await submit(answer, event.submitter?.value ?? "next");
  } catch (error) {
    sending = false;
    await refused(error);
  }
}

// Says beside each question why it is not answered yet, and leads to the first of them. Whether there is any.
function say(faults) {
  let first = null;
  for (const place of form.querySelectorAll("[data-question]")) {
    const { name } = JSON.parse(place.dataset.question);
    const sentence = JSON.parse(place.dataset.faults)[faults[name]] ?? "";
    const shown = place.querySelector("[data-fault]");
    shown.textContent = sentence;
    shown.hidden = !sentence;
    for (const field of place.querySelectorAll("input, textarea, select")) {
      if (sentence) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    if (sentence) first ??= document.getElementById(`q-${name}`);
  }
  first?.focus();
  return first !== null;
}

form.addEventListener("submit", onSubmit);
form.addEventListener("input", noticeTyping);
document.getElementById("keep-longer").addEventListener("submit", async (event) => {
  if (!unsaved) return;
  event.preventDefault();
  await save();
  event.target.submit();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save();
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved && !sending) event.preventDefault();
});
document.addEventListener("market:close", async () => {
  await save();
  show("closed");
});
document.addEventListener("market:open", (event) => {
  event.preventDefault(); // it is opened here, without loading the page anew
  open();
});
for (const button of work.querySelectorAll("[data-open-again]")) button.addEventListener("click", open);
open();
