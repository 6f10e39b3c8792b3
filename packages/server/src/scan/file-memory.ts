import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Fault } from './faults/fault.ts';
import type { LineCount } from './lines/count-lines.ts';
import type { Language } from './lines/language.ts';
import type { BrokenManifest, Manifest } from './manifests/manifest.ts';
import { readRegularFile } from './walk/read-regular-file.ts';

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

interface Memory {
  format: number;
  /** When the scan began that wrote it: a file changed since may look as before. */
  began: number;
  files: Map<string, ReadFile>;
}

/** One higher when what is found in a file would be another: the memory is then of no use. */
const format = 1;
const mostBytes = 512 * 1024 ** 2;
/** As exact as the coarsest file system tells the time of a change. */
const clockStepMs = 2_000;

export interface FileMemory {
  /** What was found in a file that looks as it did then; `undefined`: it has to be read. */
  recall(path: string, size: number, modified: number): ReadFile | undefined;
  /** The same for one that looks different, but has the same content. */
  ofContent(path: string, hash: string): ReadFile | undefined;
}

/** What the last scan has read; empty where there was none, or another version wrote it. */
export function readMemory(file: string): FileMemory {
  const { began, files } = read(file);
  return {
    recall(path, size, modified) {
      const known = files.get(path);
      if (known?.size !== size || known.modified !== modified) return undefined;
      return modified < began - clockStepMs ? known : undefined;
    },
    ofContent(path, hash) {
      const known = files.get(path);
      return known?.hash === hash ? known : undefined;
    },
  };
}

/** Replaces the memory as a whole: who is killed in mid-write leaves the old one. */
export function writeMemory(file: string, began: number, files: Map<string, ReadFile>): void {
  const memory: Memory = { format, began, files };
  const draft = `${file}.new`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeSync(descriptor, serialize(memory));
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}

function read(file: string): Memory {
  try {
    const bytes = readRegularFile(file, mostBytes);
    const memory: Memory | undefined = bytes && deserialize(bytes);
    if (memory?.format === format && memory.files instanceof Map) return memory;
  } catch {
    // It is only a memory: what cannot be read of it is read from the project.
  }
  return { format, began: 0, files: new Map() };
}
