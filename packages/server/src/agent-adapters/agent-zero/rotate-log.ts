import { createReadStream, createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const mostBytes = 10 * 1_048_576;

/**
 * Moves the last 10 MiB of a log that is larger to `<file>.1`, over what was there. The file itself
 * stays, as the program has it open and appends to it: it goes on at the new start. What it writes
 * while this copies may be lost.
 */
export async function rotateLog(file: string): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size <= mostBytes) return;
  await pipeline(
    // With an end: who writes faster than this copies would never let it come to one.
    createReadStream(file, { start: size - mostBytes, end: size - 1, highWaterMark: 1_048_576 }),
    createWriteStream(`${file}.1`, { mode: 0o600 }),
  );
  await truncate(file);
}
