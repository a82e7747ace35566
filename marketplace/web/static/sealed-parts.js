// Sealed content as the server hands it out: opened here, with a key of this device. Nothing is kept but what is shown.

import { fromBase64 } from "asset:sealing-bytes.js";
import { openCampaignKey } from "asset:sealing-campaign.js";
import { unseal } from "asset:sealing-envelope.js";
import { SealingError } from "asset:sealing-errors.js";
import { headerHash } from "asset:sealing-header.js";
import { verify } from "asset:sealing-signatures.js";
import { unwrap } from "asset:sealing-slots.js";

// What an address of ours answers with, as JSON. Throws an Error with the `problem` document where it is refused; without
// one where something on the way answered in our place, with a page of its own.
export async function readPart(url, sent = {}) {
  const asked = { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual", ...sent };
  const answer = await fetch(url, asked);
  if (answer.type === "opaqueredirect") {
    location.reload(); // the session is over: the page itself leads to the sign-in
    return new Promise(() => {});
  }
  const found = answer.status === 204 ? null : await answer.json().catch(() => undefined);
  if (!answer.ok || found === undefined) throw Object.assign(new Error("refused"), { problem: found });
  return found;
}

// What holds the campaign's own private key, like a device: {thumbprint, encryptionKey}. `keyId` names the key.
export async function openCampaign(part, expected, device, keyId) {
  const { dek, envelope } = await openKey(part, expected, device);
  return { thumbprint: keyId, encryptionKey: await openCampaignKey(part.header, envelope, dek, keyId) };
}

// The value in `part`, if its header says what is `expected` of it (some of its members, by name).
export async function openPart(part, expected, device) {
  const { dek, envelope } = await openKey(part, expected, device);
  const bytes = await unseal(part.header, envelope, dek);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

// The data key of a part and its envelope; `device` is whatever holds the key that the slot is for.
export async function openKey(part, expected, device) {
  checkHeader(part.header, expected);
  const now = Math.floor(Date.now() / 1000);
  const hash = await headerHash(part.header);
  const dek = await unwrap(part.slot, hash, part.purpose, device.thumbprint, device.encryptionKey, now);
  return { dek, envelope: fromBase64(part.envelope) };
}

// Throws HeaderMismatch unless the header says what is `expected` of it (some of its members, by name).
export function checkHeader(header, expected) {
  for (const [name, value] of Object.entries(expected)) {
    if (header[name] !== value) throw new SealingError("HeaderMismatch");
  }
}

// Whether the device with the public `signingKey` (a JWK) signed this part, and that it is sealed to the campaign's key
// of this id. Throws SignatureRefused.
export async function checkSignature(part, signingKey, campaignKey) {
  const envelope = fromBase64(part.envelope);
  await verify(await headerHash(part.header), envelope, fromBase64(part.signature ?? ""), signingKey, campaignKey);
}
