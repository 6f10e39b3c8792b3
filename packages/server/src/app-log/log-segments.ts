import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of a log. */
export interface Segment {
  /** The offset in the log of its first byte. */
  start: number;
  size: number;
}

const nameDigits = 16;
const namePattern = /^(\d{16})\.log$/;

export function segmentFile(directory: string, start: number): string {
  return join(directory, `${String(start).padStart(nameDigits, '0')}.log`);
}

/** Oldest first; those behind a hole are all that counts, as what is before it cannot be read on. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const segments: Segment[] = [];
  for (const name of names.sort()) {
    const start = namePattern.exec(name)?.[1];
    if (start === undefined) continue;
    const size = await sizeOf(join(directory, name));
    if (size === undefined) continue;
    const last = segments.at(-1);
    if (last && last.start + last.size !== Number(start)) segments.length = 0;
    segments.push({ start: Number(start), size });
  }
  return segments;
}

/** Removes the segments that are not in the list, as those before a hole. */
export async function removeOtherSegments(directory: string, kept: Segment[]): Promise<void> {
  for (const name of await readdir(directory)) {
    const start = namePattern.exec(name)?.[1];
    if (start === undefined || kept.some((segment) => segment.start === Number(start))) continue;
    await rm(join(directory, name), { force: true });
  }
}

/**
 * The bytes from `from` on, of as many files as it takes; fewer than `length` at the end of the log.
 * @returns `undefined` when what is there was removed meanwhile
 */
export async function readSegments(
  directory: string,
  segments: readonly Segment[],
  from: number,
  length: number,
): Promise<Buffer | undefined> {
  const end = Math.min(from + length, endOf(segments));
  if (end <= from) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(end - from);
  let read = 0;
  for (const { start, size } of segments) {
    const at = from + read;
    if (at < start || at >= start + size) continue;
    const count = Math.min(end, start + size) - at;
    const got = await readFully(
      segmentFile(directory, start),
      bytes.subarray(read, read + count),
      at - start,
    );
    if (got === undefined) return undefined;
    read += got;
    if (got < count) break;
  }
  return bytes.subarray(0, read);
}

export function endOf(segments: readonly Segment[]): number {
  const last = segments.at(-1);
  return last ? last.start + last.size : 0;
}

async function readFully(
  file: string,
  into: Buffer,
  position: number,
): Promise<number | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    let read = 0;
    while (read < into.length) {
      const { bytesRead } = await handle.read(into, read, into.length - read, position + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return read;
  } finally {
    await handle.close();
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    },
  );
}
