import { setImmediate } from 'node:timers/promises';
import type { LogLine } from '../../app-log/log-line.ts';
import type { OutputLog } from '../../deployments/deployments.ts';
import { createLineFinders, type Finding, type LineFinders } from './line-finders.ts';

/** Where findings are from. */
export interface FoundIn {
  /** Names the log that offsets are of. */
  content: string;
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
}

/** When it was printed, by the clock of the machine. */
export interface DatedFinding extends Finding {
  printedAt: Date;
}

export interface FollowedOutputOptions {
  log: OutputLog;
  findPosition: () => Promise<number | undefined>;
  report: (findings: DatedFinding[], from: FoundIn) => Promise<void>;
}

/** What a look takes at most: the rest is for the next one, after those at others. */
const most = { bytes: 4 * 1024 ** 2, findings: 500, busyMs: 200 };
const readBytes = 64 * 1024;
/** So little that who waits for the event loop does not notice. */
const sliceBytes = 16 * 1024;
const turnMs = 4;
const nothing: Look = { hasMore: false, busyMs: 0 };
/** A little less than it is between two looks. */
const quietMs = 900;

/** Finds what a growing log tells of errors. Its methods are not to be called side by side. */
export function followOutput({ log, findPosition, report }: FollowedOutputOptions): FollowedOutput {
  let finders: LineFinders = createLineFinders();
  let position: number | undefined;
  let content = '';
  let isPending = false;
  let grewAt = 0;

  function beginAt(offset: number): void {
    position = offset;
    finders = createLineFinders();
  }

  /** Returns how many there were. What was not reported is read again. */
  async function reportAll(
    resume: number,
    find: () => DatedFinding[] | Promise<DatedFinding[]>,
  ): Promise<number> {
    const findings = await find();
    if (findings.length === 0) return 0;
    // A new life begins behind what is recorded: what another stream has pending comes before that.
    const settled = finders.unsettled ?? Number.POSITIVE_INFINITY;
    const bounded = findings.map((finding) => ({
      ...finding,
      end: Math.min(finding.end, settled),
    }));
    try {
      await report(bounded, { content });
      return findings.length;
    } catch (error) {
      beginAt(resume);
      throw error;
    }
  }

  async function flush(): Promise<void> {
    if (!isPending || position === undefined) return;
    const now = new Date();
    const resume = finders.unsettled ?? position;
    await reportAll(resume, () => finders.flush().map((one) => ({ ...one, printedAt: now })));
    isPending = false;
  }

  async function readOn(from: number, signal: AbortSignal): Promise<Look> {
    const until = from + most.bytes;
    const turns = createShortTurns();
    let findings = 0;
    let at = from;
    while (!signal.aborted && at < until) {
      const { lines, next } = await log.read(at, readBytes);
      if (lines.length === 0) return { hasMore: false, busyMs: turns.busyMs };
      grewAt = performance.now();
      isPending = true;
      const resume = finders.unsettled ?? at;
      findings += await reportAll(resume, () => pushAll(lines, turns));
      at = next;
      position = next;
      if (findings >= most.findings || turns.busyMs > most.busyMs) break;
    }
    return { hasMore: true, busyMs: turns.busyMs };
  }

  async function pushAll(lines: LogLine[], turns: ShortTurns): Promise<DatedFinding[]> {
    const findings: DatedFinding[] = [];
    turns.begin();
    for (let from = 0; from < lines.length; ) {
      const slice = sliceOf(lines, from);
      // Of a traceback that went over slices it is when its end was printed.
      const printedAt = new Date(Number(slice.at(-1)?.at.slice(0, 13)));
      for (const finding of finders.push(slice)) findings.push({ ...finding, printedAt });
      from += slice.length;
      await turns.next();
    }
    return findings;
  }

  return {
    async look(signal) {
      const { start, end } = await log.bounds();
      if (end === 0) return nothing;
      if (content === '') content = (await log.id()) ?? '';
      if (position === undefined) {
        const recorded = (await findPosition()) ?? 0;
        beginAt(recorded > end ? start : recorded);
      }
      if (end > (position ?? 0)) return readOn(position ?? 0, signal);
      if (performance.now() - grewAt >= quietMs) await flush();
      return nothing;
    },
    flush,
  };
}

function sliceOf(lines: LogLine[], from: number): LogLine[] {
  let bytes = 0;
  let to = from;
  while (to < lines.length && bytes < sliceBytes) {
    bytes += lines[to]?.content.length ?? 0;
    to += 1;
  }
  return lines.slice(from, to);
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
