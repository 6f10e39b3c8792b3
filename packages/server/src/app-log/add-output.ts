import type { LineBatch } from './line-batch.ts';
import { cutAt, type LineStream, longestContent } from './log-line.ts';
import { advance, type LogPosition } from './log-position.ts';

/** What the bytes are, besides them. */
interface Printed {
  stream: LineStream;
  /** In Unix nanoseconds: 19 digits. */
  at: string;
  /** Takes what has no newline yet, too, as a piece whose line goes on. */
  takeRest: boolean;
}

const newline = 10;

/**
 * Adds what was printed to a batch, line by line, and moves the position behind it. A line over
 * 16 KiB is added in pieces that end between characters of UTF-8.
 * @returns how many bytes were taken: less than all where a line has not ended
 */
export function addOutput(
  batch: LineBatch,
  position: LogPosition,
  bytes: Buffer,
  { stream, at, takeRest }: Printed,
): number {
  let from = 0;
  function add(until: number, isEnded: boolean): void {
    batch.add({ stream, at, isEnded, content: bytes.subarray(from, until) });
    from = isEnded ? until + 1 : until;
  }
  while (from < bytes.length) {
    const found = bytes.indexOf(newline, from);
    const until = found === -1 ? bytes.length : found;
    const begun = from;
    if (until - from > longestContent) add(cutAt(bytes, from, longestContent), false);
    else if (found !== -1) add(found, true);
    else if (takeRest) add(bytes.length, false);
    else break;
    advance(position, { stream, at }, from - begun);
  }
  return from;
}
