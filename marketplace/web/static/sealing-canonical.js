// Canonical JSON (RFC 8785) for what our headers are made of: text, whole numbers, null, lists, objects. Anything else
// is refused: fractions, true and false, undefined, half of a surrogate pair, whatever is no plain object.

import { utf8 } from "asset:sealing-bytes.js";
import { refuse } from "asset:sealing-errors.js";

const deepest = 64;

// The bytes of this value's one form. Throws SealingError("NotCanonical").
export function canonical(value) {
  return utf8(written(value, 0));
}

function written(value, depth) {
  if (depth > deepest) refuse("NotCanonical");
  if (value === null) return "null";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : refuse("NotCanonical");
  if (Array.isArray(value)) return `[${Array.from(value, (item) => written(item, depth + 1)).join(",")}]`;
  if (!isPlain(value)) refuse("NotCanonical");
  // The RFC orders names by UTF-16 code units; so does sort().
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${quoted(name)}:${written(value[name], depth + 1)}`).join(",")}}`;
}

function quoted(text) {
  // ECMAScript's own escapes are the RFC's; without this check it would also escape a lone surrogate.
  return text.isWellFormed() ? JSON.stringify(text) : refuse("NotCanonical");
}

function isPlain(value) {
  if (typeof value !== "object") return false;
  const kind = Object.getPrototypeOf(value);
  return kind === Object.prototype || kind === null;
}
