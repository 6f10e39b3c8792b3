import { setTimeout as wait } from 'node:timers/promises';
import type { LogEntry } from '@borgos/contracts/deployment-logs';
import type { LogSource } from './log-source.ts';
import type { ShownLog, Wanted } from './scan-log.ts';

export interface FollowOptions {
  source: LogSource;
  log: ShownLog;
  /** The offset to begin at. */
  start: number;
  wanted: Pick<Wanted, 'stream' | 'revision'>;
  /** Whether to go on with what is printed from now on. */
  follow: boolean;
  /** Whether nothing will be printed any more. */
  isOver: () => Promise<boolean>;
  signal: AbortSignal;
}

/** What is read at once, and waits for a slow reader: about 1 ms of lines. */
const chunkBytes = 64 * 1024;
/** Proxies end what says nothing for long, and so does BorgOS. */
const aliveMs = 15_000;
/** In which the end of a build is seen. */
const buildMs = 500;
/** So that what an app prints in a row comes together. */
const gatherMs = 20;

/**
 * The lines of a log as NDJSON. It reads the file at the pace of its reader, so that a slow one
 * costs no memory.
 */
export async function* followLog(options: FollowOptions): AsyncGenerator<string> {
  const { source, log, follow, signal } = options;
  const isWanted = ({ stream, revision }: LogEntry) =>
    (!options.wanted.stream || stream === options.wanted.stream) &&
    (options.wanted.revision === undefined || revision === options.wanted.revision);
  let at = options.start;
  let saidAt = performance.now();
  let isLast = source.isBuild && (await options.isOver());
  while (!signal.aborted) {
    const { entries, offset, next } = await log.read(at, chunkBytes);
    let text = offset > at ? jsonLine({ gap: { offset: at, next_offset: offset } }) : '';
    for (const entry of entries) if (isWanted(entry)) text += jsonLine(entry);
    const isMore = next > at;
    at = Math.max(at, next);
    const isSilent = performance.now() - saidAt >= aliveMs;
    if (text !== '' || isSilent) {
      saidAt = performance.now();
      yield text === '' ? '\n' : text;
    }
    if (isMore) continue;
    if (!follow || isLast) return;
    const isRemoved = await source.grown(at, source.isBuild ? buildMs : aliveMs, signal);
    if (isRemoved || signal.aborted) return;
    const { end } = await source.bounds();
    if (end > at) await wait(gatherMs);
    // What was printed before its end was seen is read once more.
    else isLast = await options.isOver();
  }
}

function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
