import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/**
 * What is in a regular file of at most `maxBytes`; `undefined` where there is no such file. Never
 * waits: a FIFO, a socket or a device in its place is opened without blocking, and not read. A
 * symbolic link is followed only if `follow` says so. `onStats` learns of what was opened before it is
 * read, also if it is too large.
 *
 * @throws if it may not be read, or is larger.
 */
export function readRegularFile(
  file: string,
  maxBytes: number,
  { follow = false, onStats }: { follow?: boolean; onStats?: (stats: Stats) => void } = {},
): Buffer | undefined {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  let descriptor: number;
  try {
    descriptor = openSync(file, flags);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    onStats?.(stats);
    const { size } = stats;
    if (size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    // One byte more, because a file may grow while it is read, and those of /proc say they are empty.
    const room = Buffer.allocUnsafe((size || Math.min(maxBytes, 65_536)) + 1);
    let length = 0;
    while (length < room.length) {
      const read = readSync(descriptor, room, length, room.length - length, null);
      if (read === 0) break;
      length += read;
    }
    if (length > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    return room.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

// ELOOP: a link that is not to be followed. ENXIO: a socket.
function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR'].includes(codeOf(error) ?? '');
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** The failure of a call to the file system in words, without the path that it was called with. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const words: Record<string, string> = {
    ENOENT: 'it vanished while the project was read',
    ENOTDIR: 'it is not a directory',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENAMETOOLONG: 'its path is too long',
    ELOOP: 'its path is a circle of links',
    EMFILE: 'too many files are open',
    EIO: 'the disk failed to read it',
  };
  if (code) return words[code] ?? `the system answers ${code}`;
  return error instanceof Error ? error.message : String(error);
}
