import { createReadStream, createWriteStream } from 'node:fs';
import { stat, truncate } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const maximumBytes = 10 * 1024 ** 2;

/**
 * Moves the last 10 MiB of a log that is larger to `<file>.1`, over what was there. The file itself
 * stays, as the app has it open: it appends, so that it goes on at the new start. What it writes
 * while this copies may be lost.
 */
export async function rotateLog(file: string): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size <= maximumBytes) return;
  await pipeline(
    // With an end: an app that writes faster than this copies would never let it come to one.
    createReadStream(file, { start: size - maximumBytes, end: size - 1, highWaterMark: 2 ** 20 }),
    createWriteStream(`${file}.1`, { mode: 0o640 }),
  );
  await truncate(file);
}
