// Random damage to headers, envelopes, slots and keys: whatever comes of it, it is a SealingError or, where nothing was
// changed that counts, the same content as before. A seed makes a run repeatable.

const header = {
  agency: "harbour",
  campaign: "5f0d3c6a-91b2-4e57-8a3c-2d1e0f9b8a76",
  compartments: ["customs", "ports"],
  content_type: "application/json",
  contribution: null,
  level: "sensitive",
  microtask: "7b1c0a52-0d6e-4a51-9d3e-0a4f6f3b9c11",
  payload_version: 1,
  protection: "end_to_end",
  purpose: "task",
  version: 2,
};

// Marsaglia's xorshift, 32 bits: numbers from 0 to 1.
function numbers(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function damaged(bytes, next) {
  const at = Math.floor(next() * bytes.length);
  const until = at + Math.floor(next() * 40);
  const kinds = [
    () => bytes.map((byte, place) => (place === at ? byte ^ (1 << Math.floor(next() * 8)) : byte)),
    () => bytes.map((byte, place) => (place === at ? Math.floor(next() * 256) : byte)),
    () => bytes.slice(0, at),
    () => Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(until)),
    () => Uint8Array.of(...bytes.slice(0, until), ...bytes.slice(at)),
    () => Uint8Array.of(...bytes, ...bytes.slice(at, until)),
    () => Uint8Array.from(bytes, () => Math.floor(next() * 256)),
  ];
  return kinds[Math.floor(next() * kinds.length)]();
}

const written = (text) => new TextEncoder().encode(text);
// Each byte as one character, so that damage of any kind can be handed over as text.
const spelt = (bytes) => String.fromCharCode(...bytes);

// A JSON value of any kind, to stand where something else is expected.
function anything(next, deep = 0) {
  const kinds = [
    () => null,
    () => true,
    () => next() * 1e6,
    () => Math.floor(next() * 10) - 5,
    () => spelt(damaged(written("sensitive"), next)),
    () => "\ud800",
    () => (deep > 3 ? [] : [anything(next, deep + 1), anything(next, deep + 1)]),
    () => (deep > 3 ? {} : { a: anything(next, deep + 1), __proto__: null }),
  ];
  return kinds[Math.floor(next() * kinds.length)]();
}

// "opened", the code of a SealingError, or what else was thrown.
export async function told(attempt, { SealingError }) {
  try {
    await attempt();
    return "opened";
  } catch (problem) {
    return problem instanceof SealingError ? problem.code : `failed: ${problem?.stack ?? problem}`;
  }
}

export async function fuzz(s, seed, rounds) {
  const next = numbers(seed);
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv, kty, x, y };
  const content = written("Möwen 🐦 ".repeat(30));
  const { envelope, dek } = await s.seal(header, content);
  const hash = await s.headerHash(header);
  const kid = await s.thumbprint(jwk);
  const slot = await s.wrap(dek, hash, "campaign", kid, jwk, 2_000_000_000);
  const attempts = {
    envelope: async () => {
      const changed = damaged(envelope, next);
      await s.unseal(header, changed, dek);
      if (spelt(changed) !== spelt(envelope)) throw new Error("a damaged envelope opened");
    },
    slot: async () => {
      const changed = spelt(damaged(written(slot), next));
      await s.unwrap(changed, hash, "campaign", kid, pair.privateKey, 1_900_000_000);
      if (changed !== slot) throw new Error("a damaged slot opened");
    },
    slotHeader: async () => {
      const changed = withHeader(slot, next, s);
      await s.unwrap(changed, hash, "campaign", kid, pair.privateKey, 1_900_000_000);
      throw new Error("a slot with another header opened");
    },
    header: () => s.readHeader(damaged(s.headerBytes(header), next)),
    member: () => s.headerHash({ ...header, [oneOf(Object.keys(header), next)]: anything(next) }),
    key: () => s.thumbprint({ ...jwk, [oneOf([..."xy", "crv", "kty", "d"], next)]: anything(next) }),
    base64: () => s.fromBase64(spelt(damaged(written(slot.slice(0, 40)), next))),
    canonical: () => s.canonical(anything(next)),
  };
  const found = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, attempt] of Object.entries(attempts)) {
      const code = await told(attempt, s);
      found[name] ??= {};
      found[name][code] = (found[name][code] ?? 0) + 1;
    }
  }
  return found;
}

function oneOf(values, next) {
  return values[Math.floor(next() * values.length)];
}

function withHeader(slot, next, s) {
  const [head, ...rest] = slot.split(".");
  const members = JSON.parse(new TextDecoder().decode(s.fromBase64(head)));
  members[oneOf([...Object.keys(members), "zip", "crit", "b64", "apu", "jwk"], next)] = anything(next);
  return [s.toBase64(written(JSON.stringify(members))), ...rest].join(".");
}
