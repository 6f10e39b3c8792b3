import { open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { AppLogs, LinesRead, LogBounds } from '../app-log/app-logs.ts';
import { cutAt, type LogLine, longestContent, longestLine } from '../app-log/log-line.ts';

/** Something that lines are read from: see `AppLogs`, of which this is one log. */
export interface LogSource {
  isBuild: boolean;
  /** How much of it is kept at most, in bytes. */
  cap: number;
  bounds(): Promise<LogBounds>;
  read(from: number, most: number): Promise<LinesRead>;
  readBack(to: number, most: number): Promise<LinesRead>;
  grown(end: number, ms: number, signal: AbortSignal): Promise<boolean>;
}

export function appSource(logs: AppLogs, directory: string): LogSource {
  return {
    isBuild: false,
    cap: logs.limits.cap,
    bounds: () => logs.bounds(directory),
    read: (from, most) => logs.read(directory, from, most),
    readBack: (to, most) => logs.readBack(directory, to, most),
    grown: (end, ms, signal) => logs.grown(directory, end, ms, signal),
  };
}

const lookMs = 200;

/** The log of a build is a plain file, of which nothing is removed. */
export function buildSource(file: string, revision: number, cap: number): LogSource {
  async function bounds(): Promise<LogBounds> {
    const size = await stat(file).then(
      (stats) => stats.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return 0;
      },
    );
    return { start: 0, end: size };
  }

  /** Lines of a plain text; what is over 16 KiB is in pieces, and so is what has not ended. */
  function split(bytes: Buffer, offset: number): LogLine[] {
    const lines: LogLine[] = [];
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const until = newline === -1 ? bytes.length : newline;
      const isEnded = newline !== -1 && until - at <= longestContent;
      const to = until - at > longestContent ? cutAt(bytes, at, longestContent) : until;
      const end = isEnded ? to + 1 : to;
      lines.push({
        offset: offset + at,
        end: offset + end,
        ...{ stream: 'stdout', at: '0', revision, generation: 0, isEnded },
        content: bytes.subarray(at, to),
      });
      at = end;
    }
    return lines;
  }

  async function read(from: number, most: number): Promise<LinesRead> {
    const { end } = await bounds();
    const offset = from > end ? 0 : from;
    const bytes = await readBytes(
      file,
      offset,
      Math.min(end - offset, Math.max(most, longestLine)),
    );
    const last = bytes.length > most ? bytes.lastIndexOf(10, most - 1) + 1 : 0;
    const lines = split(last > 0 ? bytes.subarray(0, last) : bytes, offset);
    return { lines, offset, next: lines.at(-1)?.end ?? offset };
  }

  async function readBack(to: number, most: number): Promise<LinesRead> {
    const { end } = await bounds();
    const until = Math.min(to, end);
    const from = Math.max(0, until - Math.max(most, 2 * longestLine));
    const bytes = await readBytes(file, from, until - from);
    const begin = from === 0 ? 0 : bytes.indexOf(10) + 1;
    const lines = split(bytes.subarray(begin), from + begin);
    return { lines, offset: from + begin, next: until };
  }

  return {
    isBuild: true,
    cap,
    bounds,
    read,
    readBack,
    async grown(end, ms, signal) {
      const until = performance.now() + ms;
      while (!signal.aborted && performance.now() < until) {
        if ((await bounds()).end > end) return false;
        await wait(lookMs, undefined, { signal }).catch(() => {});
      }
      return false;
    },
  };
}

async function readBytes(file: string, start: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
