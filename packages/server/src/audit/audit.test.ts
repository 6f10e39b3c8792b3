import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { auditEntry } from '@borgos/contracts/audit';
import type { Actor } from '@borgos/contracts/caller';
import fc from 'fast-check';
import { sql } from 'kysely';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { type Database, openDatabase } from '../database/open.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { type Audit, createAudit } from './audit.ts';
import { verifyTrail } from './verify.ts';

let home: string;
let clone: ClonedDatabase;
let database: Database;
let db: Db;
let audit: Audit;
let logged: string[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-audit-'));
  clone = await cloneDatabase();
  database = await openDatabase({ source: clone, log: pino({ level: 'silent' }) });
  db = database.db;
  logged = [];
  audit = createAudit({ db, home, log: { error: (_, message) => logged.push(message) } });
});
afterEach(async () => {
  await audit.close();
  await database.close();
  await clone.drop();
  await rm(home, { recursive: true });
});

const ada: Actor = {
  credential: 'api_token',
  user: 'ada',
  token_id: 7,
  address: '10.0.0.7',
  request_id: 'req_1',
};
const append = (id: number, actor = systemActor, on = db) =>
  appendEvent(on, 'project_deleted', { id, name: `project ${id}` }, actor);

async function appendMany(count: number): Promise<void> {
  for (let id = 1; id <= count; id++) await append(id);
}

const verify = (on = db) => verifyTrail({ db: on, home, signal: new AbortController().signal });

/** Does what only who owns the table can, shows it to `look`, and undoes it. */
async function tamperedWith<T>(change: string, look: (db: Db) => Promise<T>): Promise<T> {
  let seen: { value: T } | undefined;
  const undone = transaction(db, async (db) => {
    await sql`set local session_replication_role = replica`.execute(db);
    await sql.raw(change).execute(db);
    seen = { value: await look(db) };
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  if (!seen) throw new Error('nothing was looked at');
  return seen.value;
}

/** The same for good. */
async function tamper(change: string): Promise<void> {
  await transaction(db, async (db) => {
    await sql`set local session_replication_role = replica`.execute(db);
    await sql.raw(change).execute(db);
  });
}

describe('the list', () => {
  const list = async (filter: Partial<Parameters<Audit['list']>[0]> = {}) => {
    const { items, total } = await audit.list({ limit: 100, ...filter });
    for (const item of items) auditEntry.parse(item);
    return { seqs: items.map(({ seq }) => seq), total };
  };

  test('has the newest first, and pages of it know how many there are in all', async () => {
    await appendMany(5);
    expect(await list()).toEqual({ seqs: [5, 4, 3, 2, 1], total: 5 });
    expect(await list({ limit: 2, offset: 1 })).toEqual({ seqs: [4, 3], total: 5 });
    expect(await list({ limit: 2, offset: 9 })).toEqual({ seqs: [], total: 5 });
  });

  test('says who did what, when, and with which hash', async () => {
    await append(3, ada);
    const { items } = await audit.list({ limit: 1 });
    expect(items).toEqual([
      {
        seq: 1,
        type: 'project_deleted',
        data: { id: 3, name: 'project 3' },
        actor: ada,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  test('is filtered by who did it and from where; all filters have to match', async () => {
    await append(1);
    await append(2, ada);
    await append(3, { ...ada, user: 'bob', token_id: null, credential: 'password' });
    await append(4, { ...ada, address: '::1' });
    expect(await list({ user: 'ada' })).toEqual({ seqs: [4, 2], total: 2 });
    expect((await list({ token_id: 7 })).seqs).toEqual([4, 2]);
    expect((await list({ credential: 'password' })).seqs).toEqual([3]);
    expect((await list({ address: '::1' })).seqs).toEqual([4]);
    expect((await list({ user: 'ada', address: '10.0.0.7' })).seqs).toEqual([2]);
    expect((await list({ user: 'ada', credential: 'password' })).total).toBe(0);
    expect((await list({ user: "' or true --" })).total).toBe(0);
  });

  test('is filtered by type, and by the object that it happened to', async () => {
    const named = { id: 7, name: 'seven' };
    await appendEvent(db, 'project_deleted', named, ada);
    await appendEvent(db, 'user_deleted', named, ada);
    await appendEvent(db, 'login_succeeded', named, ada);
    await appendEvent(db, 'session_revoked', { ...named, reason: 'logout' }, ada);
    await appendEvent(db, 'token_revoked', named, ada);
    await appendEvent(db, 'login_failed', { name: 'seven' }, ada);
    await append(77);
    expect((await list({ type: ['login_failed', 'user_deleted'] })).seqs).toEqual([6, 2]);
    expect((await list({ type: ['never_happened'] })).seqs).toEqual([]);
    expect((await list({ object: 'project:7' })).seqs).toEqual([1]);
    expect((await list({ object: 'user:7' })).seqs).toEqual([4, 3, 2]);
    expect((await list({ object: 'token:7' })).seqs).toEqual([5]);
    expect((await list({ object: 'deployment:7' })).seqs).toEqual([]);
  });

  test('is filtered by time: not before `since`, and before `until`', async () => {
    await appendMany(3);
    const { items } = await audit.list({ limit: 3 });
    const [newest, middle] = items.map(({ timestamp }) => timestamp);
    expect((await list({ since: newest })).seqs).toContain(3);
    expect((await list({ until: middle })).seqs).not.toContain(2);
    expect((await list({ since: '2000-01-01T00:00:00Z' })).total).toBe(3);
    expect((await list({ until: '2000-01-01T00:00:00.123456Z' })).total).toBe(0);
    expect(
      (await list({ since: '0000-01-01T00:00:00Z', until: '9999-12-31T23:59:59Z' })).total,
    ).toBe(3);
  });
});

describe('an entry', () => {
  test('is neither changed nor removed', async () => {
    await append(1);
    const refused = /events are only ever added/;
    for (const change of [
      `update events set data = '{}'`,
      `update events set seq = 9, hash = hash`,
      'delete from events',
      'truncate events',
    ]) {
      await expect(sql.raw(change).execute(db)).rejects.toThrow(refused);
    }
    expect(await verify()).toMatchObject({ valid: true, checked: 1 });
  });

  test('is not changed in its own transaction either, where it has no hash yet', async () => {
    const changed = transaction(db, async (db) => {
      await append(1, ada, db);
      await sql`update events set actor = '{}'`.execute(db);
    });
    await expect(changed).rejects.toThrow(/events are only ever added/);
  });

  test('does not choose its own number or hash', async () => {
    const insert = sql`insert into events (seq, type, data, actor, hash)
      values (5, 'project_deleted', '{}', '{}', sha256('chosen'))`;
    await expect(insert.execute(db)).rejects.toThrow(/events are only ever added/);
  });
});

describe('the trail', () => {
  test('is valid when it is empty', async () => {
    expect(await verify()).toEqual({
      valid: true,
      checked: 0,
      head: null,
      broken_at: null,
      problem: null,
    });
  });

  test('is valid over several batches, and what is added meanwhile is left', async () => {
    await sql`insert into events (type, data, actor)
      select 'project_deleted', jsonb_build_object('id', number, 'name', 'many'), '{}'
      from generate_series(1, 2000) as number`.execute(db);
    expect(await verify()).toMatchObject({ valid: true, checked: 2000, head: { seq: 2000 } });
    const [result] = await Promise.all([verify(), append(1), append(2)]);
    expect(result).toMatchObject({ valid: true });
  });

  test('is without a gap, whoever commits at once and whoever does not', async () => {
    const changes = Array.from({ length: 40 }, (_, number) =>
      transaction(db, async (db) => {
        await append(number + 1, ada, db);
        if (number % 4 === 0) await append(100 + number, ada, db);
        if (number % 5 === 0) throw new Error('rolled back');
        // Fails at the commit, after the entry was numbered.
        if (number % 7 === 0) await sql`set constraints all immediate`.execute(db);
        if (number % 7 === 0) throw new Error('rolled back');
      }),
    );
    const done = await Promise.allSettled(changes);
    expect(done.filter(({ status }) => status === 'fulfilled').length).toBe(28);
    const { valid, checked, head } = await verify();
    expect({ valid, last: head?.seq }).toEqual({ valid: true, last: checked });
  });

  test('has one heir of each entry, also when a transaction does not see the newest', async () => {
    await append(1);
    const client = new Client({ connectionString: clone.databaseUrl });
    await client.connect();
    try {
      await client.query('begin isolation level repeatable read');
      await client.query('select from events');
      await append(2);
      await client.query(
        `insert into events (type, data, actor) values ('project_deleted', '{}', '{}')`,
      );
      await expect(client.query('commit')).rejects.toThrow();
    } finally {
      await client.end();
    }
    expect(await verify()).toMatchObject({ valid: true, checked: 2 });
  });

  test('is the same whatever the sessions of writers and readers are set to', async () => {
    const client = new Client({
      connectionString: clone.databaseUrl,
      options:
        '-c TimeZone=Pacific/Chatham -c DateStyle=German -c IntervalStyle=sql_standard -c extra_float_digits=-15 -c bytea_output=escape -c quote_all_identifiers=on -c standard_conforming_strings=off -c search_path=public,pg_catalog',
    });
    await client.connect();
    try {
      await client.query(
        `insert into events (type, data, actor) values ('project_deleted', $1, $2)`,
        [`{"b": 0.1, "a": 1e30, "c": 1.10, "a": -0.0, "tiny": 1e-7}`, JSON.stringify(ada)],
      );
    } finally {
      await client.end();
    }
    const result = await verify();
    expect(result).toMatchObject({ valid: true, checked: 1 });
    const name = new URL(clone.databaseUrl).pathname.slice(1);
    await sql.raw(`alter database "${name}" set bytea_output = escape`).execute(db);
    const odd = await openDatabase({ source: clone, log: pino({ level: 'silent' }) });
    expect(await verify(odd.db)).toEqual(result);
    await odd.close();
  });

  test('is valid whatever texts are in it', async () => {
    const text = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (texts) => {
        for (const name of texts) {
          await appendEvent(db, 'login_failed', { name: name.toWellFormed() }, ada);
        }
        expect(await verify()).toMatchObject({ valid: true });
      }),
      { numRuns: 20 },
    );
  });

  test('ends its verification when nobody waits for it any more', async () => {
    await append(1);
    await expect(audit.verify(AbortSignal.abort(new Error('hung up')))).rejects.toThrow('hung up');
    const all = [1, 2, 3].map(() => audit.verify(new AbortController().signal));
    await expect(Promise.all(all)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await Promise.allSettled(all);
    expect(await audit.verify(new AbortController().signal)).toMatchObject({ valid: true });
  });
});

describe('what was tampered with', () => {
  beforeEach(() => appendMany(8));

  test.each([
    ['its data', `update events set data = data || '{"id": 99}' where seq = 5`],
    ['its actor', `update events set actor = '{}' where seq = 5`],
    ['its type', `update events set type = 'project_created' where seq = 5`],
    ['its time', `update events set created_at = created_at + '1 microsecond' where seq = 5`],
    ['its hash', `update events set hash = sha256('5') where seq = 5`],
  ])('shows when an entry was given another one: %s', async (_, change) => {
    const result = await tamperedWith(change, verify);
    expect(result).toMatchObject({ valid: false, checked: 5, broken_at: 5 });
    expect(result.problem).toMatch(/^Entry 5 does not have the hash .* was changed/);
  });

  test('shows when an entry was removed, and between which', async () => {
    const middle = await tamperedWith('delete from events where seq in (4, 5)', verify);
    expect(middle).toMatchObject({ valid: false, broken_at: 6 });
    expect(middle.problem).toMatch(/^Entry 6 does not follow entry 3: .* removed/);
    const first = await tamperedWith('delete from events where seq < 3', verify);
    expect(first).toMatchObject({ valid: false, broken_at: 3 });
    expect(first.problem).toMatch(/^The trail begins with entry 3.* removed/);
  });

  test('shows when the gap of a removed entry was closed', async () => {
    const change = `delete from events where seq = 4;
      update events set seq = seq - 1 where seq in (select seq from events where seq = 5);`;
    expect(await tamperedWith(change, verify)).toMatchObject({ valid: false, broken_at: 4 });
  });

  test('shows when an entry was put in, also at the end', async () => {
    const put = (seq: string) => `insert into events (seq, type, data, actor, hash)
      overriding system value select ${seq}, type, data, actor, sha256('new') from events where seq = 3`;
    const end = await tamperedWith(put('9'), verify);
    expect(end).toMatchObject({ valid: false, broken_at: 9 });
    const between = `update events set seq = seq + 100 where seq > 5; ${put('6')};
      update events set seq = seq - 99 where seq > 100`;
    expect(await tamperedWith(between, verify)).toMatchObject({ valid: false, broken_at: 6 });
  });

  test('shows when entries have changed places', async () => {
    const change = `update events set seq = 100 where seq = 3;
      update events set seq = 3 where seq = 6; update events set seq = 6 where seq = 100`;
    expect(await tamperedWith(change, verify)).toMatchObject({ valid: false, broken_at: 3 });
  });

  test('shows whatever was done to whichever entry', async () => {
    const columns = ['type', 'data', 'actor', 'created_at', 'hash'];
    const pair = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.constantFrom(...columns));
    await sql`insert into events (type, data, actor)
      select 'token_revoked', jsonb_build_object('id', number), jsonb_build_object('user', number)
      from generate_series(1, 4) as number`.execute(db);
    await fc.assert(
      fc.asyncProperty(pair, fc.integer({ min: 8, max: 12 }), async ([seq, column], other) => {
        const change = `update events set ${column} =
          (select ${column} from events where seq = ${other}) where seq = ${seq}`;
        const isSame = ['type', 'actor'].includes(column) && other === 8;
        const expected = isSame ? { valid: true } : { valid: false, broken_at: seq };
        expect(await tamperedWith(change, verify)).toMatchObject(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the note of the newest entry', () => {
  const file = () => path.join(home, 'audit-head.json');
  const noted = async () => JSON.parse(await readFile(file(), 'utf8'));
  beforeEach(() => appendMany(5));

  test('is written when there are new entries, at the end too, and leaves no draft', async () => {
    await audit.noteHead();
    const { head } = await verify();
    expect(await noted()).toEqual(head);
    await append(6);
    await audit.close();
    expect(await noted()).toMatchObject({ seq: 6 });
    expect(await readdir(home)).toEqual(['audit-head.json']);
    expect(await verify()).toMatchObject({ valid: true });
  });

  test('shows an end that was removed, and is kept as the proof', async () => {
    await audit.noteHead();
    await tamper('delete from events where seq > 3');
    const cut = await verify();
    expect(cut).toMatchObject({ valid: false, checked: 3, head: { seq: 3 }, broken_at: 5 });
    expect(cut.problem).toMatch(/Entry 5 was the newest once.*ended with entry 3.*older backup/);

    await append(4);
    await audit.noteHead();
    await audit.noteHead();
    expect(logged).toEqual([expect.stringContaining('is not what was noted')]);
    expect(await noted()).toMatchObject({ seq: 5 });
    await append(5);
    const regrown = await verify();
    expect(regrown).toMatchObject({ valid: false, checked: 5, broken_at: 5 });
    expect(regrown.problem).toMatch(/Entry 5 had another hash/);

    await rm(file());
    await audit.noteHead();
    expect(await verify()).toMatchObject({ valid: true, checked: 5 });
  });

  test('shows a trail that was removed as a whole', async () => {
    await audit.noteHead();
    await tamper('truncate events');
    expect((await verify()).problem).toMatch(/the trail is empty/);
  });

  test('shows a trail whose hashes were computed anew', async () => {
    await audit.noteHead();
    await tamper(`update events set data = '{"id": 99}' where seq = 2;
      do $$ declare entry events; previous bytea; begin
        for entry in select * from events order by seq loop
          previous := audit_hash(previous, entry);
          update events set hash = previous where id = entry.id;
        end loop;
      end $$`);
    const result = await verify();
    expect(result).toMatchObject({ valid: false, checked: 5, broken_at: 5 });
    expect(result.problem).toMatch(/computed anew/);
  });

  test.each([
    ['empty', ''],
    ['without a hash', '{"seq": 5}'],
    ['something else', '[]'],
    ['too long', ' '.repeat(5_000)],
  ])('is not taken for one when it is %s', async (_, text) => {
    await writeFile(file(), text);
    const result = await verify();
    expect(result).toMatchObject({ valid: false, broken_at: null });
    expect(result.problem).toContain(file());
    await audit.noteHead();
    expect(await readFile(file(), 'utf8')).toBe(text);
  });
});
