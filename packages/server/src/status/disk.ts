import { statfs } from 'node:fs/promises';

/** How full the disk of a directory is, in percent, reckoned as `df` does. */
export async function diskPercent(directory: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(directory);
  const used = blocks - bfree;
  // What only root may still use counts as neither used nor available.
  return used + bavail === 0 ? 0 : (100 * used) / (used + bavail);
}
