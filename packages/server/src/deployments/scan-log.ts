import { stripVTControlCharacters } from 'node:util';
import type { LogEntry } from '@borgos/contracts/deployment-logs';
import type { LogBounds } from '../app-log/app-logs.ts';
import type { LogLine } from '../app-log/log-line.ts';

/** Lines in a row as they may be shown, with the lines as they are in the log. */
export interface ShownLines {
  lines: LogLine[];
  entries: LogEntry[];
  offset: number;
  next: number;
}

/** Reads a log as it may be shown: see `LogSource`. */
export interface ShownLog {
  bounds(): Promise<LogBounds>;
  /** @param isOfInterest when none of what was read is, no text is made of it */
  read(from: number, most: number, isOfInterest?: Interest): Promise<ShownLines>;
  readBack(to: number, most: number, isOfInterest?: Interest): Promise<ShownLines>;
}

export type Interest = (lines: LogLine[]) => boolean;

export interface Wanted {
  /** Without it, all. */
  text: string | undefined;
  stream: 'stdout' | 'stderr' | undefined;
  revision: number | undefined;
}

export interface ScanOptions {
  wanted: Wanted;
  /** Where to begin: oldest first behind it, newest first before it. */
  from: number;
  order: 'oldest' | 'newest';
  mostLines: number;
  /** Of the file; at least one line is found, if there is one. */
  mostBytes: number;
  /** For how long it looks at most. */
  ms: number;
  signal: AbortSignal;
}

export interface Scanned {
  /** Oldest first. */
  entries: LogEntry[];
  /** The oldest and the newest place that was looked at. */
  offset: number;
  next: number;
  /** Whether there is more to look at. */
  isCut: boolean;
}

const chunkBytes = 128 * 1024;

/** Finds lines in a log, piece by piece, so that others have their turn meanwhile. */
export async function scanLog(log: ShownLog, options: ScanOptions): Promise<Scanned> {
  const { wanted, order, mostLines, mostBytes, signal } = options;
  const until = performance.now() + options.ms;
  const isForward = order === 'oldest';
  const { start, end } = await log.bounds();
  const inside = Math.max(start, Math.min(options.from, end));
  let begin = isForward && options.from > end ? start : inside;
  const matches = matcher(wanted);
  const isOfInterest = interest(wanted);
  const found: LogEntry[] = [];
  let at = begin;
  let bytes = 0;

  const result = (isCut: boolean): Scanned => ({
    entries: isForward ? found : found.reverse(),
    offset: isForward ? begin : at,
    next: isForward ? at : begin,
    isCut,
  });

  for (let isFirst = true; ; isFirst = false) {
    const chunk = Math.min(chunkBytes, Math.max(mostBytes - bytes, 1));
    const size = wanted.text || wanted.stream || wanted.revision ? chunkBytes : chunk;
    const read = isForward
      ? await log.read(at, size, isOfInterest)
      : await log.readBack(at, size, isOfInterest);
    if (read.lines.length === 0) {
      const isStuck = !isForward || read.next <= at;
      if (isForward) at = read.next;
      if (isStuck || at >= end) return result(false);
      continue;
    }
    // An offset within a line is taken as that of the line.
    if (isForward && isFirst) begin = read.offset;
    for (let index = 0; index < read.lines.length; index += 1) {
      const place = isForward ? index : read.lines.length - 1 - index;
      const line = read.lines[place];
      const entry = read.entries[place];
      if (!line || !entry || !matches(entry)) continue;
      const size = line.end - line.offset;
      // The one that no longer fits is for the next time.
      if (found.length >= mostLines || (found.length > 0 && bytes + size > mostBytes)) {
        at = isForward ? line.offset : line.end;
        return result(true);
      }
      found.push(entry);
      bytes += size;
    }
    at = isForward ? read.next : read.offset;
    if (isForward ? at >= end : at <= start) return result(false);
    if (performance.now() > until || signal.aborted) return result(true);
  }
}

function matcher({ text, stream, revision }: Wanted): (entry: LogEntry) => boolean {
  const searched = text?.toLowerCase();
  return (entry) => {
    if (stream && entry.stream !== stream) return false;
    if (revision !== undefined && entry.revision !== revision) return false;
    return searched === undefined || plain(entry.text).includes(searched);
  };
}

/** Whether any of the lines can match: most have nothing of what is searched for, secrets or not. */
function interest({ text, stream, revision }: Wanted): Interest {
  const searched = text?.toLowerCase();
  // What stands in the place of a secret is not in the file.
  const isPlaceholder =
    searched === undefined || /[[\]]/.test(searched) || 'redacted'.includes(searched);
  return (lines) => {
    const some = lines.some(
      (line) =>
        (!stream || line.stream === stream) &&
        (revision === undefined || line.revision === revision),
    );
    if (!some || isPlaceholder) return some;
    const [first] = lines;
    const last = lines.at(-1);
    if (!first || !last) return false;
    // They lie side by side in one piece of memory, heads between them.
    const { buffer, byteOffset } = first.content;
    const length = last.content.byteOffset + last.content.length - byteOffset;
    return plain(Buffer.from(buffer, byteOffset, length).toString()).includes(searched);
  };
}

function plain(text: string): string {
  return (text.includes('\u001b') ? stripVTControlCharacters(text) : text).toLowerCase();
}
