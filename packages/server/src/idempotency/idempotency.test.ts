import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../database/open.ts';
import { AppError } from '../errors.ts';
import { newKey } from '../secrets/keys.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { type ClonedDatabase, cloneDatabase } from '../testing/cloned-database.ts';
import { createIdempotency, type Idempotency, type KeyedAnswer } from './idempotency.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const created: KeyedAnswer = { status: 201, headers: { link: '</>' }, body: '{"id":1}' };

let clone: ClonedDatabase;
let database: Database;
let clock: Date;
let warnings: string[];
let idempotency: Idempotency;

beforeAll(async () => {
  clone = await cloneDatabase();
  database = await openDatabase({
    source: { databaseUrl: clone.databaseUrl },
    log: pino({ level: 'silent' }),
  });
});
beforeEach(async () => {
  await database.db.deleteFrom('idempotency_keys').execute();
  clock = new Date('2026-11-20T12:00:00.123Z');
  warnings = [];
  idempotency = start();
});
afterAll(async () => {
  await database.close();
  await clone.drop();
});

const secrets = secretsOf([newKey()]);

/** A life of the server: another one on the same database knows nothing of what runs in this one. */
function start(
  seal: (text: string, context: string) => string = secrets.seal,
  open: (sealed: string, context: string) => string = secrets.open,
): Idempotency {
  return createIdempotency({
    db: database.db,
    seal,
    open,
    fingerprintKey: secrets.derive('idempotency'),
    log: { warn: (_: unknown, message?: string) => void warnings.push(message ?? '') },
    now: () => clock,
  });
}

const request = {
  caller: 'local',
  key: 'k',
  method: 'POST',
  url: '/api/v1/things?dry_run=false',
  body: { name: 'a', size: { x: 1, y: [1, 2] } } as unknown,
};

function pass(milliseconds: number): void {
  clock = new Date(clock.getTime() + milliseconds);
}

/** Work that can be counted, and gives the same answer each time. */
function counted(answer: KeyedAnswer | (() => Promise<KeyedAnswer>) = created) {
  const done = { count: 0 };
  const work = async () => {
    done.count += 1;
    return typeof answer === 'function' ? answer() : answer;
  };
  return { done, work };
}

/** Work that lasts until the test says so. */
function endless() {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<KeyedAnswer>();
  const work = () => {
    started.resolve();
    return ended.promise;
  };
  return { work, started: started.promise, end: ended.resolve };
}

async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  return error.code;
}

const rows = () => database.db.selectFrom('idempotency_keys').selectAll().execute();

/** What a server leaves that is killed in the middle. */
async function leaveHalfDone() {
  const half = endless();
  const cut = start().once(request, half.work);
  await half.started;
  const end = () => {
    half.end(created);
    return cut;
  };
  return { end };
}

test('the same request is worked on once, and its answer is given each time', async () => {
  const { done, work } = counted();
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: false });
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: true });
  expect(await start().once(request, work)).toEqual({ answer: created, replayed: true });
  expect(done.count).toBe(1);
});

test.each([
  ['another method', { method: 'PUT' }],
  ['another path', { url: '/api/v1/other?dry_run=false' }],
  ['another query', { url: '/api/v1/things?dry_run=true' }],
  ['another body', { body: { name: 'b', size: { x: 1, y: [1, 2] } } }],
  ['another order in an array', { body: { name: 'a', size: { x: 1, y: [2, 1] } } }],
  ['no body', { body: undefined }],
])('a key that comes again with %s is refused', async (_, change) => {
  const { done, work } = counted();
  await idempotency.once(request, work);
  expect(await code(idempotency.once({ ...request, ...change }, work))).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );
  expect(done.count).toBe(1);
});

test('a client may write the names of its body in another order when it tries again', async () => {
  const { done, work } = counted();
  await idempotency.once(request, work);
  const body = { size: { y: [1, 2], x: 1 }, name: 'a' };
  expect(await idempotency.once({ ...request, body }, work)).toMatchObject({ replayed: true });
  expect(done.count).toBe(1);
});

test('each caller has keys of its own', async () => {
  const { done, work } = counted();
  await idempotency.once(request, work);
  await idempotency.once({ ...request, caller: 'user:1' }, work);
  await idempotency.once({ ...request, caller: 'user:1', key: 'k2' }, work);
  expect(done.count).toBe(3);
});

test.each([200, 202, 400, 404, 409, 422])('an answer %i is kept', async (status) => {
  const { done, work } = counted({ ...created, status });
  await idempotency.once(request, work);
  await idempotency.once(request, work);
  expect(done.count).toBe(1);
});

test.each([401, 403, 408, 429, 500, 503])(
  'after an answer %i the work may be tried again',
  async (status) => {
    const { done, work } = counted({ ...created, status });
    await idempotency.once(request, work);
    expect(await rows()).toEqual([]);
    await idempotency.once(request, work);
    expect(done.count).toBe(2);
  },
);

test('after a failure that nobody foresaw it is not known whether the work was done', async () => {
  // As when the database is lost while it commits.
  const { done, work } = counted(() => Promise.reject(new Error('out of luck')));
  await expect(idempotency.once(request, work)).rejects.toThrow('out of luck');
  await expect(idempotency.once(request, work)).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringContaining('may or may not have been done'),
  });
  expect(done.count).toBe(1);
});

test('of a hundred at once, on two connections to the database, one is worked on', async () => {
  const other = start();
  const { done, work } = counted();
  const codes = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      (n % 2 ? other : idempotency).once(request, work).then(
        ({ answer, replayed }) => `${answer.status} ${replayed}`,
        (error: AppError) => error.code,
      ),
    ),
  );
  expect(done.count).toBe(1);
  expect(codes.filter((seen) => seen === '201 false')).toHaveLength(1);
  expect(
    codes.filter((seen) => seen === '201 true' || seen === 'IDEMPOTENCY_KEY_IN_USE'),
  ).toHaveLength(99);
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: true });
});

test('what is still worked on is in use, however long that takes', async () => {
  const { work, started, end } = endless();
  const first = idempotency.once(request, work);
  await started;
  pass(10 * minuteMs);
  const second = idempotency.once(request, work);
  await expect(second).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_IN_USE',
    retryAfterSeconds: 1,
  });
  expect(await code(idempotency.once({ ...request, body: {} }, work))).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );
  end(created);
  await first;
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: true });
});

test('what a killed server was working on is never done again', async () => {
  const { end } = await leaveHalfDone();
  const { done, work } = counted();
  expect(await code(idempotency.once(request, work))).toBe('IDEMPOTENCY_KEY_IN_USE');
  pass(2 * minuteMs - 1);
  expect(await code(idempotency.once(request, work))).toBe('IDEMPOTENCY_KEY_IN_USE');
  pass(1);
  const refused = idempotency.once(request, work);
  await expect(refused).rejects.toThrow(/may or may not have been done: look at the state/);
  expect(await code(refused)).toBe('OUTCOME_UNKNOWN');
  expect(done.count).toBe(0);
  await end();
});

test('after 24 hours a key is a new one, and what ends late does not touch it', async () => {
  const { end } = await leaveHalfDone();
  pass(dayMs);
  expect(await code(idempotency.once(request, counted().work))).toBe('OUTCOME_UNKNOWN');
  pass(1);
  const second = endless();
  const running = idempotency.once(request, second.work);
  await second.started;
  await end();
  expect(await rows()).toMatchObject([{ status: null }]);
  const answer = { ...created, body: '"second"' };
  second.end(answer);
  await running;
  expect(await idempotency.once(request, counted().work)).toEqual({ answer, replayed: true });
});

test('what is kept cannot be read in the database, nor used under another key', async () => {
  const answer = { ...created, body: '{"token":"borg_canary"}' };
  await idempotency.once(request, counted(answer).work);
  expect(JSON.stringify(await rows())).not.toContain('canary');
  await database.db.updateTable('idempotency_keys').set({ key: 'moved' }).execute();
  const moved = idempotency.once({ ...request, key: 'moved' }, counted().work);
  await expect(moved).rejects.toThrow(
    'was answered with status 201 before, and that answer can no longer be decrypted',
  );
});

test('an answer of 1 MiB is kept; of a larger one only that it was given', async () => {
  const full = { ...created, body: 'x'.repeat(1024 * 1024) };
  await idempotency.once(request, counted(full).work);
  expect((await idempotency.once(request, counted().work)).answer).toEqual(full);

  const { done, work } = counted({ ...created, body: Buffer.from(`${full.body}x`) });
  const large = { ...request, key: 'large' };
  expect((await idempotency.once(large, work)).answer.body).toHaveLength(full.body.length + 1);
  const again = idempotency.once(large, work);
  await expect(again).rejects.toThrow(/answered with status 201 before, .* too large to keep/);
  expect(await code(again)).toBe('OUTCOME_UNKNOWN');
  expect(done.count).toBe(1);
});

test('an end that could not be written is given all the same, and written when asked again', async () => {
  let isAway = true;
  idempotency = start((text, context) => {
    if (isAway) throw new Error('the database is away');
    return secrets.seal(text, context);
  });
  const { done, work } = counted();
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: false });
  expect(warnings).toEqual(['the answer to an Idempotency-Key could not be kept yet']);
  await expect(idempotency.once(request, work)).rejects.toThrow('the database is away');
  isAway = false;
  expect(await idempotency.once(request, work)).toEqual({ answer: created, replayed: true });
  expect(done.count).toBe(1);
});

test('of ends that could not be written the last 100 are kept in memory', async () => {
  let isAway = true;
  idempotency = start((text, context) => {
    if (isAway) throw new Error('the database is away');
    return secrets.seal(text, context);
  });
  for (let n = 0; n <= 100; n += 1) {
    await idempotency.once({ ...request, key: `k${n}` }, counted().work);
  }
  isAway = false;
  await idempotency.forgetOld();
  const open = (await rows()).filter(({ status }) => status === null);
  expect(open.map(({ key }) => key)).toEqual(['k0']);
});

test('what is older than 24 hours is deleted, the rest stays', async () => {
  await idempotency.once({ ...request, key: 'old' }, counted().work);
  await database.db
    .insertInto('idempotency_keys')
    .values(
      Array.from({ length: 2500 }, (_, n) => ({
        caller: 'user:1',
        key: `k${n}`,
        fingerprint: Buffer.from('f'),
        created_at: clock,
      })),
    )
    .execute();
  pass(1);
  await idempotency.once({ ...request, key: 'new' }, counted().work);
  pass(dayMs);
  expect(await idempotency.forgetOld()).toBe(2501);
  expect((await rows()).map(({ key }) => key)).toEqual(['new']);
  expect(await idempotency.forgetOld()).toBe(0);
});
