// Node's side of the tests of question-checks.js: a question and a value per line in, what is said of it out.
// Argument: the address of question-checks.js as it is sent to browsers.

import { createInterface } from "node:readline";

const { checked } = await import(process.argv[2]);

for await (const line of createInterface({ input: process.stdin })) {
  const { question, given } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(checked([question], given))}\n`);
}
