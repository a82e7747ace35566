// What tests ask of sealing.js, in Node and in Chromium alike: {act, ...given} in, {gives} or {refused} out. Bytes
// travel in base64. Anything but a SealingError is the module's fault and is told as {failed}.

import { fuzz, told } from "./sealing_fuzz.js";

const p256 = (name) => ({ name, namedCurve: "P-256" });

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function text(of) {
  let written = "";
  for (let at = 0; at < of.length; at += 0x8000) written += String.fromCharCode(...of.subarray(at, at + 0x8000));
  return btoa(written);
}

function streamOf(of, piece) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < of.length) controller.enqueue(of.slice(at, at + piece));
      else controller.close();
      at += piece;
    },
  });
}

async function whole(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const agreeing = (jwk) => crypto.subtle.importKey("jwk", jwk, p256("ECDH"), false, ["deriveBits"]);
const signing = (jwk) => crypto.subtle.importKey("jwk", jwk, p256("ECDSA"), false, ["sign"]);

function acts(s) {
  const header = (given) => s.readHeader(new TextEncoder().encode(given.header));
  return {
    canonical: ({ value }) => text(s.canonical(value)),
    hash: async (given) => text(await s.headerHash(header(given))),
    hashOf: async ({ members }) => text(await s.headerHash(members)),
    seal: async (given) => {
      const { envelope, dek } = await s.seal(header(given), bytes(given.content));
      return { envelope: text(envelope), dek: text(dek) };
    },
    sealStream: async (given) => {
      const { stream, dek } = s.sealStream(header(given), streamOf(bytes(given.content), given.piece));
      return { envelope: text(await whole(stream)), dek: text(dek) };
    },
    unseal: async (given) => text(await s.unseal(header(given), bytes(given.envelope), bytes(given.dek))),
    unsealStream: async (given) => {
      const from = streamOf(bytes(given.envelope), given.piece);
      const reader = s.unsealStream(header(given), from, bytes(given.dek)).getReader();
      const got = [];
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return text(new Uint8Array(await new Blob(got).arrayBuffer()));
        got.push(value);
      }
    },
    wrap: ({ dek, hash, purpose, kid, jwk, exp }) => s.wrap(bytes(dek), bytes(hash), purpose, kid, jwk, exp),
    unwrap: async ({ slot, hash, purpose, kid, jwk, now }) =>
      text(await s.unwrap(slot, bytes(hash), purpose, kid, await agreeing(jwk), now)),
    wrapRecovery: async ({ dek, hash, keyId, key }) =>
      text(await s.wrapRecovery(bytes(dek), bytes(hash), keyId, bytes(key))),
    sign: async ({ hash, envelope, jwk, campaignKey }) =>
      text(await s.sign(bytes(hash), bytes(envelope), await signing(jwk), campaignKey)),
    verify: async ({ hash, envelope, signature, jwk, campaignKey }) => {
      await s.verify(bytes(hash), bytes(envelope), bytes(signature), jwk, campaignKey);
      return null;
    },
    verifyDigest: async ({ hash, digest, signature, jwk, campaignKey }) => {
      await s.verifyDigest(bytes(hash), bytes(digest), bytes(signature), jwk, campaignKey);
      return null;
    },
    thumbprint: ({ jwk }) => s.thumbprint(jwk),
    deviceThumbprint: ({ encryption, signing }) => s.deviceThumbprint(encryption, signing),
    enrolmentNonce: ({ thumbprint, salt }) => s.enrolmentNonce(thumbprint, salt),
    newCampaignKey: async (given) => {
      const made = await s.newCampaignKey(header(given));
      const { publicJwk, keyId, envelope, dek } = made;
      const { extractable, type, usages } = made.privateKey;
      return { publicJwk, keyId, envelope: text(envelope), dek: text(dek), key: { extractable, type, usages } };
    },
    openCampaignKey: async (given) => {
      const key = await s.openCampaignKey(header(given), bytes(given.envelope), bytes(given.dek), given.keyId);
      return { extractable: key.extractable, type: key.type, usages: key.usages };
    },
    // All that can be reached by changing one bit of the envelope, one after the other.
    everyBit: async (given) => {
      const sealed = bytes(given.envelope);
      const codes = {};
      for (let bit = 0; bit < 8 * sealed.length; bit++) {
        const changed = sealed.slice();
        changed[bit >> 3] ^= 1 << (bit & 7);
        const code = await told(() => s.unseal(header(given), changed, bytes(given.dek)), s);
        codes[code] = (codes[code] ?? 0) + 1;
      }
      return codes;
    },
    // The same for a slot, which is text: its characters' seven bits.
    everyBitOfSlot: async ({ slot, hash, purpose, kid, jwk, now }) => {
      const key = await agreeing(jwk);
      const codes = {};
      for (let bit = 0; bit < 7 * slot.length; bit++) {
        const at = Math.floor(bit / 7);
        const other = String.fromCharCode(slot.charCodeAt(at) ^ (1 << (bit % 7)));
        const changed = slot.slice(0, at) + other + slot.slice(at + 1);
        const code = await told(() => s.unwrap(changed, bytes(hash), purpose, kid, key, now), s);
        codes[code] = (codes[code] ?? 0) + 1;
      }
      return codes;
    },
    fuzz: ({ seed, rounds }) => fuzz(s, seed, rounds),
  };
}

export function answering(sealing) {
  const all = acts(sealing);
  return async ({ act, ...given }) => {
    try {
      return { gives: (await all[act](given)) ?? null };
    } catch (problem) {
      return problem instanceof sealing.SealingError
        ? { refused: problem.code }
        : { failed: String(problem?.stack ?? problem) };
    }
  };
}
