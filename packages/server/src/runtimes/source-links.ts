import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** As many as the kernel follows before it answers ELOOP. */
const maximumLinks = 40;

/**
 * Whether a symlink at `path` (relative to `root`, with no link among its folders) leads out of
 * `root` when it is followed, through any other links on its way. Where its way ends in something
 * that does not exist, the rest is judged by its text, because a build may still create it. An
 * absolute target leads out, even one into `root`: it would not come along to where a copy lies.
 */
export async function linkLeadsOut(root: string, path: string, target: string): Promise<boolean> {
  const at = path.split('/').slice(0, -1);
  if (target.startsWith('/')) return true;
  const rest = target.split('/').reverse();
  let links = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    const next = await readLinkAt(join(root, ...at, part));
    if (next === null) {
      at.push(part);
      continue;
    }
    if (next.startsWith('/')) return true;
    links += 1;
    if (links > maximumLinks) return false;
    rest.push(...next.split('/').reverse());
  }
  return false;
}

/** The target of the link at `path`; `null` when there is none, or something else. */
async function readLinkAt(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch {
    return null;
  }
}
