// Bytes and their spellings. Readers are strict: what has one meaning has one spelling, so that no bit of a slot can
// be changed without notice.

import { refuse } from "asset:sealing-errors.js";

const encoder = new TextEncoder();

export function utf8(text) {
  return encoder.encode(text);
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// Of public values only: it takes longer the later the difference.
export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function number32(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

// Base64 for addresses, without padding (RFC 4648, section 5).
export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Throws SealingError("NotBase64") for anything that toBase64 would not write.
export function fromBase64(text) {
  if (typeof text !== "string" || !/^[\w-]*$/.test(text) || text.length % 4 === 1) refuse("NotBase64");
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  // Bits that stand for nothing must be zero.
  if (toBase64(bytes) !== text) refuse("NotBase64");
  return bytes;
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
