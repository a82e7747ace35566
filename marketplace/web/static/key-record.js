// What the security record proves, checked in the browser: signed checkpoints (C2SP signed-note, tlog-checkpoint,
// tlog-cosignature) and that an entry is in the tree that they sign (RFC 9162, section 2.1.3.2). The Python side of it
// is security/notes.py, security/checkpoint.py and security/merkle_proofs.py; refusals have the same names.

import { hex, joined, same, sha256, utf8 } from "asset:sealing-bytes.js";

const [logKind, witnessKind] = [0x01, 0x04];
const hashBytes = 32;
const longestProof = 64;
const mostSignatures = 32;
export const leewaySeconds = 60;

// Why a device or a request is not shown to be what it is said to be. `code`: as in security/key_transparency.py.
export class EvidenceRefused extends Error {
  constructor(code) {
    super(code);
    this.name = "EvidenceRefused";
    this.code = code;
  }
}

export function refuse(code) {
  throw new EvidenceRefused(code);
}

// ---------- keys ----------

// Whom the page trusts: the record's key and its witnesses, each a line `name+id+key`.
export async function trusted(logLine, witnessLines) {
  const log = await verifier(logLine, logKind);
  return { log, witnesses: await Promise.all(witnessLines.map((line) => verifier(line, witnessKind))) };
}

async function verifier(line, kind) {
  const [name, id, ...rest] = line.split("+");
  const material = bytesOf(rest.join("+"));
  if (material.length !== 33 || material[0] !== kind) throw new TypeError("this is not a key of that kind");
  const hash = await sha256(joined(utf8(`${name}\n`), material));
  if (hex(hash.subarray(0, 4)) !== id) throw new TypeError("this key is not the one that its name says");
  const key = await crypto.subtle.importKey("raw", material.subarray(1), "Ed25519", false, ["verify"]);
  return { name, id: hash.subarray(0, 4), key };
}

// ---------- the record ----------

// Number and body of an entry that is in a tree which the log signed and at least one witness cosigned.
export async function witnessed({ entry, checkpoint }, trust, now) {
  const { number, body, proof } = readEntry(entry);
  const { size, root } = await checkCheckpoint(checkpoint, trust, now);
  const leaf = await sha256(joined(Uint8Array.of(0), body));
  if (!(await included(leaf, number, size, proof, root))) refuse("NotIncluded");
  return { number, body };
}

function readEntry(entry) {
  if (!isMapping(entry) || Object.keys(entry).sort().join() !== "body,number,proof") refuse("EvidenceUnreadable");
  const { number, body, proof } = entry;
  if (!Number.isSafeInteger(number) || !Array.isArray(proof) || proof.length > longestProof) refuse("EvidenceUnreadable");
  return { number, body: bytesOf(body), proof: proof.map(hashOf) };
}

function hashOf(text) {
  if (typeof text !== "string" || !/^[0-9a-f]{64}$/.test(text)) refuse("EvidenceUnreadable");
  return Uint8Array.from({ length: hashBytes }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

async function checkCheckpoint(note, trust, now) {
  const { text, lines } = parseNote(note);
  const { origin, size, root } = parseCheckpoint(text);
  const signed = await signatures(text, lines, trust.log, false);
  if (origin !== trust.log.name || !signed.length) refuse("CheckpointUnsigned");
  const moments = await Promise.all(trust.witnesses.map((witness) => signatures(text, lines, witness, true)));
  if (!moments.flat().length) refuse("WitnessMissing");
  if (moments.flat().some((moment) => moment > now + leewaySeconds)) refuse("FromTheFuture");
  return { size, root };
}

function parseNote(note) {
  const end = typeof note === "string" ? note.lastIndexOf("\n\n") : -1;
  if (end < 1 || !note.endsWith("\n")) refuse("EvidenceUnreadable");
  const rows = note.slice(end + 2, -1).split("\n");
  if (rows.length > mostSignatures) refuse("EvidenceUnreadable");
  return { text: note.slice(0, end + 1), lines: rows.map(signatureLine) };
}

function signatureLine(row) {
  const found = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(row) ?? refuse("EvidenceUnreadable");
  const value = bytesOf(found[2]);
  if (value.length <= 4) refuse("EvidenceUnreadable");
  return { name: found[1], id: value.subarray(0, 4), value: value.subarray(4) };
}

function parseCheckpoint(text) {
  const [origin, size, root, rest, ...more] = text.split("\n");
  if (rest !== "" || more.length || !origin || !/^(0|[1-9][0-9]{0,15})$/.test(size)) refuse("EvidenceUnreadable");
  const bytes = bytesOf(root);
  if (bytes.length !== hashBytes || !Number.isSafeInteger(Number(size))) refuse("EvidenceUnreadable");
  return { origin, size: Number(size), root: bytes };
}

// When a key signed the text: the times of its cosignatures, 0 for a log's. A line in its name that it did not make
// spoils the whole note.
async function signatures(text, lines, verifier, isWitness) {
  const moments = [];
  for (const line of lines) {
    if (line.name !== verifier.name || !same(line.id, verifier.id)) continue;
    const moment = isWitness ? momentOf(line.value) : 0;
    const message = isWitness ? `cosignature/v1\ntime ${moment}\n${text}` : text;
    const signature = isWitness ? line.value.subarray(8) : line.value;
    const right = await crypto.subtle.verify("Ed25519", verifier.key, signature, utf8(message)).catch(() => false);
    if (!right) refuse(isWitness ? "WitnessMissing" : "CheckpointUnsigned");
    moments.push(moment);
  }
  return moments;
}

// Big-endian, eight bytes. A time beyond what numbers hold exactly is none that has come.
function momentOf(value) {
  return value.subarray(0, 8).reduce((whole, byte) => whole * 256 + byte, 0);
}

// Numbers stay below 2**53, so halves are taken by division and not by bits.
async function included(leaf, number, size, proof, root) {
  if (number < 0 || number >= size) return false;
  let [place, last, head] = [number, size - 1, leaf];
  for (const each of proof) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      head = await node(each, head);
      while (place && place % 2 === 0) [place, last] = [half(place), half(last)];
    } else {
      head = await node(head, each);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && same(head, root);
}

function half(value) {
  return Math.floor(value / 2);
}

function node(left, right) {
  return sha256(joined(Uint8Array.of(1), left, right));
}

// ---------- reading ----------

export function isMapping(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

// Base64 as the record has it, with padding (RFC 4648, section 4).
function bytesOf(text) {
  if (typeof text !== "string" || text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse("EvidenceUnreadable");
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
