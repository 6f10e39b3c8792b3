import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { fingerprintOf } from './fingerprint.ts';
import { inUse, outcomeUnknown, requireSame } from './refusals.ts';
import {
  completeKey,
  deleteKey,
  deleteKeysBefore,
  findKey,
  type KeyRow,
  type KeyUse,
  takeKey,
} from './store.ts';

/** A request that carries an Idempotency-Key. */
export interface KeyedRequest {
  /** Whose key it is: two callers may use the same one. */
  caller: string;
  key: string;
  method: string;
  /** Path and query. */
  url: string;
  /** Parsed JSON; `undefined`: none. */
  body: unknown;
}

export interface KeyedAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

export interface Idempotency {
  /**
   * Does the work of a request once, however often the request is sent within 24 hours, and gives
   * its answer each time. An answer that says "not now" or "not you" is not kept: the work may be
   * tried again. After an unexpected error it may not, as that can come after the work.
   *
   * At most once, never twice: when it is not known whether the work was done, it is not done again.
   * @param work resolves with refusals too; what it throws is passed on
   * @throws AppError IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_USE, OUTCOME_UNKNOWN
   */
  once(
    request: KeyedRequest,
    work: () => Promise<KeyedAnswer>,
  ): Promise<{ answer: KeyedAnswer; replayed: boolean }>;
  /** Deletes what is older than 24 hours, at most 100,000 keys; for once an hour. Returns how many. */
  forgetOld(): Promise<number>;
}

/** A request of this life of the server, until its end is written. */
interface Work {
  use: KeyUse;
  fingerprint: Buffer;
  /** Writes how it ended: there when that failed before. */
  writeEnd?: () => Promise<void>;
}

const keptMs = 24 * 60 * 60 * 1000;
/** How long a request of an earlier life is taken for one whose end is being written. */
const graceMs = 2 * 60 * 1000;
const mostBodyBytes = 1024 * 1024;
const mostUnwritten = 100;
const batchSize = 1000;
const mostBatches = 100;
const takeTries = 3;

/** Whose answer depends on the moment or the credential; so does every 5xx. */
const passingStatuses = [401, 403, 408, 429];

export function createIdempotency({
  db,
  seal,
  open,
  fingerprintKey,
  log,
  now = () => new Date(),
}: {
  db: Db;
  /** These two: encryption that only succeeds in the same context. */
  seal: (text: string, context: string) => string;
  open: (sealed: string, context: string) => string;
  fingerprintKey: Buffer;
  log: Pick<BaseLogger, 'warn'>;
  now?: () => Date;
}): Idempotency {
  // As many as there are requests in flight, and at most so many whose end could not be written.
  const works = new Map<string, Work>();

  return {
    async once(request, work) {
      const fingerprint = fingerprintOf(fingerprintKey, request);
      const { caller, key } = request;
      const id = `${caller} ${key}`;
      const earlier = works.get(id);
      if (earlier?.writeEnd) await write(id, earlier, earlier.writeEnd);
      const running = works.get(id);
      if (running) {
        requireSame(running.fingerprint, fingerprint);
        throw inUse();
      }
      for (let attempt = 1; attempt <= takeTries; attempt += 1) {
        const createdAt = now();
        const use = { caller, key, createdAt };
        if (await takeKey(db, use, fingerprint, new Date(createdAt.getTime() - keptMs))) {
          return { answer: await run(id, { use, fingerprint }, work), replayed: false };
        }
        const row = await findKey(db, caller, key);
        if (row) return { answer: firstAnswer(row, fingerprint), replayed: true };
        // It was removed in between, so it can be had now.
      }
      throw inUse();
    },
    async forgetOld() {
      for (const [id, work] of works) {
        if (work.writeEnd) await write(id, work, work.writeEnd);
      }
      const before = new Date(now().getTime() - keptMs);
      let deleted = 0;
      for (let batch = 1; batch <= mostBatches; batch += 1) {
        const count = await deleteKeysBefore(db, before, batchSize);
        deleted += count;
        if (count < batchSize) break;
      }
      return deleted;
    },
  };

  async function run(
    id: string,
    work: Work,
    answerIt: () => Promise<KeyedAnswer>,
  ): Promise<KeyedAnswer> {
    works.set(id, work);
    let answer: KeyedAnswer;
    try {
      answer = await answerIt();
    } catch (error) {
      const unknown = { status: 500, headers: {}, body: null };
      await end(id, work, () => completeKey(db, work.use, unknown));
      throw error;
    }
    await end(
      id,
      work,
      isKept(answer.status)
        ? () => completeKey(db, work.use, storable(work.use, answer))
        : () => deleteKey(db, work.use),
    );
    return answer;
  }

  /** Never throws: that the work is done is so, whether it can be written or not. */
  async function end(id: string, work: Work, writeEnd: () => Promise<void>): Promise<void> {
    try {
      await write(id, work, writeEnd);
    } catch (error) {
      // Written when the key is asked for again. Without this, its retry would learn nothing.
      work.writeEnd = writeEnd;
      const unwritten = [...works].filter(([, other]) => other.writeEnd);
      for (const [oldest] of unwritten.slice(0, -mostUnwritten)) works.delete(oldest);
      log.warn({ err: error }, 'the answer to an Idempotency-Key could not be kept yet');
    }
  }

  async function write(id: string, work: Work, writeEnd: () => Promise<void>): Promise<void> {
    await writeEnd();
    if (works.get(id) === work) works.delete(id);
  }

  function storable(use: KeyUse, { status, headers, body }: KeyedAnswer) {
    const isTooLarge = Buffer.byteLength(body) > mostBodyBytes;
    return { status, headers, body: isTooLarge ? null : seal(body.toString(), contextOf(use)) };
  }

  /** @throws AppError when the row is of another request, or has no answer to give */
  function firstAnswer(row: KeyRow, fingerprint: Buffer): KeyedAnswer {
    requireSame(row.fingerprint, fingerprint);
    const { status, headers, body } = row;
    if (status === null) {
      if (now().getTime() - Date.parse(row.created_at) < graceMs) throw inUse();
      throw outcomeUnknown(
        'The server was stopped while it worked on this request, so it may or may not have been done',
      );
    }
    if (status === 500) {
      throw outcomeUnknown(
        'This request ended with an unexpected error before, so it may or may not have been done',
      );
    }
    if (body === null) {
      throw outcomeUnknown(
        `This request was answered with status ${status} before, and that answer was too large to keep`,
      );
    }
    try {
      return { status, headers: headers ?? {}, body: open(body, contextOf(row)) };
    } catch (cause) {
      throw outcomeUnknown(
        `This request was answered with status ${status} before, and that answer can no longer be decrypted`,
        cause,
      );
    }
  }
}

function isKept(status: number): boolean {
  return status < 500 && !passingStatuses.includes(status);
}

function contextOf({ caller, key }: { caller: string; key: string }): string {
  return `idempotency:${caller}:${key}`;
}
