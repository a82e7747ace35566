// P-256 keys as JSON Web Keys, and their names. A public key has exactly the members crv, kty, x and y.

import { fromBase64, hex, joined, sha256, toBase64, utf8 } from "asset:sealing-bytes.js";
import { canonical } from "asset:sealing-canonical.js";
import { orRefuse, refuse } from "asset:sealing-errors.js";

const coordinateBytes = 32;

// The public members of a key that WebCrypto exported. Throws KeyRefused.
export function publicJwk({ crv, kty, x, y }) {
  return checked({ crv, kty, x, y });
}

// An uncompressed point: 0x04 ‖ x ‖ y.
function point(jwk) {
  const { x, y } = checked(jwk);
  return joined(Uint8Array.of(4), fromBase64(x), fromBase64(y));
}

// A public key to agree with (ECDH) or to check signatures by (ECDSA). Throws KeyRefused; a point that is not on the
// curve is refused by WebCrypto.
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

// The name of a device: of its two keys together.
export async function deviceThumbprint(encryption, signing) {
  return toBase64(await sha256(canonical({ encryption: checked(encryption), signing: checked(signing) })));
}

// What the agency is asked to put into its signed ID token.
export async function enrolmentNonce(device, salt) {
  return toBase64(await sha256(utf8(device + salt)));
}

// The bytes that a slot is bound to.
export function slotBinding(hash, purpose, keyId) {
  if (hash.length !== 32) throw new TypeError("a header hash has 32 bytes");
  return canonical({ header: hex(hash), key: keyId, purpose, version: 1 });
}

function checked(jwk) {
  const members = jwk && typeof jwk === "object" ? Object.keys(jwk).sort().join() : "";
  if (members !== "crv,kty,x,y" || jwk.crv !== "P-256" || jwk.kty !== "EC") refuse("KeyRefused");
  for (const coordinate of [jwk.x, jwk.y]) {
    if (!/^[\w-]{43}$/.test(coordinate) || bytesOf(coordinate).length !== coordinateBytes) refuse("KeyRefused");
  }
  return jwk;
}

function bytesOf(coordinate) {
  try {
    return fromBase64(coordinate);
  } catch {
    return refuse("KeyRefused");
  }
}
