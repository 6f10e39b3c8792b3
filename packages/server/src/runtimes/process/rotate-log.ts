import { constants } from 'node:fs';
import { copyFile, stat, truncate } from 'node:fs/promises';

const maximumBytes = 10 * 1024 ** 2;

/**
 * Moves what a large log holds to `<file>.1`, over what was there. The file itself stays, as the
 * app has it open: it appends, so that it goes on at the new start. What it writes while this
 * copies may be lost.
 */
export async function rotateLog(file: string): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size <= maximumBytes) return;
  await copyFile(file, `${file}.1`, constants.COPYFILE_FICLONE);
  await truncate(file);
}
