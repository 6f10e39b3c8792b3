import { isUtf8 } from 'node:buffer';

/** As far into a file as a NUL byte is looked for. */
const binaryHead = 8192;

/**
 * The text in a file's bytes, without a byte order mark; `undefined`: it is binary. Bytes that are
 * no UTF-8 are read as Latin-1, in which every byte is a character and a letter stays a letter.
 */
export function readText(content: Buffer): string | undefined {
  if (content[0] === 0xff && content[1] === 0xfe) return content.toString('utf16le', 2);
  if (content[0] === 0xfe && content[1] === 0xff) {
    const even = content.subarray(2, content.length - (content.length % 2));
    return Buffer.from(even).swap16().toString('utf16le');
  }
  if (content.subarray(0, binaryHead).includes(0)) return undefined;
  if (!isUtf8(content)) return content.toString('latin1');
  const hasMark = content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf;
  return content.toString('utf8', hasMark ? 3 : 0);
}

/** Says on which line and in which column an offset is, both from 1. Lines end with CR, LF or both. */
export function createLocator(text: string): (offset: number) => { line: number; column: number } {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    const wanted = Math.max(0, Math.min(offset, text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= wanted) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: wanted - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\r|\n/g)) starts.push(end.index + end[0].length);
  return starts;
}

/** The offset of a line and column that both count from 0. */
export function offsetOf(text: string, row: number, column: number): number {
  let at = 0;
  for (let line = 0; line < row; line++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  return Math.min(text.length, at + column);
}
