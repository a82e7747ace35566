// A slot for a P-256 key: the data key of one payload as a compact JWE (RFC 7516), ECDH-ES+A256KW (RFC 7518, section
// 4.6) and A256GCM. `apv` binds it to the payload's header, its purpose, the key that opens it and its end.

import { fromBase64, hex, joined, number32, random, same, sha256, toBase64, utf8 } from "asset:sealing-bytes.js";
import { canonical } from "asset:sealing-canonical.js";
import { SealingError, orRefuse, refuse } from "asset:sealing-errors.js";
import { importPublic, isThumbprint, publicJwk, thumbprint } from "asset:sealing-keys.js";

const alg = "ECDH-ES+A256KW";
const enc = "A256GCM";
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const purposes = ["device", "campaign", "processing"];
const largestSlot = 1024;
const isMoment = (value) => Number.isSafeInteger(value) && value > 0;

// The data key for whoever holds the private half of `jwk`. `kid`: the thumbprint of the device, or of the key itself.
// `exp`: whole seconds since 1970, or null. Throws KeyRefused, AlgorithmRefused.
export async function wrap(dek, hash, purpose, kid, jwk, exp = null) {
  if (dek.length !== keyBytes) throw new TypeError("a data key has 32 bytes");
  if (exp !== null && !isMoment(exp)) throw new TypeError("an end is given in whole seconds");
  const receiver = await importPublic(jwk, "ECDH");
  if (purpose !== "device" && kid !== (await thumbprint(jwk))) refuse("KeyRefused");
  const once = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const apv = await partyInfo(hash, purpose, kid, exp);
  const epk = publicJwk(await crypto.subtle.exportKey("jwk", once.publicKey));
  const header = { alg, apv: toBase64(apv), enc, epk, kid, purpose, ...(exp === null ? {} : { exp }) };
  const written = toBase64(canonical(header));
  const cek = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const kek = await agreed(once.privateKey, receiver, apv, "wrapKey");
  const wrapped = new Uint8Array(await crypto.subtle.wrapKey("raw", cek, kek, "AES-KW"));
  const iv = random(ivBytes);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(iv, written), cek, dek));
  const [text, tag] = [sealed.subarray(0, keyBytes), sealed.subarray(keyBytes)];
  return [written, ...[wrapped, iv, text, tag].map(toBase64)].join(".");
}

// The data key in a slot, for the payload, purpose and key one believes it is for. `now`: whole seconds since 1970.
// Throws SlotRefused, SlotExpired, AlgorithmRefused, KeyRefused.
export async function unwrap(slot, hash, purpose, kid, privateKey, now) {
  if (!isMoment(now)) throw new TypeError("now is given in whole seconds");
  const [written, ...parts] = partsOf(slot);
  const header = readHeader(written);
  const exp = header.exp ?? null;
  const apv = await partyInfo(hash, purpose, kid, exp);
  if (header.kid !== kid || header.purpose !== purpose || header.apv !== toBase64(apv)) refuse("SlotRefused");
  if (exp !== null && exp <= now) refuse("SlotExpired");
  const sender = await importPublic(header.epk, "ECDH");
  if (parts.some((part, at) => part.length !== lengths[at])) refuse("SlotRefused");
  const [wrapped, iv, text, tag] = parts;
  return orRefuse("SlotRefused", async () => {
    const kek = await agreed(privateKey, sender, apv, "unwrapKey");
    const cek = await crypto.subtle.unwrapKey("raw", wrapped, kek, "AES-KW", "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await crypto.subtle.decrypt(gcm(iv, written), cek, joined(text, tag)));
  });
}

// ---------- reading ----------

const lengths = [keyBytes + 8, ivBytes, keyBytes, tagBytes];
const members = ["alg", "apv", "enc", "epk", "kid", "purpose"];
const notUnderstood = ["zip", "crit", "b64"];

// The protected header as it stands, then encrypted key, nonce, ciphertext and tag.
function partsOf(slot) {
  if (typeof slot !== "string" || slot.length > largestSlot) refuse("SlotRefused");
  const [written, ...rest] = slot.split(".");
  return rest.length === lengths.length ? [written, ...rest.map(bytesOf)] : refuse("SlotRefused");
}

function bytesOf(part) {
  try {
    return fromBase64(part);
  } catch {
    throw new SealingError("SlotRefused");
  }
}

// The members of a protected header, found right in algorithms and form. Nothing in a slot chooses an algorithm.
function readHeader(written) {
  const bytes = bytesOf(written);
  const header = parsed(bytes);
  if (header.alg !== alg || header.enc !== enc) refuse("AlgorithmRefused");
  if (notUnderstood.some((name) => Object.hasOwn(header, name))) refuse("AlgorithmRefused");
  const names = Object.keys(header).filter((name) => name !== "exp");
  if (names.sort().join() !== members.join()) refuse("SlotRefused");
  if (Object.hasOwn(header, "exp") && !isMoment(header.exp)) refuse("SlotRefused");
  return isCanonical(header, bytes) ? header : refuse("SlotRefused");
}

function parsed(bytes) {
  let header = null;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    refuse("SlotRefused");
  }
  return header && typeof header === "object" && !Array.isArray(header) ? header : refuse("SlotRefused");
}

// One header, one text: a member given twice, another order or another spelling end here.
function isCanonical(header, bytes) {
  try {
    return same(canonical(header), bytes);
  } catch {
    return false;
  }
}

// ---------- keys ----------

async function partyInfo(hash, purpose, kid, expiry) {
  if (!purposes.includes(purpose)) throw new TypeError("such slots are for devices, campaigns and processing");
  if (hash.length !== 32) throw new TypeError("a header hash has 32 bytes");
  if (!isThumbprint(kid)) refuse("KeyRefused");
  return sha256(canonical({ expiry, header: hex(hash), key: kid, purpose, version: 1 }));
}

// The key-encryption key of both sides: ECDH, then Concat KDF with SHA-256 (NIST SP 800-56A, section 5.8.2.1), one
// round: number ‖ shared secret ‖ algorithm ‖ nothing of the sender ‖ apv ‖ bits wanted.
async function agreed(privateKey, publicKey, apv, use) {
  const secret = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256));
  const info = [prefixed(utf8(alg)), prefixed(new Uint8Array(0)), prefixed(apv), number32(8 * keyBytes)];
  const key = await sha256(joined(number32(1), secret, ...info));
  return crypto.subtle.importKey("raw", key, "AES-KW", false, [use]);
}

function prefixed(bytes) {
  return joined(number32(bytes.length), bytes);
}

function gcm(iv, written) {
  return { name: "AES-GCM", iv, additionalData: utf8(written), tagLength: 8 * tagBytes };
}
