import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { decodeText, isBinary } from '../../scan/lines/decode-text.ts';
import { readRegularFile } from '../../scan/walk/read-regular-file.ts';

/** Larger ones are data: they are neither searched nor told of, but counted. */
const mostFileBytes = 4 * 1024 ** 2;

export interface SourceFile {
  text: string;
  hash: Buffer;
}

/** A file as it is now; `null`: there is none, or it is no text. */
export function readSource(directory: string, file: string): SourceFile | null {
  const content = readContent(directory, file);
  return content && { text: textOf(content), hash: hash('sha1', content, 'buffer') };
}

/** A file's text as it is now, with what the system says of it; `null`: there is none, or it is no text. */
export function readText(directory: string, file: string): { text: string; stats: Stats } | null {
  let stats: Stats | undefined;
  const content = readContent(directory, file, (seen) => {
    stats = seen;
  });
  return content && stats ? { text: textOf(content), stats } : null;
}

function readContent(
  directory: string,
  file: string,
  onStats?: (stats: Stats) => void,
): Buffer | null {
  const options = onStats ? { onStats } : {};
  const content = readRegularFile(path.join(directory, file), mostFileBytes, options);
  return !content || isBinary(content.subarray(0, 8_192)) ? null : content;
}

function textOf(content: Buffer): string {
  return decodeText(content).toString('utf8');
}
