// The keys of this device, one pair of pairs per person: P-256 to receive (ECDH) and to sign (ECDSA). They lie in
// IndexedDB, the private halves as keys that no script can read out, not even this one; a script on this page could use
// them, though.

import { random, toBase64 } from "asset:sealing-bytes.js";
import { deviceThumbprint, publicJwk } from "asset:sealing-keys.js";

const name = "market-device-keys";

// `code`: "WebCryptoClosed" (no secure connection, or an old browser) or "StorageClosed" (a private window, storage
// turned off, or full).
export class DeviceKeysClosed extends Error {
  constructor(code) {
    super(code);
    this.name = "DeviceKeysClosed";
    this.code = code;
  }
}

// Whom the page is for: an opaque id. People who share a browser do not see each other's keys.
function thisPerson() {
  return document.body?.dataset.person ?? "";
}

// New keys, kept here from now on: {thumbprint, encryption, signing, salt}, the publics as JWKs.
export async function make(person = thisPerson()) {
  if (!globalThis.crypto?.subtle) throw new DeviceKeysClosed("WebCryptoClosed");
  const [encryptionPair, signingPair] = await Promise.all([pair("ECDH", "deriveBits"), pair("ECDSA", "sign")]);
  const [encryption, signing] = await Promise.all([exported(encryptionPair), exported(signingPair)]);
  const thumbprint = await deviceThumbprint(encryption, signing);
  const keys = { encryptionKey: encryptionPair.privateKey, signingKey: signingPair.privateKey, encryption, signing };
  // Finer than Date.now(): which of two is the newer must be clear.
  const made = performance.timeOrigin + performance.now();
  await store("readwrite", (kept) => kept.add({ thumbprint, person, made, ...keys }));
  // A browser may clear what it was not asked to keep; with this it asks, or decides, and nothing waits for it.
  globalThis.navigator?.storage?.persist?.().catch(() => {});
  return { thumbprint, encryption, signing, salt: toBase64(random(32)) };
}

// This person's keys here, {thumbprint, encryptionKey, signingKey, encryption, signing}, the last two being the public
// halves, or null. Where `enrolled` is given (thumbprints that the server lists), only one of those; else the newest.
// Public halves are taken from nowhere but here: whoever else names them could name another's.
export async function mine(person = thisPerson(), enrolled = null) {
  const all = await ofPerson(person);
  const whole = all.filter(({ encryption, signing }) => encryption && signing);
  const found = whole.filter(({ thumbprint }) => !enrolled || enrolled.includes(thumbprint)).at(-1);
  if (!found) return null;
  const { thumbprint, encryptionKey, signingKey, encryption, signing } = found;
  return { thumbprint, encryptionKey, signingKey, encryption, signing };
}

// The thumbprints of all this person's keys here, oldest first: also of those whose enrolment was never finished.
export async function thumbprints(person = thisPerson()) {
  return (await ofPerson(person)).map(({ thumbprint }) => thumbprint);
}

export async function forget(thumbprint) {
  await store("readwrite", (kept) => kept.delete(thumbprint));
}

async function ofPerson(person) {
  const all = await store("readonly", (kept) => kept.getAll());
  return all.filter((one) => one.person === person).sort((one, other) => one.made - other.made);
}

function pair(algorithm, use) {
  return crypto.subtle.generateKey({ name: algorithm, namedCurve: "P-256" }, false, [use]);
}

async function exported({ publicKey }) {
  return publicJwk(await crypto.subtle.exportKey("jwk", publicKey));
}

// What one request in a transaction of its own gives, once the transaction is through.
async function store(mode, ask) {
  try {
    const database = await opened();
    try {
      const transaction = database.transaction("keys", mode);
      const request = ask(transaction.objectStore("keys"));
      await settled(transaction, "oncomplete", ["onerror", "onabort"]);
      return request.result;
    } finally {
      database.close();
    }
  } catch {
    throw new DeviceKeysClosed("StorageClosed");
  }
}

async function opened() {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("keys", { keyPath: "thumbprint" });
  await settled(opening, "onsuccess", ["onerror", "onblocked"]);
  return opening.result;
}

function settled(target, well, badly) {
  return new Promise((resolve, reject) => {
    target[well] = resolve;
    for (const event of badly) target[event] = () => reject(target.error);
  });
}
