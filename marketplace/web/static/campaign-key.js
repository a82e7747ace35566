// Giving the key of a campaign to another device: this browser opens the key's data key with its own and wraps it for the
// other. The server keeps the slot and could make none.

import { headerHash, wrap } from "asset:sealing.js";
import { SealingError } from "asset:sealing-errors.js";
import { mine } from "asset:device-keys.js";
import { openKey, readPart } from "asset:sealed-parts.js";

const page = document.querySelector("[data-campaign-key]");
const { campaignKey: campaign, offer: offerUrl, give: giveUrl, holding } = page.dataset;
const holders = holding ? holding.split(" ") : [];

function say(name, detail = "") {
  for (const one of page.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== name;
  for (const place of page.querySelectorAll(`[data-state="${name}"] [data-detail]`)) place.textContent = detail;
}

async function give(form) {
  const token = form.elements.csrf_token.value;
  const device = await mine(undefined, holders);
  if (!device) return say("not-here");
  const asked = { device: device.thumbprint, email: form.elements.email?.value ?? "", csrf_token: token };
  const found = await readPart(offerUrl, { method: "POST", body: new URLSearchParams(asked) });
  const { dek } = await openKey(found.key, { purpose: "key", campaign }, device);
  const hash = await headerHash(found.key.header);
  const only = form.elements.to?.value;
  const slots = {};
  for (const { thumbprint, public_key: key } of found.devices) {
    if (!only || only === thumbprint) slots[thumbprint] = await wrap(dek, hash, "device", thumbprint, key, null);
  }
  dek.fill(0);
  const body = new URLSearchParams({ slots: JSON.stringify(slots), csrf_token: token });
  await readPart(giveUrl, { method: "POST", body });
  location.reload();
}

async function onSubmit(event) {
  event.preventDefault();
  say("giving");
  try {
    await give(event.target);
  } catch (error) {
    if (error instanceof SealingError) say("broken");
    else say("refused", error.problem?.detail ?? "");
  }
}

const here = await mine(undefined, holders).catch(() => null);
for (const form of page.querySelectorAll("form[data-give]")) {
  form.hidden = !here;
  form.addEventListener("submit", onSubmit);
}
if (!here) say("not-here");
