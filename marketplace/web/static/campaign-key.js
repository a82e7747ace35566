// Giving the key of a campaign to another device: this browser opens the key's data key with its own and wraps it for the
// other, once it is shown that the agency confirmed that device. The server keeps the slot and could make none.

import { headerHash, wrap } from "asset:sealing.js";
import { mine } from "asset:device-keys.js";
import { checkEvidence } from "asset:key-trust.js";
import { openKey, readPart } from "asset:sealed-parts.js";
import { stateOf, statesOf } from "asset:sealed-states.js";

const page = document.querySelector("[data-campaign-key]");
const { campaignKey: campaign, offer: offerUrl, give: giveUrl, holding } = page.dataset;
const holders = holding ? holding.split(" ") : [];

const show = statesOf(page);

async function give(form) {
  const token = form.elements.csrf_token.value;
  const device = await mine(undefined, holders);
  if (!device) return show("not-here");
  const asked = { device: device.thumbprint, email: form.elements.email?.value ?? "", csrf_token: token };
  const found = await readPart(offerUrl, { method: "POST", body: new URLSearchParams(asked) });
  const devices = await shown(found.devices, form.elements.to?.value);
  if (!devices.length) return show("not-witnessed");
  const { dek } = await openKey(found.key, { purpose: "key", campaign }, device);
  const hash = await headerHash(found.key.header);
  const slots = {};
  for (const { thumbprint, encryptionKey } of devices) {
    slots[thumbprint] = await wrap(dek, hash, "device", thumbprint, encryptionKey, null);
  }
  dek.fill(0);
  const body = new URLSearchParams({ slots: JSON.stringify(slots), csrf_token: token });
  await readPart(giveUrl, { method: "POST", body });
  location.reload();
}

// The devices, or `only` one of them, as their evidence shows them. One that has none yet is left out; where one has the
// wrong one nobody gets the key. Throws EvidenceRefused.
async function shown(devices, only) {
  const wanted = devices.filter(({ thumbprint, evidence }) => evidence && (!only || only === thumbprint));
  return Promise.all(wanted.map(({ thumbprint, evidence }) => checkEvidence(evidence, thumbprint)));
}

async function onSubmit(event) {
  event.preventDefault();
  show("giving");
  try {
    await give(event.target);
  } catch (error) {
    const [state, detail] = stateOf(error);
    if (state === "needs-device") show("not-here");
    else show(state, error.problem?.detail ?? detail);
  }
}

const here = await mine(undefined, holders).catch(() => null);
for (const form of page.querySelectorAll("form[data-give]")) {
  form.hidden = !here;
  form.addEventListener("submit", onSubmit);
}
if (!here) show("not-here");
