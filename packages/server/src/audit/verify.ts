import { createHash } from 'node:crypto';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { AuditVerification } from '@borgos/contracts/audit';
import type { Db } from '../database/transaction.ts';
import { noteFile, readNote } from './head-note.ts';
import * as store from './store.ts';

/** So many are read and hashed in a few milliseconds, in which nothing else is answered. */
const batchSize = 500;

/**
 * Computes the chain of hashes of migrations/0004-audit.sql anew, and compares the newest entry
 * that was noted in `home`. It only reads; what is added meanwhile is left for the next time.
 *
 * @param signal ends it between two batches of entries
 * @throws Error when the database is of an older BorgOS
 */
export async function verifyTrail({
  db,
  home,
  signal,
}: {
  db: Db;
  home: string;
  signal: AbortSignal;
}): Promise<AuditVerification> {
  if (!(await store.hasTrail(db))) {
    throw new Error(
      'This database is from before BorgOS kept an audit trail. Start BorgOS once: that makes one of all that is recorded.',
    );
  }
  // Before the entries: an older note is kept by newer entries, not the other way round.
  const noted = await readNote(home);
  const head = await store.findHead(db);
  const chain = await verifyChain(db, head?.seq ?? 0, signal);
  const finding = chain.finding ?? (await compareNote({ db, home, noted, newest: head?.seq }));
  return {
    valid: finding === undefined,
    checked: chain.checked,
    head: head?.hash ? { seq: head.seq, hash: head.hash } : null,
    broken_at: finding?.seq ?? null,
    problem: finding?.problem ?? null,
  };
}

interface Finding {
  seq: number | null;
  problem: string;
}

async function verifyChain(
  db: Db,
  upTo: number,
  signal: AbortSignal,
): Promise<{ checked: number; finding?: Finding }> {
  let checked = 0;
  let previous: store.Head | undefined = await store.findFloor(db);
  for (;;) {
    signal.throwIfAborted();
    const links = await store.readLinks(db, { after: previous?.seq ?? 0, upTo, limit: batchSize });
    for (const link of links) {
      checked += 1;
      if (link.hash !== hashAfter(previous?.hash, link.line)) {
        return { checked, finding: { seq: link.seq, problem: breakBetween(previous, link) } };
      }
      previous = { seq: link.seq, hash: link.hash };
    }
    if (links.length < batchSize) return { checked };
    await turnOfLoop();
  }
}

/** SHA-256 of the hash before, of nothing for the first entry, and the line. */
function hashAfter(previous: string | null | undefined, line: string): string {
  return createHash('sha256')
    .update(previous ?? '', 'hex')
    .update(line)
    .digest('hex');
}

function breakBetween(previous: store.Head | undefined, { seq }: store.Link): string {
  const changed = `entry ${seq} was changed (its type, data, actor, time or hash)`;
  if (!previous && seq > 1) {
    return `The trail begins with entry ${seq}, which does not have the hash of a first one: those before it were removed, or ${changed}`;
  }
  if (previous && seq > previous.seq + 1) {
    return `Entry ${seq} does not follow entry ${previous.seq}: what was between them was removed, or ${changed}`;
  }
  return `Entry ${seq} does not have the hash that was computed when it was written: ${changed}, moved or put in later`;
}

/** What the end of the chain cannot tell by itself: whether it is the end that there was. */
async function compareNote({
  db,
  home,
  noted,
  newest,
}: {
  db: Db;
  home: string;
  noted: Awaited<ReturnType<typeof readNote>>;
  newest: number | undefined;
}): Promise<Finding | undefined> {
  if (noted === undefined) return undefined;
  const file = noteFile(home);
  if (noted === 'unreadable') {
    const problem = `${file} does not hold the newest entry, as {"seq", "hash"}: somebody else wrote it. Without it nobody can tell whether entries were removed at the end; remove it to have it made anew`;
    return { seq: null, problem };
  }
  const found = await store.findHash(db, noted.seq);
  if (found === noted.hash) return undefined;
  const what =
    found === undefined
      ? `Entry ${noted.seq} was the newest once, as ${file} says, and is not there: ${newest === undefined ? 'the trail is empty' : `the trail has ended with entry ${newest}`}, so what came later was removed`
      : `Entry ${noted.seq} had another hash, as ${file} says: it or entries before it were replaced and the hashes computed anew`;
  const problem = `${what}. It is the same when the database was restored from an older backup: if you did that, remove that file, and the trail goes on from here`;
  return { seq: noted.seq, problem };
}
