// The envelope: content in AES-256-GCM chunks of 64 KiB, each bound to its place, its end and its header.
//
//     "MSP" 0x01 | nonce prefix (7) | header hash (32) | chunk 0 | chunk 1 | …
//     nonce of a chunk = prefix (7) ‖ number of the chunk (4, big-endian) ‖ 1 for the last chunk, else 0
//     additional data  = header hash (32)
//
// Content is followed by 0x80 and by zero bytes up to its size class, which hides exact lengths (docs/sealing.md).

import { joined, number32, random, same, utf8 } from "asset:sealing-bytes.js";
import { orRefuse, refuse } from "asset:sealing-errors.js";
import { headerHash, newest, protections } from "asset:sealing-header.js";
import { collected, piecesOf, readableOf } from "asset:sealing-streams.js";

const chunkBytes = 64 * 1024;
const tagBytes = 16;
const keyBytes = 32;
const prefixBytes = 7;
const smallestClass = 256;
const magic = utf8("MSP");
const format = 1;
const hashAt = magic.length + 1 + prefixBytes;
const preambleBytes = hashAt + 32;
const largestNumber = 2 ** 32 - 1;
const endOfContent = 0x80;

// The sealed form of `bytes` and the new data key that opens it.
export async function seal(header, bytes) {
  const dek = random(keyBytes);
  return { envelope: await collected(sealed(header, [bytes], dek)), dek };
}

// The whole content, or a SealingError and nothing of it.
export async function unseal(header, envelope, dek) {
  return collected(opened(header, [envelope], dek));
}

// The same for content of any length: a ReadableStream of Uint8Arrays in, one out, no more than some chunks held.
export function sealStream(header, readable) {
  const dek = random(keyBytes);
  return { stream: readableOf(sealed(header, piecesOf(readable), dek)), dek };
}

// What comes out is authentic chunk by chunk; that the end is the end is known only when the stream closes without an
// error. Whoever uses earlier chunks must be able to take them back.
export function unsealStream(header, readable, dek) {
  return readableOf(opened(header, piecesOf(readable), dek));
}

async function* sealed(header, pieces, dek) {
  const hash = await headerHash(header);
  // Older versions are read, and no longer written.
  if (header.version !== newest) refuse("UnknownVersion");
  const key = await dataKey(dek, "encrypt");
  const prefix = random(prefixBytes);
  yield joined(magic, Uint8Array.of(format), prefix, hash);
  for await (const { block, number, last } of numbered(regrouped(padded(pieces), chunkBytes))) {
    yield new Uint8Array(await crypto.subtle.encrypt(bound(prefix, number, last, hash), key, block));
  }
}

async function* opened(header, pieces, dek) {
  const hash = await headerHash(header);
  const key = await dataKey(dek, "decrypt");
  const blocks = regrouped(pieces, chunkBytes + tagBytes, preambleBytes);
  try {
    const prefix = await readPreamble((await blocks.next()).value ?? new Uint8Array(0), header, hash);
    for await (const { block, number, last } of numbered(blocks)) {
      if (last && !isSizeClass(number * chunkBytes + block.length - tagBytes)) refuse("Truncated");
      const chunk = await openedChunk(key, prefix, number, last, hash, block);
      yield last ? unpadded(chunk) : chunk;
    }
  } finally {
    await blocks.return();
  }
}

// Whatever has no 32 bytes is a slip of the caller, not a matter of what was sealed.
async function dataKey(dek, use) {
  if (dek.length !== keyBytes) throw new TypeError("a data key has 32 bytes");
  return crypto.subtle.importKey("raw", dek, "AES-GCM", false, [use]);
}

// The nonce prefix, once magic, version and header hash have been found right.
async function readPreamble(read, header, hash) {
  if (!same(read.subarray(0, magic.length), magic)) refuse("NotAnEnvelope");
  if (read.length < preambleBytes) refuse("Truncated");
  if (read[magic.length] !== format) refuse("UnknownVersion");
  // Tells a wrong header from a changed chunk. Forging it gains nothing: chunks are bound to the real hash.
  if (!same(read.subarray(hashAt), hash)) refuse(await mismatch(header, read.subarray(hashAt)));
  return read.slice(magic.length + 1, hashAt);
}

// Why the hash in the envelope is not the header's: something else, or the same under another protection.
async function mismatch(header, sealedUnder) {
  for (const protection of header.protection ? protections : []) {
    if (same(await headerHash({ ...header, protection }), sealedUnder)) return "DowngradeRefused";
  }
  return "HeaderMismatch";
}

// ---------- chunks ----------

function bound(prefix, number, last, hash) {
  if (number > largestNumber) refuse("PayloadTooLarge");
  const iv = joined(prefix, number32(number), Uint8Array.of(last ? 1 : 0));
  return { name: "AES-GCM", iv, additionalData: hash, tagLength: 8 * tagBytes };
}

async function openedChunk(key, prefix, number, last, hash, block) {
  const attempt = (end) => crypto.subtle.decrypt(bound(prefix, number, end, hash), key, block);
  try {
    return new Uint8Array(await attempt(last));
  } catch {
    // Authentic under the opposite flag: chunk and place are right, only the end is not where it was.
    await orRefuse("ChunkRefused", () => attempt(!last));
    return refuse(last ? "Truncated" : "TrailingData");
  }
}

// The same bytes in blocks of exactly `size` (the first one of `beginning`), the last one possibly shorter.
async function* regrouped(pieces, size, beginning = size) {
  let block = new Uint8Array(beginning);
  let filled = 0;
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) throw new TypeError("content comes as Uint8Array");
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + block.length - filled);
      block.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < block.length) continue;
      yield block;
      block = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled) yield block.subarray(0, filled);
}

// Each block with its number and whether it is the last. Without any block there is one, empty, and it is the last.
async function* numbered(blocks) {
  let number = 0;
  let held = null;
  for await (const block of blocks) {
    if (held) yield { block: held, number: number++, last: false };
    held = block;
  }
  yield { block: held ?? new Uint8Array(0), number, last: true };
}

// ---------- padding ----------

function sizeClass(length) {
  if (length >= chunkBytes) return (Math.floor(length / chunkBytes) + 1) * chunkBytes;
  return Math.max(smallestClass, 2 ** (32 - Math.clz32(length)));
}

function isSizeClass(size) {
  if (size > chunkBytes) return size % chunkBytes === 0;
  return size >= smallestClass && (size & (size - 1)) === 0;
}

async function* padded(pieces) {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    yield piece;
  }
  const padding = new Uint8Array(sizeClass(length) - length);
  padding[0] = endOfContent;
  yield padding;
}

function unpadded(chunk) {
  const end = chunk.findLastIndex((byte) => byte !== 0);
  return chunk[end] === endOfContent ? chunk.subarray(0, end) : refuse("PaddingRefused");
}
