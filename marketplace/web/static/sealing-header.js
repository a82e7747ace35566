// The header of a sealed payload: what it is, whose it is, how closely it is held. A plain object with exactly the
// members that docs/sealing.md lists. Chunks, slots and signatures are bound to its hash.

import { same, sha256 } from "asset:sealing-bytes.js";
import { canonical } from "asset:sealing-canonical.js";
import { SealingError, refuse } from "asset:sealing-errors.js";

export const newest = 2;
export const protections = ["server", "end_to_end"];

const levels = ["public", "internal", "sensitive", "restricted"];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const isText = (value) => typeof value === "string" && value !== "" && value.isWellFormed();
const isUuid = (value) => typeof value === "string" && uuid.test(value);
const isNull = (value) => value === null;

// What each member may be, by version; a rule is given the whole header, too.
const first = {
  agency: isText,
  compartments: areCompartments,
  content_type: isText,
  contribution: (value, { purpose }) => (purpose === "answer" ? isUuid : isNull)(value),
  level: (value) => levels.includes(value),
  microtask: isUuid,
  payload_version: (value) => Number.isSafeInteger(value) && value >= 1,
  purpose: (value) => ["task", "answer", "result"].includes(value),
  version: (value) => value === 1,
};
const second = {
  ...first,
  campaign: isUuid,
  contribution: (value, { purpose }) => (["answer", "draft"].includes(purpose) ? isUuid : isNull)(value),
  microtask: (value, { purpose }) => (purpose === "key" ? isNull : isUuid)(value),
  protection: (value) => protections.includes(value),
  purpose: (value) => ["task", "answer", "result", "draft", "key"].includes(value),
  version: (value) => value === 2,
};
const versions = new Map([
  [1, first],
  [2, second],
]);

// The header's canonical bytes. Throws HeaderRefused, UnknownVersion.
export function headerBytes(header) {
  if (header === null || typeof header !== "object" || !Number.isSafeInteger(header.version)) refuse("HeaderRefused");
  const rules = versions.get(header.version) ?? refuse("UnknownVersion");
  const members = Object.keys(header);
  const fits = members.length === Object.keys(rules).length && members.every((name) => Object.hasOwn(rules, name));
  if (!fits || !members.every((name) => rules[name](header[name], header))) refuse("HeaderRefused");
  return canonical(header);
}

// SHA-256 over the header's canonical bytes.
export async function headerHash(header) {
  return sha256(headerBytes(header));
}

// The header that these bytes are. Only the canonical form is taken: one header, one hash.
export function readHeader(bytes) {
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new SealingError("HeaderRefused");
  }
  return same(headerBytes(header), bytes) ? header : refuse("HeaderRefused");
}

function areCompartments(value) {
  // Each once, ordered by UTF-16 code units, as < compares text here.
  return (
    Array.isArray(value) &&
    value.every((name) => typeof name === "string" && name.isWellFormed()) &&
    value.every((name, at) => at === 0 || value[at - 1] < name)
  );
}
