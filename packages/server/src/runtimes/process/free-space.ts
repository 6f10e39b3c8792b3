import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Gives the beginning of files back to the disk while others append to them. */
export interface Freeing {
  /**
   * Frees the first `length` bytes, which read as zeros then; nothing else of the file changes, its
   * size neither.
   * @returns `false` where the system cannot do so
   */
  free(file: string, length: number): Promise<boolean>;
}

/** Node.js has no call for it; the program comes with every Linux but the smallest. */
export function openFreeing(program = 'fallocate'): Freeing {
  let isPossible = process.platform === 'linux';
  return {
    async free(file, length) {
      if (!isPossible) return false;
      const args = ['--punch-hole', '--offset', '0', '--length', String(length), file];
      isPossible = await run(program, args, { timeout: 10_000 }).then(
        () => true,
        () => false,
      );
      return isPossible;
    },
  };
}
