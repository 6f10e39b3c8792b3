import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../error-code.ts';

/** Removes a folder with all that is in it, read-only folders too. Not there: fine. */
export async function removeTree(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  await rm(path, options).catch(async () => {
    // Builds leave folders that are read-only, whose content only root could remove.
    await makeWritable(path);
    await rm(path, options);
  });
}

async function makeWritable(folder: string): Promise<void> {
  try {
    await chmod(folder, 0o700);
    for (const found of await readdir(folder, { withFileTypes: true })) {
      if (found.isDirectory()) await makeWritable(join(folder, found.name));
    }
  } catch (error) {
    // The removal that failed is still at work in other folders.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
