import { type FileHandle, open, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import {
  createTracebackFinder,
  type TracebackFinder,
  type Tracebacks,
} from '../output/find-tracebacks.ts';

export type Finding = Tracebacks['findings'][number];

/** Where findings are from. */
export interface FoundIn {
  /** Names the content that offsets are of: another one when the file is begun anew. */
  content: string;
  /** When the file was last written to. */
  writtenAt: Date;
}

export interface Look {
  /** Whether there is more to read. */
  hasMore: boolean;
  /** For how many milliseconds the processor was busy. */
  busyMs: number;
}

export interface FollowedOutput {
  /**
   * Reads what is new, for a while.
   * @throws what reading throws, or reporting: then the same is read and reported again
   */
  look(signal: AbortSignal): Promise<Look>;
  /** Takes what is pending as ended. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface FollowedOutputOptions {
  file: string;
  /** Shared by those that are not read at the same time. */
  buffer: Buffer;
  findPosition: () => Promise<number | undefined>;
  report: (findings: Finding[], from: FoundIn) => Promise<void>;
}

/** What a look takes at most: the rest is for the next one, after those at others. */
const most = { bytes: 4 * 1024 ** 2, findings: 500, busyMs: 200 };
/** So little that who waits for the event loop does not notice. */
const sliceBytes = 16 * 1024;
const turnMs = 4;
const nothing: Look = { hasMore: false, busyMs: 0 };
/** A little less than it is between two looks. */
const quietMs = 900;

/** Finds what a growing file tells of errors. Its methods are not to be called side by side. */
export function followOutput({
  file,
  buffer,
  findPosition,
  report,
}: FollowedOutputOptions): FollowedOutput {
  let opened: { handle: FileHandle; ino: number } | undefined;
  let finder: TracebackFinder | undefined;
  let position = 0;
  /** It never gets smaller, unless the file is begun anew. */
  let size = 0;
  let emptied = '';
  let from: FoundIn = { content: '', writtenAt: new Date(0) };
  let isPending = false;
  let grewAt = 0;

  function beginAt(offset: number): void {
    position = offset;
    // What a slice can have is few enough.
    finder = createTracebackFinder({ offset, maxFindings: Number.POSITIVE_INFINITY });
  }

  /** Returns how many there were. What was not reported is read again. */
  async function reportFrom(
    find: (finder: TracebackFinder) => Finding[] | Promise<Finding[]>,
  ): Promise<number> {
    if (!finder) return 0;
    const { resumeOffset } = finder;
    const findings = await find(finder);
    if (findings.length === 0) return 0;
    try {
      await report(findings, from);
      return findings.length;
    } catch (error) {
      beginAt(resumeOffset);
      throw error;
    }
  }

  async function flush(): Promise<void> {
    if (!isPending) return;
    await reportFrom((finder) => finder.flush().findings);
    isPending = false;
  }

  async function close(): Promise<void> {
    const { handle } = opened ?? {};
    opened = undefined;
    await handle?.close();
  }

  /** Goes to the beginning of what is in the place of what was read. */
  async function beginAnew(): Promise<void> {
    // What was pending cannot be read again: there is one try.
    await flush().finally(() => {
      isPending = false;
      size = 0;
      beginAt(0);
    });
  }

  async function readOn(handle: FileHandle, signal: AbortSignal): Promise<Look> {
    const until = position + most.bytes;
    const turns = createShortTurns();
    let findings = 0;
    while (!signal.aborted && position < until) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return { hasMore: false, busyMs: turns.busyMs };
      grewAt = performance.now();
      isPending = true;
      findings += await reportFrom((finder) => pushAll(finder, bytesRead, turns));
      if (findings >= most.findings || turns.busyMs > most.busyMs) break;
    }
    return { hasMore: true, busyMs: turns.busyMs };
  }

  async function pushAll(
    finder: TracebackFinder,
    length: number,
    turns: ShortTurns,
  ): Promise<Finding[]> {
    const findings: Finding[] = [];
    turns.begin();
    for (let at = 0; at < length; at += sliceBytes) {
      const slice = buffer.subarray(at, Math.min(at + sliceBytes, length));
      for (const finding of finder.push(slice, position).findings) findings.push(finding);
      position += slice.length;
      await turns.next();
    }
    return findings;
  }

  return {
    async look(signal) {
      const stats = await stat(file).catch(noFile);
      if (!stats) return nothing;
      if (!finder) {
        const recorded = (await findPosition()) ?? 0;
        beginAt(recorded > stats.size ? 0 : recorded);
      } else if (opened && opened.ino !== stats.ino) {
        // Renamed: what was printed last is at the end of the one that is open.
        const rest = await readOn(opened.handle, signal);
        if (rest.hasMore) return rest;
        await close();
        await beginAnew();
        emptied = '';
      } else if (stats.size < size) {
        await beginAnew();
        // The same may be printed again at the same place.
        emptied = `-${Math.floor(stats.mtimeMs)}`;
      }
      const { ino, birthtimeMs, mtime } = stats;
      size = Math.max(size, stats.size);
      from = { content: `${ino}-${Math.floor(birthtimeMs)}${emptied}`, writtenAt: mtime };
      if (size > position) {
        opened ??= await openFile(file);
        return readOn(opened.handle, signal);
      }
      if (performance.now() - grewAt >= quietMs) await flush();
      return nothing;
    },
    flush,
    close,
  };
}

interface ShortTurns {
  readonly busyMs: number;
  begin(): void;
  /** Lets others have their turn, if this one was long enough. */
  next(): Promise<void>;
}

function createShortTurns(): ShortTurns {
  let busyMs = 0;
  let began = 0;
  return {
    get busyMs() {
      return busyMs;
    },
    begin() {
      began = performance.now();
    },
    async next() {
      const ms = performance.now() - began;
      if (ms < turnMs) return;
      busyMs += ms;
      await setImmediate();
      began = performance.now();
    },
  };
}

async function openFile(file: string): Promise<{ handle: FileHandle; ino: number }> {
  const handle = await open(file);
  try {
    const { ino } = await handle.stat();
    return { handle, ino };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
