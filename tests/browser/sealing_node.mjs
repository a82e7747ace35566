// Node's side of the tests of sealing.js: one JSON question per line in, one JSON answer per line out.
// Arguments: the address of sealing.js as it is sent to browsers.

import { createInterface } from "node:readline";
import { compactDecrypt, importJWK } from "jose";
import { answering } from "./sealing_acts.js";

const sealing = await import(process.argv[2]);
const answer = answering(sealing);

// What another implementation makes of a slot: it checks no apv, kid or purpose, but must find the same data key.
async function joseOpens({ slot, jwk }) {
  const { plaintext, protectedHeader } = await compactDecrypt(slot, await importJWK(jwk, "ECDH-ES+A256KW"));
  return { dek: Buffer.from(plaintext).toString("base64"), header: protectedHeader };
}

// A stream of zeros, sealed and opened in one go: how many bytes came out, and how much memory lay in buffers at most.
async function streams({ header, pieces, piece }) {
  let [left, peak, length] = [pieces, 0, 0];
  const zeros = new Uint8Array(piece);
  const source = new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(zeros);
      else controller.close();
    },
  });
  const { stream, dek } = sealing.sealStream(header, source);
  for await (const chunk of sealing.unsealStream(header, stream, dek)) {
    length += chunk.length;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  }
  return { length, peak };
}

// Whoever stops reading in the middle: is the source told?
async function cancels({ header }) {
  let cancelled = false;
  const source = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    cancel: () => {
      cancelled = true;
    },
  });
  const { stream } = sealing.sealStream(header, source);
  const reader = stream.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  return cancelled;
}

const here = { joseOpens, streams, cancels };

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answered = here[asked.act] ? { gives: await here[asked.act](asked) } : await answer(asked);
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}
