// A campaign's own pair of keys: contributors seal answers to its public half, and its private half is itself sealed
// content (purpose `key`), so that slots say who may open it. Outside an envelope the private half exists only as a
// key that cannot be read out again.

import { canonical } from "asset:sealing-canonical.js";
import { seal, unseal } from "asset:sealing-envelope.js";
import { SealingError, orRefuse, refuse } from "asset:sealing-errors.js";
import { publicJwk, thumbprint } from "asset:sealing-keys.js";

const p256 = { name: "ECDH", namedCurve: "P-256" };

// A new pair, its private half sealed under `header`: {publicJwk, keyId, privateKey, envelope, dek}.
export async function newCampaignKey(header) {
  if (header.purpose !== "key") refuse("HeaderRefused");
  const pair = await crypto.subtle.generateKey(p256, true, ["deriveBits"]);
  const { crv, d, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const jwk = { crv, d, kty, x, y };
  const bytes = canonical(jwk);
  const { envelope, dek } = await seal(header, bytes);
  const privateKey = await importPrivate(jwk);
  bytes.fill(0);
  return { publicJwk: publicJwk(jwk), keyId: await thumbprint(publicJwk(jwk)), privateKey, envelope, dek };
}

// The private half out of its envelope. Throws KeyRefused where it is not the key of this id.
export async function openCampaignKey(header, envelope, dek, keyId) {
  if (header.purpose !== "key") refuse("HeaderRefused");
  const bytes = await unseal(header, envelope, dek);
  try {
    const jwk = parsed(bytes);
    if (Object.keys(jwk).sort().join() !== "crv,d,kty,x,y") refuse("KeyRefused");
    if ((await thumbprint(publicJwk(jwk))) !== keyId) refuse("KeyRefused");
    return await importPrivate(jwk);
  } finally {
    bytes.fill(0);
  }
}

function parsed(bytes) {
  try {
    return Object(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    throw new SealingError("KeyRefused");
  }
}

async function importPrivate(jwk) {
  return orRefuse("KeyRefused", () => crypto.subtle.importKey("jwk", jwk, p256, false, ["deriveBits"]));
}
