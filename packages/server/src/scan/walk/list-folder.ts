import { isUtf8 } from 'node:buffer';
import { type Dirent, opendirSync, readdirSync } from 'node:fs';

/** From which size on a folder, as its file system tells it, is not read in one piece. */
const largeFolderBytes = 4 * 1_048_576;

export interface Entry {
  /** With what is no UTF-8 written as `\xff`, if there are `lostBytes`. */
  readonly name: string;
  /** The bytes (latin1) of a name that is no UTF-8: no file can be opened by its text. */
  readonly lostBytes?: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * What is in a folder. A very large one is read piece by piece for as long as `goOn` says so, so
 * that millions of names neither fill the memory nor take minutes.
 *
 * @param size of the folder itself, as `lstat` gives it
 * @throws what the file system does
 */
export function listFolder(
  folder: string,
  size: number,
  goOn: (count: number) => boolean,
): Entry[] {
  const isLarge = size > largeFolderBytes;
  const found = isLarge
    ? listPiecemeal(folder, goOn)
    : readdirSync(folder, { withFileTypes: true });
  // A name with the replacement character may be just that, or one whose bytes are lost.
  if (isLarge || !found.some(({ name }) => name.includes('\ufffd'))) return found;
  return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).map(asText);
}

function listPiecemeal(folder: string, goOn: (count: number) => boolean): Entry[] {
  const found: Entry[] = [];
  // As bytes, because a second look at such a folder is one too many. The types know only text.
  const directory = opendirSync(folder, { bufferSize: 1_024, encoding: 'buffer' as never });
  try {
    for (;;) {
      const entry = directory.readSync() as Dirent<string> | Dirent<Buffer> | null;
      if (!entry || !goOn(found.length)) return found;
      found.push(asText(entry as Dirent<Buffer>));
    }
  } finally {
    directory.closeSync();
  }
}

function asText(entry: Dirent<Buffer>): Entry {
  const isText = isUtf8(entry.name);
  return {
    name: isText ? entry.name.toString() : escapedName(entry.name),
    ...(!isText && { lostBytes: entry.name.toString('latin1') }),
    isFile: () => entry.isFile(),
    isDirectory: () => entry.isDirectory(),
    isSymbolicLink: () => entry.isSymbolicLink(),
  };
}

function escapedName(name: Buffer): string {
  return Array.from(name, (byte) =>
    byte < 128 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}

/** The bytes of a text, as a string of characters up to 255. */
export function bytesOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1');
}
