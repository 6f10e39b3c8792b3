import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';

const mostHeadBytes = 65_536;
const mostPackedBytes = 8 * 1_048_576;
const mostFolders = 64;
const hash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A part that starts with a dot would lead out of the refs, or to a lock file. */
const refName = /^refs(?:\/[^./\s\0][^/\s\0]*)+$/;

/**
 * The commit that is checked out where a directory lies; `null` if it lies in no git repository, or
 * that does not tell. Only reads files: `git` would run what a repository's settings name. Whatever
 * the files are, nothing but a hash comes out.
 */
export async function readCommit(directory: string): Promise<string | null> {
  const gitDirectory = await findGitDirectory(directory);
  if (gitDirectory === undefined) return null;
  const head = (await readText(path.join(gitDirectory, 'HEAD'), mostHeadBytes))?.trim() ?? '';
  if (hash.test(head)) return head;
  const ref = /^ref:\s*(\S+)$/.exec(head)?.[1] ?? '';
  if (!refName.test(ref)) return null;
  // A worktree has its own HEAD, and the branches of the repository that it belongs to.
  const common = await readText(path.join(gitDirectory, 'commondir'), mostHeadBytes);
  const refs = common === undefined ? gitDirectory : path.resolve(gitDirectory, common.trim());
  const loose = (await readText(path.join(refs, ref), mostHeadBytes))?.trim() ?? '';
  if (hash.test(loose)) return loose;
  const packed = (await readText(path.join(refs, 'packed-refs'), mostPackedBytes)) ?? '';
  const line = packed.split('\n').find((line) => line.endsWith(` ${ref}`));
  const commit = line?.slice(0, line.indexOf(' ')) ?? '';
  return hash.test(commit) ? commit : null;
}

async function findGitDirectory(directory: string): Promise<string | undefined> {
  let folder = path.resolve(directory);
  for (let tries = 0; tries < mostFolders; tries++) {
    const dotGit = path.join(folder, '.git');
    const stats = await stat(dotGit).catch(() => undefined);
    if (stats?.isDirectory()) return dotGit;
    if (stats?.isFile()) {
      const target = /^gitdir: (.+?)[\r\n]*$/.exec((await readText(dotGit, mostHeadBytes)) ?? '');
      return target?.[1] && path.resolve(folder, target[1]);
    }
    const parent = path.dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return undefined;
}

/** `undefined`: it is not there, is no regular file, or is larger than it ever should be. */
async function readText(file: string, mostBytes: number): Promise<string | undefined> {
  try {
    // Without NONBLOCK, a pipe in its place would be waited for without end.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > mostBytes) return undefined;
    return await handle.readFile('utf8');
  } catch {
    return undefined;
  }
}
