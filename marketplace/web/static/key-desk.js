// The key desk of a campaign that is sealed end to end: looks who waits, checks what stands behind each request, and
// wraps the item's key for the device that asks, by the campaign's key that this browser holds. Nothing of an item is
// opened here but its key, which is wrapped anew at once and kept nowhere.

import { mine } from "asset:device-keys.js";
import { checkAsked, EvidenceRefused } from "asset:key-evidence.js";
import { agencies, checkEvidence, reason, trust } from "asset:key-trust.js";
import { headerHash, unwrap, wrap } from "asset:sealing.js";
import { checkHeader, openCampaign, readPart } from "asset:sealed-parts.js";
import { statesOf } from "asset:sealed-states.js";
import { SealingError } from "asset:sealing-errors.js";

const desk = document.querySelector("[data-key-desk]");
const { keyDesk: url, release: releaseUrl, campaign, keyId } = desk.dataset;
const automatic = desk.querySelector("[data-automatic]");
const list = desk.querySelector("[data-requests]");
const lookAgainMilliseconds = 3000;
const mostKnown = 150; // so many names fit the line of one address; with so many rows no more are asked for

const requests = new Map(); // by name: {found, row, vouched, state}
let device = null;
let holder = null; // the campaign's key, once opened here

// ---------- what the page shows ----------

const show = statesOf(desk);

function word(name) {
  return desk.querySelector(`[data-words] [data-word="${name}"]`)?.textContent ?? name;
}

function addRow(found) {
  const row = desk.querySelector("template[data-request]").content.cloneNode(true).querySelector("li");
  for (const place of row.querySelectorAll("[data-number]")) place.textContent = found.number;
  row.querySelector("[data-give]").addEventListener("click", () => give(found.name));
  list.append(row);
  return row;
}

function showState({ row, state, code, vouched }) {
  row.querySelector("[data-agency]").textContent = vouched ? agencies.get(vouched.issuer) : "–";
  row.querySelector("[data-said]").textContent = code ? `${word(state)} ${reason(code)}` : word(state);
  row.querySelector("[data-give]").hidden = state !== "checked" && state !== "failed";
}

function become(request, state, code = "") {
  Object.assign(request, { state, code });
  showState(request);
}

// ---------- looking ----------

async function look() {
  try {
    await lookOnce();
  } catch (error) {
    if (error.name === "DeviceKeysClosed") return show("not-holder");
    if (error instanceof SealingError) return show("broken");
    if (error.problem?.type === "/problems/not-a-holder") return show("not-holder");
    show("away", error.problem?.title ?? "");
  }
  setTimeout(look, lookAgainMilliseconds);
}

async function lookOnce() {
  await trust();
  device ??= await mine(undefined, holders());
  if (!device) throw Object.assign(new Error("no key here"), { problem: { type: "/problems/not-a-holder" } });
  const known = [...requests].filter(([, { state }]) => state !== "given").map(([name]) => name);
  const full = known.length >= mostKnown;
  const asked = full ? "full=1" : `known=${known.join(".")}`;
  const found = await readPart(`${url}?device=${device.thumbprint}&${asked}`);
  if (found.key) holder ??= await openCampaign(found.key, { purpose: "key", campaign }, device, keyId);
  for (const one of found.requests) await add(one);
  for (const [name, request] of requests) if (!found.waiting.includes(name)) leave(name, request);
  const unseen = found.waiting.filter((name) => !requests.has(name)).length;
  desk.querySelector("[data-unseen]").hidden = full || !unseen;
  desk.querySelector("[data-full]").hidden = !full || !unseen;
  desk.querySelector("[data-none]").hidden = requests.size + unseen > 0;
  show("open");
  if (automatic.checked) await giveAll();
}

async function add(found) {
  const request = { found, row: addRow(found) };
  requests.set(found.name, request);
  try {
    request.vouched = await check(found);
    become(request, "checked");
  } catch (error) {
    become(request, "refused", codeOf(error));
  }
}

// What is given stays in sight for as long as the page is open; what is over goes.
function leave(name, { row, state }) {
  if (state === "given") return;
  if (row.contains(document.activeElement)) document.getElementById("key-desk").focus();
  row.remove();
  requests.delete(name);
}

// ---------- checking ----------

async function check({ device: asking, microtask, until, header, evidence }) {
  const vouched = await checkEvidence(evidence.device, asking);
  await checkAsked(evidence.asked, { device: asking, campaign, microtask, until }, await trust(), seconds());
  checkHeader(header, { purpose: "task", protection: "end_to_end", campaign, microtask });
  return vouched;
}

// ---------- giving ----------

async function giveAll() {
  for (const [name, { state }] of requests) if (state === "checked") await give(name);
}

async function give(name) {
  const request = requests.get(name);
  if (!request || !["checked", "failed"].includes(request.state)) return;
  become(request, "giving");
  try {
    await release(request);
    become(request, "given");
  } catch (error) {
    if (error.problem?.type === "/problems/key-already-given") become(request, "given");
    else if (error instanceof EvidenceRefused || error instanceof SealingError) become(request, "refused", codeOf(error));
    else become(request, "failed");
  }
}

// Between the check and the click minutes may have passed: what has an end is looked at again.
async function release({ found, vouched }) {
  if (found.until <= seconds()) throw new EvidenceRefused("AskedTooLate");
  const hash = await headerHash(found.header);
  const dek = await unwrap(found.slot, hash, "campaign", keyId, holder.encryptionKey, seconds());
  const slot = await wrap(dek, hash, "device", vouched.thumbprint, vouched.encryptionKey, found.until);
  dek.fill(0);
  const sent = { claim: found.claim, device: vouched.thumbprint, slot, holder: device.thumbprint, csrf_token: csrf() };
  await readPart(releaseUrl, { method: "POST", body: new URLSearchParams(sent) });
}

// ---------- small things ----------

function holders() {
  return [...desk.querySelectorAll("[data-holder]")].map((each) => each.dataset.holder);
}

function codeOf(error) {
  return error instanceof EvidenceRefused || error instanceof SealingError ? error.code : "EvidenceUnreadable";
}

function csrf() {
  return desk.querySelector("[name=csrf_token]").value;
}

function seconds() {
  return Math.floor(Date.now() / 1000);
}

automatic.addEventListener("change", () => automatic.checked && giveAll());
look();
