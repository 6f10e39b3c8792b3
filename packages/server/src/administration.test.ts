import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Closing, createClosing } from './closing.ts';
import { startEmbeddedPostgres } from './database/embedded.ts';
import { type Database, openDatabase } from './database/open.ts';
import { openHomeDatabase, openPostgres } from './database/open-postgres.ts';
import { isPostmaster, readPostmasterLock } from './database/postmaster-lock.ts';
import { claimHome, openHome } from './home.ts';
import { type ClonedDatabase, cloneDatabase } from './testing/cloned-database.ts';
import { startPostgresChild } from './testing/embedded-postgres-child.ts';
import { waitFor } from './testing/wait-for.ts';

// A first start makes a database, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const log = pino({ level: 'silent' });
const secret = 'correct-horse-battery';
let home: string;
let closing: Closing = createClosing(() => {});
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-administration-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await closing.run();
  const left = await runningPostgres();
  if (left) process.kill(left, 'SIGKILL');
});

function start(argv: string[], env: Record<string, string> = {}): ChildProcess {
  const script = path.join(import.meta.dirname, '../start.js');
  const child = spawn(process.execPath, [script, 'admin', ...argv], {
    env: { PATH: process.env.PATH, BORGOS_HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

/** Runs a command to its end. */
async function admin(
  argv: string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<{ code: number | null; output: string }> {
  const child = start(argv, env);
  let output = '';
  const read = (data: Buffer) => {
    output += data;
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  await once(child, 'close');
  return { code: child.exitCode, output };
}

/** The pid of the home's own PostgreSQL. */
async function runningPostgres(): Promise<number | undefined> {
  const data = path.join(home, 'postgres', 'data');
  const lock = await readPostmasterLock(data);
  return lock && (await isPostmaster(lock.pid, data)) ? lock.pid : undefined;
}

/** Has the home and its PostgreSQL as a server that runs does. */
async function beServer(): Promise<Database> {
  closing = createClosing(() => {});
  await openHome(home);
  closing.add(claimHome(home));
  return openHomeDatabase({ home, databaseUrl: undefined, log, closing });
}

async function tamper(database: Database, change: string): Promise<void> {
  const client = new Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query('set session_replication_role = replica');
  await client.query(change);
  await client.end();
}

test('help says which commands there are; what is none of them is refused', async () => {
  expect(await admin(['help'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('verify-audit'),
  });
  const wrong = await admin(['verify-audits']);
  expect(wrong).toMatchObject({ code: 64, output: expect.stringContaining('verify-audit') });
  const onCommandLine = await admin(['set-password', 'ada', secret]);
  expect(onCommandLine).toMatchObject({
    code: 64,
    output: expect.stringContaining('standard input'),
  });
  expect(onCommandLine.output).not.toContain(secret);
  expect(await admin(['verify-audit', '--no-setting', 'x'])).toMatchObject({ code: 78 });
});

test('a home that is not there is not made by what only reads or replaces', async () => {
  const env = { BORGOS_HOME: path.join(home, 'mistyped') };
  for (const command of ['verify-audit', 'rotate-key']) {
    const { code, output } = await admin([command], { env });
    expect(code).toBe(2);
    expect(output).toContain(`never started on ${env.BORGOS_HOME}`);
  }
  expect(await readdir(home)).toEqual([]);
});

describe('while BorgOS is stopped', () => {
  afterEach(async () => expect(await runningPostgres()).toBeUndefined());

  test('set-password makes an administrator before a first start, and sets it again', async () => {
    const short = await admin(['set-password', 'ada'], { input: 'short\n' });
    expect(short).toMatchObject({ code: 64, output: expect.stringContaining('at least 12') });
    expect(await readdir(home)).toEqual([]);

    const made = await admin(['set-password', 'ada'], { input: `${secret}\n` });
    expect(made).toEqual({ code: 0, output: 'ada is an administrator now.\n' });
    const set = await admin(['set-password', 'Ada'], { input: 'another-one-of-mine\n' });
    expect(set).toMatchObject({ code: 0, output: expect.stringContaining('another password') });
    const files = await readdir(home, { recursive: true });
    for (const name of files.filter((name) => !name.startsWith('postgres'))) {
      const file = path.join(home, name);
      if (!(await stat(file)).isFile()) continue;
      expect(await readFile(file, 'utf8')).not.toContain(secret);
    }
  });

  test('verify-audit says that the trail is valid, and rotate-key adds to it', async () => {
    const valid = await admin(['verify-audit']);
    expect(valid.output).toMatch(/^Newest entry: 2 [0-9a-f]{64}\nThe audit trail is valid: all 2 /);
    expect(valid.code).toBe(0);
    const rotated = await admin(['rotate-key']);
    expect(rotated).toMatchObject({ code: 0, output: expect.stringMatching(/^The key is k/) });
    const note = JSON.parse(await readFile(path.join(home, 'audit-head.json'), 'utf8'));
    expect(note).toMatchObject({ seq: 3 });
    expect((await admin(['verify-audit'])).output).toContain(`Newest entry: 3 ${note.hash}`);
    const notLost = await admin(['rotate-key', '--lost']);
    expect(notLost).toMatchObject({ code: 2, output: expect.stringContaining('is not lost') });
  });

  test('a signal ends a command, and what it started', async () => {
    const child = start(['verify-audit']);
    await waitFor('PostgreSQL to start', runningPostgres);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(child.exitCode).toBe(130);
  });
});

describe('while BorgOS runs', () => {
  test('verify-audit and set-password use its database, and leave it running', async () => {
    const { db } = await beServer();
    const postgres = await runningPostgres();
    const before = await readFile(path.join(home, 'audit-head.json'), 'utf8');
    expect(await admin(['verify-audit'])).toMatchObject({ code: 0 });
    expect(await readFile(path.join(home, 'audit-head.json'), 'utf8')).toBe(before);
    expect(await admin(['set-password', 'bob'], { input: secret })).toMatchObject({ code: 0 });
    const users = await db.selectFrom('users').select('name').orderBy('id').execute();
    expect(users).toEqual([{ name: 'ada' }, { name: 'bob' }]);
    expect(await runningPostgres()).toBe(postgres);
  });

  test('rotate-key says that it has to be stopped', async () => {
    await beServer();
    const { code, output } = await admin(['rotate-key']);
    expect(code).toBe(2);
    expect(output).toContain(
      `needs a BorgOS that is stopped. BorgOS already runs on ${home} (process ${process.pid})`,
    );
    expect(await runningPostgres()).toBeDefined();
  });

  test('it is said when it runs on another database than the one that is looked for', async () => {
    closing = createClosing(() => {});
    closing.add(claimHome(home));
    const { code, output } = await admin(['verify-audit']);
    expect(code).toBe(2);
    expect(output).toMatch(/already runs on .* say which with DATABASE_URL/);
    expect(await runningPostgres()).toBeUndefined();
  });
});

test('a PostgreSQL that a killed BorgOS has left is used, and left again', async () => {
  const killed = await startPostgresChild({ home });
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  expect(await admin(['verify-audit'])).toMatchObject({ code: 0 });
  expect(await admin(['rotate-key'])).toMatchObject({ code: 0 });
  expect(await runningPostgres()).toBe(killed.pid);
  const { adopted, stop } = await startEmbeddedPostgres({ home, log });
  expect(adopted).toBe(true);
  await stop();
});

test('verify-audit says what is wrong with a trail that was changed', async () => {
  closing = createClosing(() => {});
  const database = await openPostgres({ home, databaseUrl: undefined, log, closing });
  await tamper(database, `update events set actor = '{}' where seq = 2`);
  await closing.run();
  const { code, output } = await admin(['verify-audit']);
  expect(code).toBe(1);
  expect(output).toMatch(/not valid; 2 entries were looked at\.\nEntry 2 .* was changed/);
  expect(await runningPostgres()).toBeUndefined();
});

describe('on a PostgreSQL of the user', () => {
  let clone: ClonedDatabase;
  afterEach(() => clone.drop());

  test('everything works the same', async () => {
    clone = await cloneDatabase();
    const own = path.join(home, 'with-url');
    const env = { BORGOS_HOME: own, DATABASE_URL: clone.databaseUrl };
    expect(await admin(['set-password', 'ada'], { env, input: secret })).toMatchObject({ code: 0 });
    expect(await admin(['rotate-key'], { env })).toMatchObject({ code: 0 });
    expect(await admin(['verify-audit'], { env })).toMatchObject({ code: 0 });
    const database = await openDatabase({ source: clone, log });
    await tamper(database, 'delete from events where seq = 2');
    await database.close();
    expect(await admin(['verify-audit'], { env })).toMatchObject({
      code: 1,
      output: expect.stringContaining('removed'),
    });
    expect(await readdir(own)).not.toContain('postgres');
  });

  test('a database of another home is refused', async () => {
    clone = await cloneDatabase();
    const { code, output } = await admin(['verify-audit'], {
      env: { DATABASE_URL: clone.databaseUrl },
    });
    expect(code).toBe(2);
    expect(output).toContain('another database than before');
  });
});
