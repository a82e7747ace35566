// Who sealed it: ES256 (ECDSA on P-256 with SHA-256, r ‖ s) over a fixed word, the header hash and the envelope's
// digest. A slot proves no sender: whoever knows a public key can write one. Of what is sealed to a campaign's key the
// id of that key is signed too, so that whoever answers knows from the owner's device to which key the answer goes.

import { fromBase64, joined, sha256, utf8 } from "asset:sealing-bytes.js";
import { refuse } from "asset:sealing-errors.js";
import { importPublic, isThumbprint } from "asset:sealing-keys.js";

const es256 = { name: "ECDSA", hash: "SHA-256" };
const signatureBytes = 64;

// 64 bytes. `privateKey`: a CryptoKey for ECDSA; `campaignKey`: the key id, of what is sealed to a campaign's key.
export async function sign(hash, envelope, privateKey, campaignKey = null) {
  return signDigest(hash, await sha256(envelope), privateKey, campaignKey);
}

// Throws SignatureRefused unless the holder of this key signed exactly this.
export async function verify(hash, envelope, signature, jwk, campaignKey = null) {
  return verifyDigest(hash, await sha256(envelope), signature, jwk, campaignKey);
}

// The same for whoever has the envelope's SHA-256 and not the whole of it in memory.
export async function signDigest(hash, digest, privateKey, campaignKey = null) {
  return new Uint8Array(await crypto.subtle.sign(es256, privateKey, signedBytes(hash, digest, campaignKey)));
}

export async function verifyDigest(hash, digest, signature, jwk, campaignKey = null) {
  const key = await importPublic(jwk, "ECDSA");
  if (signature.length !== signatureBytes) refuse("SignatureRefused");
  const message = signedBytes(hash, digest, campaignKey);
  if (!(await crypto.subtle.verify(es256, key, signature, message))) refuse("SignatureRefused");
}

function signedBytes(hash, digest, campaignKey) {
  if (hash.length !== 32 || digest.length !== 32) throw new TypeError("both hashes have 32 bytes");
  if (campaignKey !== null && !isThumbprint(campaignKey)) refuse("KeyRefused");
  const named = campaignKey === null ? new Uint8Array() : fromBase64(campaignKey);
  return joined(utf8("marketplace-sealing-1"), Uint8Array.of(0), hash, digest, named);
}
