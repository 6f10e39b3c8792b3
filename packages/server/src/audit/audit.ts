import type { api } from '@borgos/contracts';
import type { AuditEntry, AuditVerification } from '@borgos/contracts/audit';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { noteFile, readNote, writeNote } from './head-note.ts';
import * as store from './store.ts';
import { verifyTrail } from './verify.ts';

type Endpoints = (typeof api)['audit'];

export interface Audit {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<AuditEntry>>;
  /**
   * Whether every entry is as it was written: see verifyTrail.
   * @throws AppError UNAVAILABLE when others are at it already
   */
  verify(signal: AbortSignal): Promise<AuditVerification>;
  /**
   * Notes the newest entry in the home, so that a trail that is cut at its end shows. It is done
   * once a minute by itself. A note that the trail contradicts is kept, as the proof that it is.
   */
  noteHead(): Promise<void>;
  /** Notes the newest entry for the last time. */
  close(): Promise<void>;
}

const noteMs = 60_000;
/** Each reads the whole trail. */
const mostVerifying = 2;

/** The trail of who did what: the events table, read for that. */
export function createAudit({
  db,
  home,
  log,
}: {
  db: Db;
  /** Absolute; the newest entry is noted in there. */
  home: string;
  log: { error(fields: object, message: string): void };
}): Audit {
  let verifying = 0;
  let noting: Promise<void> = Promise.resolve();
  let isContradicted = false;

  async function note(): Promise<void> {
    const noted = await readNote(home);
    const head = await store.findHead(db);
    if (noted && (noted === 'unreadable' || (await store.findHash(db, noted.seq)) !== noted.hash)) {
      if (!isContradicted) {
        log.error(
          { file: noteFile(home) },
          'the audit trail is not what was noted of it: verify it, GET /api/v1/audit/verification',
        );
      }
      isContradicted = true;
      return;
    }
    isContradicted = false;
    if (!head?.hash || head.seq === noted?.seq) return;
    await writeNote(home, { seq: head.seq, hash: head.hash });
  }

  /** One at a time, lest a slow one overwrites a newer note. */
  function noteInTurn(): Promise<void> {
    const turn = noting.then(note);
    noting = turn.catch(() => {});
    return turn;
  }

  const noteOrTell = () =>
    noteInTurn().catch((error) =>
      log.error({ err: error }, 'the newest entry of the audit trail could not be noted'),
    );
  const timer = setInterval(noteOrTell, noteMs).unref();

  return {
    list: ({ limit, offset = 0, envelope: _, ...filter }) =>
      store.listEntries(db, filter, { limit, offset }),

    async verify(signal) {
      if (verifying >= mostVerifying) {
        throw new AppError(
          'UNAVAILABLE',
          'The audit trail is being verified for others already. Try again when that is done',
        );
      }
      verifying += 1;
      try {
        return await verifyTrail({ db, home, signal });
      } finally {
        verifying -= 1;
      }
    },

    noteHead: noteInTurn,

    async close() {
      clearInterval(timer);
      await noteOrTell();
    },
  };
}
