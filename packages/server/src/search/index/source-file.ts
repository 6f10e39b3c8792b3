import { hash } from 'node:crypto';
import path from 'node:path';
import { decodeText, isBinary } from '../../scan/lines/decode-text.ts';
import { readRegularFile } from '../../scan/walk/read-regular-file.ts';

/** Larger ones are data: they are neither searched nor told of, but counted. */
const mostFileBytes = 4 * 1024 ** 2;

/** A file's text as it is now; `null`: there is none, or it is no text. */
export interface SourceFile {
  text: string;
  hash: Buffer;
}

export function readSource(directory: string, file: string): SourceFile | null {
  const content = readRegularFile(path.join(directory, file), mostFileBytes);
  if (!content || isBinary(content.subarray(0, 8_192))) return null;
  return { text: decodeText(content).toString('utf8'), hash: hash('sha1', content, 'buffer') };
}
