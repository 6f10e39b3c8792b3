import path from 'node:path';
import { readRegularFile } from '../walk/read-regular-file.ts';
import { type Repository, usesSha256 } from './repository.ts';

/** An index of a million files has about 100 MB. */
const mostIndexBytes = 256 * 1_048_576;

/** Which bits of a mode say what an entry is. */
export const fileType = 0o170000;
export const gitLink = 0o160000;
export const symbolicLink = 0o120000;
const folderOfSparseIndex = 0o040000;

/** What git has noted about a file when it last compared it with what is checked out. */
export interface IndexEntry {
  mode: number;
  modifiedSeconds: number;
  modifiedNanoseconds: number;
  /** Modulo 2^32; 0 also where git must look at what is in the file to know. */
  size: number;
  objectId: Buffer;
  /** Above 0: in a conflict. */
  stage: number;
  assumeUnchanged: boolean;
  skipWorktree: boolean;
  intentToAdd: boolean;
}

/**
 * Called for each entry in its order: its path in the work tree, its mode, and the rest of it if it
 * is asked for.
 */
type Visit = (path: string, mode: number, read: () => IndexEntry) => void;

/**
 * Visits the index of a repository; nothing where there is none yet. `isSplit`: what has changed
 * since the rest of it was written may have been visited twice (`core.splitIndex`).
 *
 * @throws if it is damaged, too large or of a version that is not known.
 */
export function visitGitIndex(repository: Repository, visit: Visit): { isSplit: boolean } {
  const hashBytes = usesSha256(repository.config) ? 32 : 20;
  const read = (file: string) => readRegularFile(file, mostIndexBytes, { follow: true });
  const bytes = read(path.join(repository.gitDirectory, 'index'));
  if (!bytes) return { isSplit: false };
  // Those without a name replace one of the shared index, under the same name.
  const { shared } = parseGitIndex(
    bytes,
    hashBytes,
    (path, ...rest) => path && visit(path, ...rest),
  );
  const rest = shared && read(path.join(repository.gitDirectory, `sharedindex.${shared}`));
  if (rest) parseGitIndex(rest, hashBytes, visit);
  return { isSplit: shared !== undefined };
}

/** Versions 2, 3 and 4 of gitformat-index(5). */
export function parseGitIndex(
  bytes: Buffer,
  hashBytes: number,
  visit: Visit,
): { shared: string | undefined } {
  if (bytes.toString('latin1', 0, 4) !== 'DIRC') throw damaged('its signature is missing');
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) throw damaged(`its version ${version} is not known`);
  const count = bytes.readUInt32BE(8);
  const end = bytes.length - hashBytes;
  const fixed = 40 + hashBytes + 2;
  if (count * fixed > end) throw damaged('it is shorter than it says');

  let at = 12;
  let name = Buffer.alloc(0);
  function read(): IndexEntry {
    const flags = bytes.readUInt16BE(at + fixed - 2);
    const extended = version > 2 && (flags & 0x4000) !== 0 ? bytes.readUInt16BE(at + fixed) : 0;
    return {
      mode: bytes.readUInt32BE(at + 24),
      modifiedSeconds: bytes.readUInt32BE(at + 8),
      modifiedNanoseconds: bytes.readUInt32BE(at + 12),
      size: bytes.readUInt32BE(at + 36),
      objectId: bytes.subarray(at + 40, at + 40 + hashBytes),
      stage: (flags >> 12) & 3,
      assumeUnchanged: (flags & 0x8000) !== 0,
      skipWorktree: (extended & 0x4000) !== 0,
      intentToAdd: (extended & 0x2000) !== 0,
    };
  }
  for (let number = 0; number < count; number++) {
    if (at + fixed > end) throw damaged('it ends within an entry');
    const flags = bytes.readUInt16BE(at + fixed - 2);
    const isExtended = version > 2 && (flags & 0x4000) !== 0;
    const nameAt = at + fixed + (isExtended ? 2 : 0);
    let next: number;
    let entryPath: string;
    if (version === 4) {
      ({ name, next } = readShortenedName(bytes, nameAt, name));
      entryPath = name.toString();
    } else {
      const told = flags & 0xfff;
      const length = told < 0xfff ? told : bytes.indexOf(0, nameAt) - nameAt;
      if (length < 0) throw damaged('a name in it does not end');
      entryPath = bytes.toString('utf8', nameAt, nameAt + length);
      // Filled up with 1 to 8 zeros.
      next = at + ((nameAt - at + length + 8) & ~7);
    }
    const mode = bytes.readUInt32BE(at + 24);
    if ((mode & fileType) !== folderOfSparseIndex) visit(entryPath, mode, read);
    at = next;
  }
  return { shared: sharedIndex(bytes, at, end, hashBytes) };
}

/** In version 4 a name is how much of the end of the one before it goes, and what comes instead. */
function readShortenedName(bytes: Buffer, start: number, before: Buffer) {
  const removed = readOffset(bytes, start);
  if (removed.value > before.length) throw damaged('a name in it is shorter than none');
  const end = bytes.indexOf(0, removed.next);
  if (end < 0) throw damaged('a name in it does not end');
  const kept = before.subarray(0, before.length - removed.value);
  // No file has such a name, and each of a million entries could make it longer.
  if (kept.length + end - removed.next > 65_535) throw damaged('a name in it is too long');
  return { name: Buffer.concat([kept, bytes.subarray(removed.next, end)]), next: end + 1 };
}

function sharedIndex(
  bytes: Buffer,
  start: number,
  end: number,
  hashBytes: number,
): string | undefined {
  for (let at = start; at + 8 <= end; at += 8 + bytes.readUInt32BE(at + 4)) {
    if (bytes.toString('latin1', at, at + 4) !== 'link') continue;
    const id = bytes.subarray(at + 8, at + 8 + hashBytes);
    // All zeros: it was split once, and has everything in it again.
    return id.some((byte) => byte !== 0) ? id.toString('hex') : undefined;
  }
  return undefined;
}

/** The number format of pack files: seven bits a byte, one added for each that follows. */
function readOffset(bytes: Buffer, start: number): { value: number; next: number } {
  let at = start;
  let byte = bytes.readUInt8(at++);
  let value = byte & 127;
  while (byte & 128) {
    byte = bytes.readUInt8(at++);
    value = (value + 1) * 128 + (byte & 127);
    if (value > 65_535) throw damaged('a name in it is too long');
  }
  return { value, next: at };
}

function damaged(why: string): Error {
  return new Error(`the index of git is damaged: ${why}`);
}
