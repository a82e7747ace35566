// P-256 keys as JSON Web Keys, and their names. A public key has exactly the members crv, kty, x and y, each of its
// coordinates in the one spelling there is.
//
// Throws KeyRefused, and AlgorithmRefused for another kind of key or another curve.

import { fromBase64, hex, joined, sha256, toBase64, utf8 } from "asset:sealing-bytes.js";
import { canonical } from "asset:sealing-canonical.js";
import { orRefuse, refuse } from "asset:sealing-errors.js";

// The public members of a key that WebCrypto exported.
export function publicJwk({ crv, kty, x, y }) {
  return checked({ crv, kty, x, y });
}

// An uncompressed point: 0x04 ‖ x ‖ y.
function point(jwk) {
  const { x, y } = checked(jwk);
  return joined(Uint8Array.of(4), fromBase64(x), fromBase64(y));
}

// A public key to agree with (ECDH) or to check signatures by (ECDSA). That its point is on the curve, WebCrypto checks.
export async function importPublic(jwk, algorithm) {
  const uses = algorithm === "ECDSA" ? ["verify"] : [];
  const raw = point(jwk);
  const named = { name: algorithm, namedCurve: "P-256" };
  return orRefuse("KeyRefused", () => crypto.subtle.importKey("raw", raw, named, true, uses));
}

// The name of one key: RFC 7638.
export async function thumbprint(jwk) {
  return toBase64(await sha256(canonical(checked(jwk))));
}

// The name of a device: of its two keys together, which must differ.
export async function deviceThumbprint(encryption, signing) {
  if (checked(encryption).x === checked(signing).x && encryption.y === signing.y) refuse("KeyRefused");
  return toBase64(await sha256(canonical({ encryption: checked(encryption), signing: checked(signing) })));
}

// What the agency is asked to put into its signed ID token.
export async function enrolmentNonce(device, salt) {
  if (!isThumbprint(device) || !isThumbprint(salt)) refuse("KeyRefused");
  return toBase64(await sha256(utf8(device + salt)));
}

// Whether `text` spells 32 bytes in base64url, in the one way there is.
export function isThumbprint(text) {
  return typeof text === "string" && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(text);
}

// The bytes that a slot is bound to.
export function slotBinding(hash, purpose, keyId) {
  if (hash.length !== 32) throw new TypeError("a header hash has 32 bytes");
  return canonical({ header: hex(hash), key: keyId, purpose, version: 1 });
}

function checked(jwk) {
  if (jwk === null || typeof jwk !== "object") refuse("KeyRefused");
  if ((jwk.kty ?? "EC") !== "EC" || (jwk.crv ?? "P-256") !== "P-256") refuse("AlgorithmRefused");
  // Also keeps a private half from being taken, and kept, where a public key is expected.
  if (Object.keys(jwk).sort().join() !== "crv,kty,x,y") refuse("KeyRefused");
  // A coordinate has 32 bytes, as a thumbprint has.
  return isThumbprint(jwk.x) && isThumbprint(jwk.y) ? jwk : refuse("KeyRefused");
}
