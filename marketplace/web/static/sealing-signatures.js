// Who sealed it: ES256 (ECDSA on P-256 with SHA-256, r ‖ s) over a fixed word, the header hash and the envelope's
// digest. A slot proves no sender: whoever knows a public key can write one.

import { joined, sha256, utf8 } from "asset:sealing-bytes.js";
import { refuse } from "asset:sealing-errors.js";
import { importPublic } from "asset:sealing-keys.js";

const es256 = { name: "ECDSA", hash: "SHA-256" };
const signatureBytes = 64;

// 64 bytes. `privateKey`: a CryptoKey for ECDSA.
export async function sign(hash, envelope, privateKey) {
  return signDigest(hash, await sha256(envelope), privateKey);
}

// Throws SignatureRefused unless the holder of this key signed exactly this.
export async function verify(hash, envelope, signature, jwk) {
  return verifyDigest(hash, await sha256(envelope), signature, jwk);
}

// The same for whoever has the envelope's SHA-256 and not the whole of it in memory.
export async function signDigest(hash, digest, privateKey) {
  return new Uint8Array(await crypto.subtle.sign(es256, privateKey, signedBytes(hash, digest)));
}

export async function verifyDigest(hash, digest, signature, jwk) {
  const key = await importPublic(jwk, "ECDSA");
  if (signature.length !== signatureBytes) refuse("SignatureRefused");
  if (!(await crypto.subtle.verify(es256, key, signature, signedBytes(hash, digest)))) refuse("SignatureRefused");
}

function signedBytes(hash, digest) {
  if (hash.length !== 32 || digest.length !== 32) throw new TypeError("both hashes have 32 bytes");
  return joined(utf8("marketplace-sealing-1"), Uint8Array.of(0), hash, digest);
}
