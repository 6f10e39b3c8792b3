import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, sep } from 'node:path';

export interface WorktreeFiles {
  /** @returns where it really is, which may not exist. @throws PathRefused */
  contain(path: string): Promise<string>;
  /** @param line the first, counted from 1. @throws PathRefused */
  read(path: string, line?: number | null, limit?: number | null): Promise<string>;
  /** Makes the folders that are missing. @throws PathRefused */
  write(path: string, content: string): Promise<void>;
}

/** A path that an agent may not have, and why. */
export class PathRefused extends Error {
  override name = 'PathRefused';
}

/** Of a file that is read: each is in memory as a whole, and twice as JSON. */
const mostBytes = 4 * 1_048_576;
const mostLength = 4_096;

/**
 * Files of the folder that an agent works in, and no others, whatever links lie in it. An agent is a
 * process of the same user and can reach files by itself: this keeps what we do for it in its place.
 */
export function createWorktreeFiles(folder: string): WorktreeFiles {
  async function contain(path: string): Promise<string> {
    if (!isAbsolute(path) || path.length > mostLength || path.includes('\0')) {
      throw new PathRefused('The path must be absolute');
    }
    const segments = path.split('/');
    if (segments.includes('..')) throw new PathRefused('The path must have no ".." in it');
    const root = await realpath(folder);
    const real = await realpathOfRest(path);
    if (real !== root && !real.startsWith(`${root}${sep}`)) {
      throw new PathRefused(`It is not in ${folder}, where this task works`);
    }
    // Through it, git would run what the agent says.
    if (real.slice(root.length).split(sep).includes('.git')) {
      throw new PathRefused('What belongs to git itself is not for agents');
    }
    return real;
  }

  return {
    contain,

    async read(path, line, limit) {
      const real = await contain(path);
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      const file = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        const stat = await file.stat();
        if (!stat.isFile()) throw new PathRefused('It is no regular file');
        if (stat.size > mostBytes) {
          throw new PathRefused(`It is larger than ${mostBytes / 1_048_576} MiB`);
        }
        const text = await file.readFile('utf8');
        if (line == null && limit == null) return text;
        const from = Math.max(0, (line ?? 1) - 1);
        return text
          .split('\n')
          .slice(from, limit == null ? undefined : from + limit)
          .join('\n');
      } finally {
        await file.close();
      }
    },

    async write(path, content) {
      const real = await contain(path);
      await mkdir(dirname(real), { recursive: true });
      const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
      const file = await open(real, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666);
      try {
        if (!(await file.stat()).isFile()) throw new PathRefused('It is no regular file');
        await file.truncate();
        await file.writeFile(content);
      } finally {
        await file.close();
      }
    },
  };
}

/** Where a path leads: what is there of it as it really is, and the rest as it is named. */
async function realpathOfRest(path: string): Promise<string> {
  const rest: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...rest);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new PathRefused(`It cannot be looked at (${code})`);
      await refuseLink(at);
      rest.unshift(basename(at));
    }
  }
}

/** A link to what does not exist: it could lead anywhere once that is made. */
async function refuseLink(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isSymbolicLink()) throw new PathRefused('It is a link that leads nowhere');
}
