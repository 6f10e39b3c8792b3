import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Fault } from './faults/fault.ts';
import type { LineCount } from './lines/count-lines.ts';
import type { Language } from './lines/language.ts';
import type { BrokenManifest, Manifest } from './manifests/manifest.ts';

/** All that a scan wants to know of a file's content. */
export interface ReadFile {
  size: number;
  modified: number;
  /** SHA-1: a file that was only touched is not looked through again. */
  hash: string;
  /** `null`: not one that is counted. */
  language: string | null;
  kind: Language['kind'] | null;
  lines: LineCount | null;
  isGenerated: boolean;
  /** Whether a parser has judged it. */
  isParsed: boolean;
  /** Why no parser has, though there is one for its language. */
  skipped: string | null;
  faults: Fault[];
  faultCount: number;
  /** Comments that say that something is to be done, and the lines of the first ones. */
  todoCount: number;
  todoLines: number[];
  /** Tests beside the code, in a file whose name does not say so. */
  hasTests: boolean;
  manifest: Manifest | BrokenManifest | null;
}

/** The first block of the file; the others are lists of paths with what was read of them. */
interface Header {
  format: number;
  /** When the scan began that wrote it: a file changed since may look as before. */
  began: number;
}

/** One higher when what is found in a file would be another: the memory is then of no use. */
const format = 2;
const mostBytes = 512 * 1024 ** 2;
/** All of it at once would take as much memory again as what it is of. */
const blockFiles = 500;
const lengthBytes = 4;
/** As exact as the coarsest file system tells the time of a change. */
const clockStepMs = 2_000;

export interface FileMemory {
  /** Of how many files it knows something. */
  readonly size: number;
  /** What was found in a file that looks as it did then; `undefined`: it has to be read. */
  recall(path: string, size: number, modified: number): ReadFile | undefined;
  /** What the last scan has read of a file, whatever it looks like now. */
  last(path: string): ReadFile | undefined;
}

/** What the last scan has read; empty where there was none, or another version wrote it. */
export function readMemory(file: string): FileMemory {
  const { began, files } = read(file);
  return {
    size: files.size,
    recall(path, size, modified) {
      const known = files.get(path);
      if (known?.size !== size || known.modified !== modified) return undefined;
      return modified < began - clockStepMs ? known : undefined;
    },
    last: (path) => files.get(path),
  };
}

/** Replaces the memory as a whole: who is killed in mid-write leaves the old one. */
export function writeMemory(file: string, began: number, files: Map<string, ReadFile>): void {
  const draft = `${file}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeBlock(descriptor, { format, began } satisfies Header);
    let block: [string, ReadFile][] = [];
    for (const entry of files) {
      block.push(entry);
      if (block.length < blockFiles) continue;
      writeBlock(descriptor, block);
      block = [];
    }
    writeBlock(descriptor, block);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}

function writeBlock(descriptor: number, value: object): void {
  const bytes = serialize(value);
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(bytes.length);
  for (const part of [length, bytes]) {
    for (let from = 0; from < part.length; ) from += writeSync(descriptor, part, from);
  }
}

function read(file: string): { began: number; files: Map<string, ReadFile> } {
  const files = new Map<string, ReadFile>();
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if (fstatSync(descriptor).size > mostBytes) return { began: 0, files };
      const header = readBlock(descriptor) as Header | undefined;
      if (header?.format !== format) return { began: 0, files };
      const share = createSharing();
      for (;;) {
        const block = readBlock(descriptor) as [string, ReadFile][] | undefined;
        if (!block) return { began: header.began, files };
        for (const [path, known] of block) files.set(path, share(known));
      }
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // It is only a memory: what cannot be read of it is read from the project.
    return { began: 0, files: new Map() };
  }
}

/** @returns `undefined` at the end. */
function readBlock(descriptor: number): unknown {
  const length = readBytes(descriptor, lengthBytes);
  return length && deserialize(readBytes(descriptor, length.readUInt32LE()) ?? Buffer.alloc(0));
}

function readBytes(descriptor: number, length: number): Buffer | undefined {
  if (length > mostBytes) throw new Error('a block is too long');
  const bytes = Buffer.allocUnsafe(length);
  for (let from = 0; from < length; ) {
    const read = readSync(descriptor, bytes, from, length - from, null);
    if (read === 0 && from === 0) return undefined;
    if (read === 0) throw new Error('the last block is cut off');
    from += read;
  }
  return bytes;
}

/**
 * Lets many files have what is the same in them in common, as what comes from a thread or from the
 * disk is a copy of its own for each of them.
 */
export function createSharing(): (file: ReadFile) => ReadFile {
  const words = new Map<string, string>();
  const none: never[] = [];
  const shared = (word: string) => {
    if (!words.has(word)) words.set(word, word);
    return words.get(word) ?? word;
  };
  return (file) => {
    if (file.language !== null) file.language = shared(file.language);
    if (file.kind !== null) file.kind = shared(file.kind) as ReadFile['kind'];
    if (file.faults.length === 0) file.faults = none;
    if (file.todoLines.length === 0) file.todoLines = none;
    return file;
  };
}
