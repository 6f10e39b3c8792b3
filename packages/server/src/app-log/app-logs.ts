import { rm } from 'node:fs/promises';
import type { LogLine } from './log-line.ts';
import { longestLine, parseLines } from './log-line.ts';
import { endOf, listSegments, readSegments, type Segment } from './log-segments.ts';
import { type LogLimits, type LogWriter, openLogWriter, readLogId } from './log-writer.ts';

/** What is kept of a log. */
export interface LogBounds {
  /** The offset of the oldest line that is kept. */
  start: number;
  /** Behind the newest. */
  end: number;
}

export interface LinesRead {
  lines: LogLine[];
  /** Where the first line is, or would be. */
  offset: number;
  /** Behind the last: where to read on. */
  next: number;
}

/**
 * The logs of what runs: each a directory that one writer appends to, and that everybody may read.
 * There is one of these in BorgOS.
 */
export interface AppLogs {
  readonly limits: LogLimits;
  /** The writer of a log, the same for all who ask. */
  writer(directory: string): Promise<LogWriter>;
  bounds(directory: string): Promise<LogBounds>;
  /** Names the log; `undefined`: nothing was printed yet. */
  id(directory: string): Promise<string | undefined>;
  /**
   * The whole lines from `from` on, of at most `most` bytes in the file, but at least one. What is
   * not kept any more is passed over; an offset within a line is taken as that of the line.
   */
  read(directory: string, from: number, most: number): Promise<LinesRead>;
  /** The same for the lines that end at `to` at the latest. */
  readBack(directory: string, to: number, most: number): Promise<LinesRead>;
  /**
   * Resolves as soon as there is something behind `end`, the log is removed, or the time is over.
   * @returns whether the log was removed
   */
  grown(directory: string, end: number, ms: number, signal: AbortSignal): Promise<boolean>;
  /** Removes all of a log, for good. */
  remove(directory: string): Promise<void>;
  close(): Promise<void>;
}

const defaultLimits: LogLimits = { cap: 64 * 1024 ** 2, segment: 4 * 1024 ** 2 };

export function createAppLogs(limits: LogLimits = defaultLimits): AppLogs {
  const writers = new Map<string, Promise<LogWriter>>();
  /** The same, as soon as they are open. */
  const opened = new Map<string, LogWriter>();
  const waiting = new Map<string, Set<(isRemoved: boolean) => void>>();

  function wake(directory: string, isRemoved = false): void {
    const callbacks = waiting.get(directory);
    if (!callbacks) return;
    waiting.delete(directory);
    for (const callback of callbacks) callback(isRemoved);
  }

  function writer(directory: string): Promise<LogWriter> {
    const known = writers.get(directory);
    if (known) return known;
    const opening = openLogWriter(directory, limits, () => wake(directory));
    writers.set(directory, opening);
    opening.then(
      (writer) => {
        if (writers.get(directory) === opening) opened.set(directory, writer);
      },
      () => writers.delete(directory),
    );
    return opening;
  }

  async function segmentsOf(directory: string): Promise<readonly Segment[]> {
    return opened.get(directory)?.segments ?? listSegments(directory);
  }

  /** Reads what is there; what is removed at that moment is no longer in the list at the next try. */
  async function readBytes(directory: string, from: number, to: number): Promise<Buffer> {
    for (let tries = 0; tries < 5; tries += 1) {
      const bytes = await readSegments(
        directory,
        [...(await segmentsOf(directory))],
        from,
        to - from,
      );
      if (bytes) return bytes;
    }
    return Buffer.alloc(0);
  }

  async function bounds(directory: string): Promise<LogBounds> {
    const segments = await segmentsOf(directory);
    return { start: segments[0]?.start ?? 0, end: endOf(segments) };
  }

  async function read(directory: string, from: number, most: number): Promise<LinesRead> {
    const { start, end } = await bounds(directory);
    const at = from < start || from > end ? start : from;
    // A line may begin before; its newline may be just before.
    const before = Math.min(at - start, longestLine);
    const bytes = await readBytes(
      directory,
      at - before,
      Math.min(end, at + Math.max(most, longestLine)),
    );
    const begin = before === 0 ? 0 : bytes.lastIndexOf(10, before - 1) + 1;
    const offset = at - before + begin;
    const until = endWithin(bytes, begin, most);
    const lines = parseLines(bytes.subarray(begin, until), offset);
    // Where nothing is a line, as a broken disk may leave it, it is read on behind that.
    return { lines, offset, next: lines.at(-1)?.end ?? offset + until - begin };
  }

  async function readBack(directory: string, to: number, most: number): Promise<LinesRead> {
    const { start, end } = await bounds(directory);
    const until = Math.min(to, end);
    const from = Math.max(start, until - Math.max(most, 2 * longestLine));
    if (until <= from)
      return { lines: [], offset: Math.max(until, start), next: Math.max(until, start) };
    const bytes = await readBytes(directory, from, until);
    const begin = from === start ? 0 : bytes.indexOf(10) + 1;
    const lines = parseLines(bytes.subarray(begin), from + begin);
    return { lines, offset: from + begin, next: lines.at(-1)?.end ?? from + begin };
  }

  return {
    limits,
    writer,
    bounds,
    id: async (directory) => opened.get(directory)?.id ?? readLogId(directory),
    read,
    readBack,
    async grown(directory, end, ms, signal) {
      const now = await bounds(directory);
      if (now.end > end) return false;
      return new Promise((resolve) => {
        const callbacks = waiting.get(directory) ?? new Set();
        waiting.set(directory, callbacks);
        const done = (isRemoved: boolean) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          callbacks.delete(done);
          if (callbacks.size === 0 && waiting.get(directory) === callbacks)
            waiting.delete(directory);
          resolve(isRemoved);
        };
        const giveUp = () => done(false);
        const timer = setTimeout(giveUp, ms);
        callbacks.add(done);
        signal.addEventListener('abort', giveUp, { once: true });
        // It may have grown while this looked.
        if (signal.aborted || endOf(opened.get(directory)?.segments ?? []) > end) giveUp();
      });
    },
    async remove(directory) {
      const known = writers.get(directory);
      writers.delete(directory);
      opened.delete(directory);
      await (await known?.catch(() => undefined))?.close().catch(() => {});
      await rm(directory, { recursive: true, force: true });
      wake(directory, true);
    },
    async close() {
      for (const known of writers.values()) {
        await (await known.catch(() => undefined))?.close();
      }
      writers.clear();
      opened.clear();
      for (const directory of [...waiting.keys()]) wake(directory);
    },
  };
}

/** Behind the last line that is within `most` bytes, or behind the first one. */
function endWithin(bytes: Buffer, begin: number, most: number): number {
  if (bytes.length - begin <= most) return bytes.length;
  const last = bytes.lastIndexOf(10, begin + most - 1) + 1;
  return last > begin ? last : bytes.indexOf(10, begin) + 1 || bytes.length;
}
