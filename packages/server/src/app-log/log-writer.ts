import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { createInTurn } from '../in-turn.ts';
import type { LineBatch } from './line-batch.ts';
import { parseLine } from './log-line.ts';
import { advance, type LogPosition, logPosition } from './log-position.ts';
import {
  endOf,
  listSegments,
  readSegments,
  removeOtherSegments,
  type Segment,
  segmentFile,
} from './log-segments.ts';

export interface LogLimits {
  /** How much of a log is kept at most, in bytes on disk. */
  cap: number;
  /** The size of one file of it: what is removed at once. */
  segment: number;
}

/** The one that appends to a log. */
export interface LogWriter {
  /** Names this log: offsets of one of another name tell nothing. */
  readonly id: string;
  readonly segments: readonly Segment[];
  /** Appends the lines; `position` is that of their instance behind them. */
  append(batch: LineBatch, position: LogPosition): Promise<void>;
  /** How far the output of a generation was copied. */
  positionOf(generation: number): LogPosition;
  /** Sets how far the output of a generation was copied, where it is not the lines that tell it. */
  move(generation: number, position: LogPosition): Promise<void>;
  /** The generation prints no more. */
  forget(generation: number): Promise<void>;
  close(): Promise<void>;
}

/** How much may be behind the saved positions, and so is read when a log is opened after a crash. */
const mostUnsaved = 1024 * 1024;
const never = new AbortController().signal;

const savedSchema = z.object({
  id: z.string(),
  /** The offset that the positions belong to. */
  end: z.int(),
  /** By generation. */
  positions: z.record(z.string(), logPosition),
});

type Saved = z.infer<typeof savedSchema>;

/**
 * Opens a log: a directory with files `<offset>.log` of lines, and one that tells how far each
 * generation was copied at some offset. The lines behind that tell the rest, so that after a
 * `kill -9` nothing is lost or there twice.
 * @param onChange called when there is more
 */
export async function openLogWriter(
  directory: string,
  limits: LogLimits,
  onChange: () => void = () => {},
): Promise<LogWriter> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const savedFile = savedFileIn(directory);
  const segments = await listSegments(directory);
  await removeOtherSegments(directory, segments);
  const saved = (await readSaved(savedFile)) ?? {
    id: randomBytes(6).toString('hex'),
    end: segments[0]?.start ?? 0,
    positions: {},
  };
  // Somebody removed its files: what is printed from now on is at other offsets than that was.
  if (segments.length === 0) segments.push({ start: saved.end, size: 0 });
  const positions = await recover(directory, segments, saved);
  let savedEnd = -1;
  let isClosed = false;
  const inTurn = createInTurn();

  async function save(): Promise<void> {
    const end = endOf(segments);
    const content: Saved = { id: saved.id, end, positions: Object.fromEntries(positions) };
    await writeFile(`${savedFile}.new`, JSON.stringify(content), { mode: 0o600 });
    await rename(`${savedFile}.new`, savedFile);
    savedEnd = end;
  }

  /** Begins a new file when the last one is full, and removes the oldest ones over the cap. */
  async function makeRoom(bytes: number): Promise<Segment> {
    const last = segments.at(-1);
    if (last && (last.size === 0 || last.size + bytes <= limits.segment)) return last;
    if (last) await save();
    const next = { start: endOf(segments), size: 0 };
    segments.push(next);
    const kept = () => endOf(segments) - (segments[0]?.start ?? 0);
    while (segments.length > 1 && kept() + limits.segment > limits.cap) {
      const [oldest] = segments.splice(0, 1);
      if (oldest) await rm(segmentFile(directory, oldest.start), { force: true });
    }
    return next;
  }

  async function append(batch: LineBatch, position: LogPosition): Promise<void> {
    if (isClosed) throw new Error('the log is closed');
    const segment = await makeRoom(batch.size);
    const file = segmentFile(directory, segment.start);
    try {
      await appendFile(file, batch.bytes(), { mode: 0o600 });
    } catch (error) {
      // A part may have been written, on a full disk; it will be written again.
      await truncate(file, segment.size);
      throw error;
    }
    segment.size += batch.size;
    positions.set(String(batch.generation), position);
    onChange();
    if (endOf(segments) - savedEnd >= mostUnsaved) await save();
  }

  await save();
  return {
    id: saved.id,
    segments,
    append(batch, position) {
      if (batch.size === 0) return Promise.resolve();
      // As it is now: it may move on while this waits for its turn.
      const behind = structuredClone(position);
      return inTurn(() => append(batch, behind), never);
    },
    positionOf: (generation) => structuredClone(positions.get(String(generation)) ?? {}),
    move: (generation, position) =>
      inTurn(async () => {
        positions.set(String(generation), structuredClone(position));
        await save();
      }, never),
    forget: (generation) =>
      inTurn(async () => {
        if (positions.delete(String(generation)) && !isClosed) await save();
      }, never),
    close: () =>
      inTurn(async () => {
        if (isClosed) return;
        isClosed = true;
        await save();
      }, never),
  };
}

function savedFileIn(directory: string): string {
  return join(directory, 'position.json');
}

/** Names the log; `undefined`: there is none. */
export async function readLogId(directory: string): Promise<string | undefined> {
  return (await readSaved(savedFileIn(directory)))?.id;
}

/** Missing or damaged: as if nothing had been copied. */
async function readSaved(file: string): Promise<Saved | undefined> {
  try {
    return savedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The positions at the end; cuts off what a crash left of a line there. */
async function recover(
  directory: string,
  segments: Segment[],
  saved: Saved,
): Promise<Map<string, LogPosition>> {
  const positions = new Map(Object.entries(saved.positions));
  const last = segments.at(-1);
  if (!last) return positions;
  const from = Math.min(Math.max(saved.end, segments[0]?.start ?? 0), endOf(segments));
  const bytes = await readSegments(directory, segments, from, endOf(segments) - from);
  let at = 0;
  for (;;) {
    const until = bytes?.indexOf(10, at) ?? -1;
    const line = until === -1 || !bytes ? undefined : parseLine(bytes, at, until);
    if (!line) break;
    const key = String(line.generation);
    const position = positions.get(key) ?? {};
    advance(position, line, line.content.length + Number(line.isEnded));
    positions.set(key, position);
    at = until + 1;
  }
  const end = from + at;
  if (end < endOf(segments)) {
    last.size = Math.max(0, end - last.start);
    await truncate(segmentFile(directory, last.start), last.size);
  }
  return positions;
}
