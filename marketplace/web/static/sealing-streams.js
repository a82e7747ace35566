// Between streams, which browsers give and take, and generators, which are pleasant to write.

import { joined } from "asset:sealing-bytes.js";

export async function* piecesOf(readable) {
  const reader = readable.getReader();
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      yield value;
    }
    ended = true;
  } finally {
    // Whoever stops in the middle, or fails, wants no more of it.
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

// Made only as fast as it is read: nothing waits in a queue.
export function readableOf(pieces) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}

export async function collected(pieces) {
  const all = [];
  for await (const piece of pieces) all.push(piece);
  return joined(...all);
}
