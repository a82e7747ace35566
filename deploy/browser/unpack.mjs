// Unpack the Chromium of npm's @sparticuz/chromium into a folder: node unpack.mjs FOLDER
// Only its files are used, not its launch arguments; deploy/setup/chromium.py writes the command around them.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

import { extract } from 'tar-fs';

const packed = join(import.meta.dirname, 'node_modules', '@sparticuz', 'chromium', 'bin');
const target = process.argv[2];

const open = (name) => [createReadStream(join(packed, name)), createBrotliDecompress()];

await mkdir(target, { recursive: true });
await Promise.all([
  pipeline(...open('chromium.br'), createWriteStream(join(target, 'chromium.bin'), { mode: 0o700 })),
  pipeline(...open('swiftshader.tar.br'), extract(target)),
  pipeline(...open('al2023.tar.br'), extract(join(target, 'libraries'))),
  pipeline(...open('fonts.tar.br'), extract(target)),
]);
