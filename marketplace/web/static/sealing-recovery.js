// The slot for an agency's offline key: HPKE (RFC 9180) in base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and
// AES-256-GCM. Browsers only write it; it is opened where the offline key is. Names are those of the RFC.
//
//     0x01 | suite 0x01 | enc (65) | sealed data key (48)

import { joined, sha256, toBase64, utf8 } from "asset:sealing-bytes.js";
import { orRefuse } from "asset:sealing-errors.js";
import { slotBinding } from "asset:sealing-keys.js";

const slotVersion = 1;
const suite = 1;
const keyBytes = 32;
const nonceBytes = 12;
const empty = new Uint8Array(0);
const p256 = { name: "ECDH", namedCurve: "P-256" };
// Section 7: 0x0010 is the KEM, 0x0001 the KDF, 0x0002 the AEAD.
const kemId = joined(utf8("KEM"), Uint8Array.of(0, 0x10));
const hpkeId = joined(utf8("HPKE"), Uint8Array.of(0, 0x10, 0, 1, 0, 2));

// The name of an agency's offline key: of its suite and the key itself, so nobody can give another key that name.
export async function recoveryKeyId(publicKey) {
  return toBase64(await sha256(joined(Uint8Array.of(suite), publicKey)));
}

// `publicKey`: an uncompressed point, 65 bytes. Throws KeyRefused.
export async function wrapRecovery(dek, hash, keyId, publicKey) {
  if (dek.length !== keyBytes) throw new TypeError("a data key has 32 bytes");
  const { enc, sharedSecret } = await encap(publicKey);
  const { key, baseNonce } = await keySchedule(sharedSecret, slotBinding(hash, "recovery", keyId));
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  // The first and only message of this context: its sequence number 0 leaves the base nonce as it is.
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: baseNonce, tagLength: 128 }, aes, dek);
  return joined(Uint8Array.of(slotVersion, suite), enc, new Uint8Array(sealed));
}

// Section 4.1.
async function encap(publicKey) {
  const receiver = await orRefuse("KeyRefused", () => crypto.subtle.importKey("raw", publicKey, p256, true, []));
  const once = await crypto.subtle.generateKey(p256, false, ["deriveBits"]);
  const dh = await crypto.subtle.deriveBits({ name: "ECDH", public: receiver }, once.privateKey, 256);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", once.publicKey));
  const kemContext = joined(enc, new Uint8Array(await crypto.subtle.exportKey("raw", receiver)));
  const eaePrk = await labeledExtract(kemId, empty, "eae_prk", new Uint8Array(dh));
  return { enc, sharedSecret: await labeledExpand(kemId, eaePrk, "shared_secret", kemContext, keyBytes) };
}

// Section 5.1, mode_base (0): no pre-shared key.
async function keySchedule(sharedSecret, info) {
  const pskIdHash = await labeledExtract(hpkeId, empty, "psk_id_hash", empty);
  const infoHash = await labeledExtract(hpkeId, empty, "info_hash", info);
  const context = joined(Uint8Array.of(0), pskIdHash, infoHash);
  const secret = await labeledExtract(hpkeId, sharedSecret, "secret", empty);
  return {
    key: await labeledExpand(hpkeId, secret, "key", context, keyBytes),
    baseNonce: await labeledExpand(hpkeId, secret, "base_nonce", context, nonceBytes),
  };
}

// Section 4; HKDF's two steps (RFC 5869) are written out, as WebCrypto gives only both at once.
function labeledExtract(id, salt, label, ikm) {
  return hmac(salt.length ? salt : new Uint8Array(32), joined(utf8("HPKE-v1"), id, utf8(label), ikm));
}

// At most 32 bytes, so that one round is enough.
async function labeledExpand(id, prk, label, info, length) {
  const labeled = joined(Uint8Array.of(0, length), utf8("HPKE-v1"), id, utf8(label), info);
  return (await hmac(prk, joined(labeled, Uint8Array.of(1)))).slice(0, length);
}

async function hmac(key, bytes) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes));
}
