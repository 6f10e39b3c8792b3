import { hash as digest } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { createFaultFinder } from './faults/find-faults.ts';
import type { ReadFile } from './file-memory.ts';
import { createNativeMemory } from './native-memory.ts';
import { type OpenedFile, readFile } from './read-file.ts';
import { ScanFailure } from './scan-failure.ts';
import { codeOf, readRegularFile, reasonOf } from './walk/read-regular-file.ts';

/** A larger file is data: nobody wrote it, and nothing is counted or found in it. */
const mostBytes = 64 * 1024 ** 2;
/** How much is looked through at a time. */
const mostBatchBytes = 1024 ** 2;

export interface AskedFile {
  /** Relative to the project. */
  path: string;
  /** Of what the last scan has read of it; `null`: nothing. */
  hash: string | null;
}

export type FileAnswer =
  | { kind: 'read'; file: ReadFile }
  /** The content is the same as in the last scan. */
  | { kind: 'same'; modified: number }
  | { kind: 'unread'; reason: string; size: number };

/** Reads a few dozen files at a time and answers for each of them, in order. */
export function createChunkReader(
  directory: string,
  /** Called before each file is looked through. */
  onFile: (path: string) => void,
): {
  /** @throws ScanFailure */
  read(asked: readonly AskedFile[]): Promise<FileAnswer[]>;
} {
  const finder = createFaultFinder();
  const nativeMemory = createNativeMemory();

  async function look(batch: readonly OpenedFile[]): Promise<ReadFile[]> {
    await finder.prepare(batch.map(({ path }) => path));
    const found = finder.findAll(batch, onFile).map((faults, index) => {
      const file = batch[index] ?? unreachable();
      nativeMemory.add(file.path, file.content.length);
      return readFile(file, faults);
    });
    await nativeMemory.giveBack();
    return found;
  }

  return {
    async read(asked) {
      const answers: FileAnswer[] = [];
      let batch: (OpenedFile & { index: number })[] = [];
      let batchBytes = 0;
      const lookThroughBatch = async () => {
        if (batch.length === 0) return;
        for (const [at, file] of (await look(batch)).entries()) {
          answers[(batch[at] ?? unreachable()).index] = { kind: 'read', file };
        }
        batch = [];
        batchBytes = 0;
      };
      for (const [index, { path, hash }] of asked.entries()) {
        const opened = open(directory, path);
        if ('reason' in opened) {
          answers[index] = { kind: 'unread', ...opened };
        } else if (opened.hash === hash) {
          answers[index] = { kind: 'same', modified: opened.modified };
        } else {
          batch.push({ ...opened, index });
          batchBytes += opened.content.length;
          if (batchBytes >= mostBatchBytes) await lookThroughBatch();
        }
      }
      await lookThroughBatch();
      return answers;
    },
  };
}

function unreachable(): never {
  throw new Error('there is one answer for each file');
}

/** Or why it was not read. */
function open(directory: string, path: string): OpenedFile | { reason: string; size: number } {
  let size = 0;
  let modified = 0;
  try {
    const content = readRegularFile(join(directory, path), mostBytes, {
      onStats: (stats) => {
        size = stats.size;
        modified = Math.floor(stats.mtimeMs);
      },
    });
    if (!content) return { reason: 'it vanished while the project was read', size };
    return { path, size, modified, content, hash: digest('sha1', content, 'base64') };
  } catch (error) {
    // A disk that fails says so for every file, and then the figures would be wrong.
    if (codeOf(error) === 'EIO') throw new ScanFailure(`${path}: ${reasonOf(error)}`);
    if (size > mostBytes) {
      return { reason: `it is larger than ${mostBytes / 1024 ** 2} MB`, size };
    }
    return { reason: reasonOf(error), size: sizeOf(join(directory, path)) };
  }
}

function sizeOf(file: string): number {
  return lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
