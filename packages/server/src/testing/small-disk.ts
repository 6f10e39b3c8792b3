import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * A disk of its own that is easily filled; only root can make one. Where none can be made, tests are
 * left out, aloud; where nothing may be left out (CI) it is an error.
 */
export async function makeSmallDisk(
  mebibytes: number,
): Promise<{ path: string; remove(): Promise<void> } | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'borgos-test', folder]);
  } catch (error) {
    await rm(folder, { recursive: true });
    if (process.env.CI) throw error;
    console.warn(`Tests on a small disk are left out: ${String(error)}`);
    return undefined;
  }
  return {
    path: folder,
    async remove() {
      // Lazily: what still closes its files there must not keep the test from its end.
      await run('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
