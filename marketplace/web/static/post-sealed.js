// Posting work that is sealed end to end: the settings are checked by the server, the items are read, sealed and signed
// here, row by row, and only ciphertexts leave the page. They go in batches, as large as one request may be; a batch that
// did not arrive is sent again as it is, and what is in is not sent twice.

import { fromBase64, headerHash, newCampaignKey, seal, sign, toBase64, wrap, wrapRecovery } from "asset:sealing.js";
import { items as readItems } from "asset:csv.js";
import { mine } from "asset:device-keys.js";
import { shownToBeMine } from "asset:own-devices.js";
import { readPart } from "asset:sealed-parts.js";
import { SealingError } from "asset:sealing-errors.js";
import { recoveryKeyId } from "asset:sealing-recovery.js";

const page = document.querySelector("[data-post-sealed]");
const form = page.querySelector("form");
const { check: checkUrl, post: postUrl, longestCell, mostRows, largest } = page.dataset;
const mostShown = 100;
const around = 256; // bytes of a body beside its key and its items

// The posting under way: what is sealed and not in yet is kept until it is.
let going = null;

// ---------- what the page says ----------

function word(name, facts = {}) {
  const said = page.querySelector(`[data-words] [data-word="${name}"]`).textContent;
  return Object.entries(facts).reduce((text, [fact, value]) => text.replaceAll(`{${fact}}`, () => value), said);
}

function show(state) {
  for (const one of page.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== state;
  form.hidden = ["needs-device", "stopped", "posted"].includes(state);
  for (const field of form.elements) field.disabled = state === "sealing";
}

function refuse(sentences) {
  show("refused");
  const list = page.querySelector("[data-faults]");
  const more = sentences.length - mostShown;
  const shown = more > 0 ? [...sentences.slice(0, mostShown), word("more", { count: more })] : sentences;
  list.replaceChildren(
    ...shown.map((sentence) => {
      const line = document.createElement("li");
      line.textContent = sentence;
      return line;
    }),
  );
  page.querySelector("[data-state=refused]").focus();
}

function stop(sentence) {
  const facts = { done: going.done, total: going.values.length };
  show("stopped");
  page.querySelector("[data-stopped]").textContent = word("known", facts);
  page.querySelector("[data-why]").textContent = sentence;
  page.querySelector("[data-state=stopped]").focus();
}

// Everything is in, and who did not get the key should be read before the page is left.
function tellLeft({ room, left }) {
  show("posted");
  page.querySelector("[data-left]").textContent = word("left", { names: namesOf(left) });
  page.querySelector("[data-room]").href = room;
  page.querySelector("[data-state=posted]").focus();
}

function tellHolders(device, { others, left }, named) {
  const held = named.filter((each) => each.thumbprint !== device.thumbprint && !left.includes(each));
  const key = others.length ? "for-others" : "for-this";
  page.querySelector("[data-holders]").textContent = word(key, { names: namesOf(held) });
}

function namesOf(devices) {
  return devices.map(({ name }) => `“${name}”`).join(", ");
}

// What is said aloud: once in each batch, and not with every item.
function say(name, facts) {
  page.querySelector("[data-said]").textContent = word(name, facts);
}

function progress(done, total) {
  const bar = page.querySelector("progress");
  bar.max = total;
  bar.value = done;
  page.querySelector("[data-progress]").textContent = word("progress", { done, total });
}

// ---------- sealing ----------

function headerFor(told, campaign, purpose, microtask) {
  return {
    agency: told.agency,
    campaign,
    compartments: told.compartments,
    content_type: purpose === "key" ? "application/jwk+json" : "application/json",
    contribution: null,
    level: told.level,
    microtask,
    payload_version: 1,
    protection: "end_to_end",
    purpose,
    version: 2,
  };
}

// The other devices of this person: those that are shown to be theirs, and those that are `left` out.
async function otherDevices(told, device) {
  const beside = told.devices.filter(({ thumbprint }) => thumbprint !== device.thumbprint);
  const evidence = Object.fromEntries(told.devices.map((each) => [each.thumbprint, each.evidence]));
  const others = beside.length ? await shownToBeMine(beside, evidence, device).catch(onlyRefused) : [];
  const shown = others.map(({ thumbprint }) => thumbprint);
  return { others, left: beside.filter(({ thumbprint }) => !shown.includes(thumbprint)) };
}

function onlyRefused(error) {
  if (error.name !== "EvidenceRefused") throw error;
  return [];
}

// Whether the agency's own keys are those whose names stand on the page, for people to compare.
function areAsShown({ processing, recovery }) {
  const shown = (kind) => page.querySelector(`[data-agency-key="${kind}"]`)?.textContent;
  return processing?.key_id === shown("processing") && recovery?.key_id === shown("recovery");
}

// The campaign's key, sealed for this device by the public half that lies here, for the others that are shown to be of
// the same person, and for the keys of the agency.
async function sealedKey(told, campaign, device, others) {
  const header = headerFor(told, campaign, "key", null);
  const { publicJwk, keyId, envelope, dek } = await newCampaignKey(header);
  const hash = await headerHash(header);
  const slots = [];
  for (const { thumbprint, encryptionKey } of [{ ...device, encryptionKey: device.encryption }, ...others]) {
    const slot = await wrap(dek, hash, "device", thumbprint, encryptionKey, null);
    slots.push({ kind: "device", key_id: thumbprint, slot });
  }
  if (told.processing) {
    const { key_id: id, public_key: key } = told.processing;
    slots.push({ kind: "processing", key_id: id, slot: await wrap(dek, hash, "processing", id, key, null) });
  }
  if (told.recovery) {
    const { key_id: id, public_key: key } = told.recovery;
    const point = Uint8Array.of(4, ...fromBase64(key.x), ...fromBase64(key.y));
    if ((await recoveryKeyId(point)) !== id) throw new SealingError("KeyRefused");
    slots.push({ kind: "recovery", key_id: id, slot: toBase64(await wrapRecovery(dek, hash, id, point)) });
  }
  dek.fill(0);
  const signature = toBase64(await sign(hash, envelope, device.signingKey));
  const made = { envelope: toBase64(envelope), signature, signer: device.thumbprint };
  return { public_key: publicJwk, key_id: keyId, slots, ...made };
}

async function sealedItem(told, campaign, key, number, value, device) {
  const microtask = crypto.randomUUID();
  const header = headerFor(told, campaign, "task", microtask);
  const hash = await headerHash(header);
  const { envelope, dek } = await seal(header, new TextEncoder().encode(JSON.stringify(value)));
  const slot = await wrap(dek, hash, "campaign", key.key_id, key.public_key, null);
  dek.fill(0);
  const signature = toBase64(await sign(hash, envelope, device.signingKey, key.key_id));
  return { microtask, number, envelope: toBase64(envelope), slot, signature };
}

async function begun(told, values, device) {
  const campaign = crypto.randomUUID();
  const { others, left } = await otherDevices(told, device);
  const key = await sealedKey(told, campaign, device, others);
  tellHolders(device, { others, left }, told.devices);
  const sofar = { done: 0, unsure: false, batch: null, sealed: null, more: "", room: "" };
  return { told, values, device, campaign, key, left, ...sofar };
}

// The next items, as many as one request has room for, with the campaign itself before the first of them. An item that
// was sealed and had no room is the first of the next batch.
async function nextBatch({ told, values, device, campaign, key, done }) {
  const first = { spec: told.settings, campaign, key };
  const beside = done ? { key_id: key.key_id, signer: key.signer } : first;
  const room = Number(largest) - around - new Blob([JSON.stringify(beside)]).size;
  const items = [];
  let size = 0;
  while (done + items.length < values.length) {
    const number = done + items.length + 1;
    if (going.sealed?.number !== number) {
      going.sealed = await sealedItem(told, campaign, key, number, values[number - 1], device);
      progress(number, values.length);
    }
    size += JSON.stringify(going.sealed).length + 1;
    if (items.length && size > room) break;
    items.push(going.sealed);
  }
  const last = done + items.length === values.length; // then the page to come says how many there are
  return { number: done + 1, count: items.length, body: JSON.stringify({ ...beside, items, last }) };
}

// ---------- from files to a campaign ----------

async function prepared() {
  const settings = await form.elements.settings.files[0].text();
  const body = new URLSearchParams({ settings, csrf_token: form.elements.csrf_token.value });
  return readPart(checkUrl, { method: "POST", body });
}

async function rows(told) {
  const bytes = await form.elements.items.files[0].arrayBuffer();
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { items: [], errors: [{ line: 1, word: "encoding" }] };
  }
  return readItems(text, told.settings.form, { cell: Number(longestCell), rows: Number(mostRows) });
}

async function send({ number, body }) {
  const headers = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "Idempotency-Key": `${going.campaign}-${number}`,
    "X-CSRFToken": form.elements.csrf_token.value,
  };
  try {
    const found = await readPart(number === 1 ? postUrl : going.more, { method: "POST", headers, body });
    going.unsure = false;
    return found;
  } catch (error) {
    going.unsure ||= !answered(error);
    throw error;
  }
}

// Whether the marketplace itself refused: else nobody knows whether what was sent has arrived.
function answered(error) {
  return Boolean(error.problem?.type);
}

async function goOn() {
  const total = going.values.length;
  show("sealing");
  say("in", { done: going.done, total });
  while (going.done < total) {
    going.batch ??= await nextBatch(going);
    const { room, more } = await send(going.batch);
    Object.assign(going, { room, more: more ?? going.more, done: going.done + going.batch.count, batch: null });
    say("in", { done: going.done, total });
  }
  const posted = going;
  going = null;
  if (posted.left.length) tellLeft(posted);
  else location.assign(posted.room);
}

// A posting of which nothing is in may be mended and begun anew. Where some is, or where nobody knows, the rest is sent.
async function onGoOn() {
  try {
    await goOn();
  } catch (error) {
    if (going.unsure && !answered(error)) return stop(word("unsure"));
    if (going.done || going.unsure) return stop(sentencesOf(error).join(" "));
    going = null;
    refuse(sentencesOf(error));
  }
}

async function onSubmit(event) {
  event.preventDefault();
  if (!form.elements.settings.files.length || !form.elements.items.files.length) return refuse([word("files")]);
  show("sealing");
  progress(0, 1);
  try {
    const told = await prepared();
    if (!told.sealed_before) return refuse([word("not-sealed")]);
    const device = await mine(undefined, told.devices.map(({ thumbprint }) => thumbprint));
    if (!device) return show("needs-device");
    if (told.recovery && told.recovery.suite !== "p256") return refuse([word("hybrid")]);
    if (!areAsShown(told)) return refuse([word("other-keys")]);
    const found = await rows(told);
    if (found.errors.length) return refuse(found.errors.map(sentenceOf));
    going = await begun(told, found.items, device);
  } catch (error) {
    return refuse(sentencesOf(error));
  }
  await onGoOn();
}

function sentenceOf({ line, word: name, ...facts }) {
  return word("row", { line, problem: word(name, facts) });
}

function sentencesOf(error) {
  const problem = error.problem;
  if (!problem) return [word(isOfHere(error) ? "failed" : "unreached")];
  const places = Object.entries(problem.errors ?? {}).flatMap(([place, below]) => flat(place, below));
  return places.length ? places : [problem.detail ?? problem.title];
}

// Whether it went wrong in this browser: what is left is that no answer came, or none of the marketplace's own.
function isOfHere(error) {
  return error instanceof SealingError || error instanceof DOMException || error.name === "DeviceKeysClosed";
}

function flat(place, below) {
  if (Array.isArray(below)) return below.map((sentence) => `${place}: ${sentence}`);
  if (below === null || typeof below !== "object") return [`${place}: ${below}`];
  return Object.entries(below).flatMap(([name, deeper]) => flat(`${place}.${name}`, deeper));
}

form.addEventListener("submit", onSubmit);
page.querySelector("[data-go-on]").addEventListener("click", onGoOn);
addEventListener("beforeunload", (event) => going && event.preventDefault());
mine().then(
  (device) => show(device ? "ready" : "needs-device"),
  () => show("needs-device"),
);
