import { stripVTControlCharacters } from 'node:util';

/** What is longer is cut for judging. */
export const longestJudged = 16 * 1024;

/** A line of an app's output. */
export interface OutputLine {
  /** Its bytes as Latin-1, at most the first 16 KiB, without the line end. */
  bytes: string;
  /** Without ANSI codes and line end. */
  text: string;
  /** Byte offsets in the output; `end` is behind the line end. */
  start: number;
  end: number;
}

/** @param bytes the line as Latin-1, or as much of its beginning as is known */
export function outputLine(bytes: string, start: number, end: number): OutputLine {
  const isCut = bytes.length > longestJudged;
  const judged = isCut
    ? bytes.slice(0, longestJudged)
    : bytes.endsWith('\r')
      ? bytes.slice(0, -1)
      : bytes;
  let text: string | undefined;
  return {
    bytes: judged,
    start,
    end,
    get text() {
      text ??= decode(judged) + (isCut ? ' [the rest of the line is cut]' : '');
      return text;
    },
  };
}

const beyondAscii = /[\u0080-\u00ff]/;

function decode(bytes: string): string {
  const text = beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
  return text.includes('\u001b') ? stripVTControlCharacters(text) : text;
}
