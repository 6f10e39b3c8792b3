import { setTimeout as wait } from 'node:timers/promises';
import { logOf } from '@borgos/contracts/channels';
import type { LiveLogs } from '../../deployments/deployments.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Connection } from './connection.ts';
import { textFrame } from './frames.ts';

/** Tells connections what deployments print, each at its own pace. */
export interface LogTails {
  /** @throws AppError VALIDATION_FAILED when it would be too many */
  subscribe(connection: Connection, keys: ReadonlySet<string>, offset: number | undefined): void;
  unsubscribe(connection: Connection, keys: Iterable<string>): void;
}

export interface LogTailOptions {
  logs: LiveLogs;
  log: { error(fields: object, message: string): void };
}

/** Of all connections together, and of one. */
const mostTails = { all: 2_000, one: 20 };
/** What is told at once: about 1 ms of lines. */
const pieceBytes = 32 * 1024;
/** So much may wait in a socket before the next piece is put there. */
const mostQueued = 256 * 1024;
/** Who has been up to date and falls behind by more is told the newest instead. */
const mostBehind = 2 * 1024 * 1024;
/** How often it is looked whether a slow client has read. */
const slowMs = 50;
/** So that what an app prints in a row comes together. */
const gatherMs = 20;
const idleMs = 30_000;
/** Those who are up to date are told the same. */
const shared = { most: 32, ms: 500 };

interface Piece {
  /** Its bytes on the wire; `undefined`: there is nothing in it. */
  frame: Buffer | undefined;
  offset: number;
  next: number;
}

export function createLogTails({ logs, log }: LogTailOptions): LogTails {
  const pieces = new Map<string, Promise<Piece>>();
  let tails = 0;

  async function readPiece(id: number, from: number): Promise<Piece> {
    const { entries, offset, next } = await logs.read(id, from, pieceBytes);
    if (entries.length === 0) return { frame: undefined, offset, next };
    const data = { id, offset, next_offset: next, lines: entries };
    const timestamp = new Date().toISOString();
    const frame = textFrame(JSON.stringify({ type: 'deployment_log', data, timestamp }));
    return { frame, offset, next };
  }

  /** The same for all who are at the same place. `end` is in the key, as a piece may have grown. */
  function pieceAt(id: number, from: number, end: number): Promise<Piece> {
    const key = `${id} ${from} ${end}`;
    const known = pieces.get(key);
    if (known !== undefined) return known;
    const piece = readPiece(id, from);
    pieces.set(key, piece);
    const [oldest] = pieces.keys();
    if (pieces.size > shared.most && oldest !== undefined) pieces.delete(oldest);
    const forget = () => {
      if (pieces.get(key) === piece) pieces.delete(key);
    };
    piece.then(() => setTimeout(forget, shared.ms).unref(), forget);
    return piece;
  }

  async function tail(
    connection: Connection,
    { key, id, from }: { key: string; id: number; from: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    if (!(await logs.exists(id))) throw notFound('Deployment', id);
    let at = from ?? (await logs.bounds(id)).end;
    let isLive = from === undefined;
    while (!signal.aborted) {
      if (connection.socket.writableLength > mostQueued) {
        await wait(slowMs, undefined, { signal }).catch(() => {});
        continue;
      }
      const { start, end } = await logs.bounds(id);
      if (at === end) {
        isLive = true;
        const isRemoved = await logs.grown(id, at, idleMs, signal);
        if (signal.aborted) return;
        if (isRemoved || !(await logs.exists(id))) break;
        await wait(gatherMs);
        continue;
      }
      const isForeign = at > end;
      if (isForeign && !(await logs.exists(id))) break;
      const isTooSlow = isLive && end - at > mostBehind;
      if (isForeign || isTooSlow || at < start) {
        const next = isTooSlow ? Math.max(start, end - pieceBytes) : start;
        // Where a line begins.
        const { offset } = await pieceAt(id, next, end);
        connection.say('gap', { channel: key, offset: at, next_offset: offset });
        at = offset;
      }
      const piece = await pieceAt(id, at, end);
      if (signal.aborted) return;
      if (piece.frame) connection.write(piece.frame);
      at = piece.next;
    }
    if (!signal.aborted) connection.say('deployment_log_end', { id });
  }

  async function run(
    connection: Connection,
    tailed: { key: string; id: number; from: number | undefined },
    ending: AbortController,
  ): Promise<void> {
    tails += 1;
    try {
      await tail(connection, tailed, ending.signal);
    } catch (error) {
      const isKnown = error instanceof AppError;
      if (!isKnown) {
        const fields = { err: error, request_id: connection.requestId };
        log.error(fields, 'a log could not be told');
      }
      const { code, message } = isKnown
        ? error
        : { code: 'INTERNAL_ERROR', message: `${tailed.key} cannot be read now: subscribe again` };
      connection.say('error', { code, message });
    } finally {
      tails -= 1;
      if (connection.logs.get(tailed.key) === ending) connection.logs.delete(tailed.key);
    }
  }

  return {
    subscribe(connection, keys, offset) {
      const added = [...keys].filter((key) => !connection.logs.has(key));
      const count = connection.logs.size + added.length;
      if (added.length > 0 && (count > mostTails.one || tails + added.length > mostTails.all)) {
        throw new AppError(
          'VALIDATION_FAILED',
          `A connection may follow ${mostTails.one} logs, and all together ${mostTails.all}: unsubscribe from some`,
        );
      }
      for (const key of added) {
        const id = logOf(key);
        if (id === undefined) continue;
        const ending = new AbortController();
        connection.logs.set(key, ending);
        void run(connection, { key, id, from: offset }, ending);
      }
    },
    unsubscribe(connection, keys) {
      for (const key of keys) {
        connection.logs.get(key)?.abort();
        connection.logs.delete(key);
      }
    },
  };
}
