import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyTrail } from '../audit/verify.ts';
import { systemActor } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { transaction } from '../database/transaction.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { appendEvent, appendLoggedErrors } from './append.ts';
import { findOldestSeq, forgetOldEvents } from './retention.ts';

const log = pino({ level: 'silent' });
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let database: Database;
let home: string;
beforeEach(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log });
  home = await mkdtemp(path.join(tmpdir(), 'borgos-events-'));
});
afterEach(async () => {
  await database.close();
  await clone.drop();
  await rm(home, { recursive: true, force: true });
});

const keep = (deeds: number, telemetry: number) => ({
  deeds: { days: 400, count: deeds },
  telemetry: { days: 7, count: telemetry },
});

async function append(deeds: number, errors: number): Promise<void> {
  for (let id = 1; id <= deeds; id += 1) {
    await appendEvent(database.db, 'project_deleted', { id, name: 'a project' }, systemActor);
  }
  await transaction(database.db, (db) =>
    appendLoggedErrors(
      db,
      Array.from({ length: errors }, (_, index) => ({
        id: index + 1,
        group_id: 1,
        project_id: null,
        deployment_id: null,
        title: 'out of order',
        error_type: 'error',
        severity: 'error',
        message: 'out of order',
        is_new: false,
        is_regression: false,
        is_ignored: false,
      })),
      systemActor,
    ),
  );
}

async function keptSeqs(): Promise<number[]> {
  const rows = await database.db.selectFrom('events').select('seq').orderBy('seq').execute();
  return rows.map(({ seq }) => seq);
}

const verify = () => verifyTrail({ db: database.db, home, signal: AbortSignal.timeout(10_000) });

describe('events', () => {
  test('are numbered without a gap, whether they are deeds or telemetry', async () => {
    await append(2, 3);
    await append(1, 2);
    expect(await keptSeqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('of telemetry are not part of the audit trail', async () => {
    await append(2, 3);
    await append(1, 0);
    expect(await verify()).toMatchObject({ valid: true, checked: 3, head: { seq: 6 } });
  });
});

describe('retention', () => {
  test('removes what is too much, and says from where on nothing is missing', async () => {
    await append(3, 5);
    expect(await findOldestSeq(database.db)).toBe(1);
    await forgetOldEvents(database.db, keep(2, 2));
    expect(await keptSeqs()).toEqual([2, 3, 7, 8]);
    expect(await findOldestSeq(database.db)).toBe(7);
  });

  test('removes what is too old', async () => {
    await append(2, 2);
    await forgetOldEvents(database.db, {
      deeds: { days: 0, count: 100 },
      telemetry: { days: 0, count: 100 },
    });
    // The newest deed, and the newest of all, after which the next ones are numbered.
    expect(await keptSeqs()).toEqual([2, 4]);
    await append(1, 0);
    expect(await keptSeqs()).toEqual([2, 4, 5]);
  });

  test('leaves an audit trail that can be verified, and to which can be added', async () => {
    await append(5, 1);
    await forgetOldEvents(database.db, keep(2, 0));
    expect(await verify()).toMatchObject({ valid: true, checked: 2 });
    await append(2, 0);
    expect(await verify()).toMatchObject({ valid: true, checked: 4 });
  });

  test('does not hide what somebody else has removed', async () => {
    await append(5, 0);
    await forgetOldEvents(database.db, keep(3, 0));
    await transaction(database.db, async (db) => {
      await sql`set local session_replication_role = replica`.execute(db);
      await sql`delete from events where seq = 3`.execute(db);
    });
    expect(await verify()).toMatchObject({ valid: false, broken_at: 4 });
  });

  test('is the only way in which an event can be removed', async () => {
    await append(2, 0);
    await forgetOldEvents(database.db, keep(1, 0));
    const removing = database.db.deleteFrom('events').execute();
    await expect(removing).rejects.toThrow('only ever added');
  });
});
