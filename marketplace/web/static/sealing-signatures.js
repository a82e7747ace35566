// Who sealed it: ES256 (ECDSA on P-256 with SHA-256, r ‖ s) over a fixed word, the header hash and the envelope's
// digest. A slot proves no sender: whoever knows a public key can write one.

import { joined, sha256, utf8 } from "asset:sealing-bytes.js";
import { refuse } from "asset:sealing-errors.js";
import { importPublic } from "asset:sealing-keys.js";

const es256 = { name: "ECDSA", hash: "SHA-256" };
const signatureBytes = 64;

// 64 bytes. `privateKey`: a CryptoKey for ECDSA.
export async function sign(hash, envelope, privateKey) {
  return new Uint8Array(await crypto.subtle.sign(es256, privateKey, await signedBytes(hash, envelope)));
}

// Throws SignatureRefused unless the holder of this key signed exactly this.
export async function verify(hash, envelope, signature, jwk) {
  const key = await importPublic(jwk, "ECDSA");
  const whole = signature.length === signatureBytes;
  if (!whole || !(await crypto.subtle.verify(es256, key, signature, await signedBytes(hash, envelope)))) {
    refuse("SignatureRefused");
  }
}

async function signedBytes(hash, envelope) {
  if (hash.length !== 32) throw new TypeError("a header hash has 32 bytes");
  return joined(utf8("marketplace-sealing-1"), Uint8Array.of(0), hash, await sha256(envelope));
}
