import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startPostgresChild } from '../testing/embedded-postgres-child.ts';
import { startEmbeddedPostgres } from './embedded.ts';
import { openDatabase } from './open.ts';
import { isPostmaster, readPostmasterLock } from './postmaster-lock.ts';

const run = promisify(execFile);
const log = pino({ level: 'silent' });
const isRoot = process.geteuid?.() === 0;
const nobody: { uid?: number; gid?: number } = isRoot ? await numbersOfNobody() : {};
const folders: string[] = [];

/** A home whose database was started and stopped once. */
let prototype: string;

beforeAll(async () => {
  prototype = await mkdtemp(join(tmpdir(), 'borgos-prototype-'));
  const { stop } = await startEmbeddedPostgres({ home: prototype, log });
  await stop();
});
afterAll(() => rm(prototype, { recursive: true }));

afterEach(async () => {
  for (const folder of folders.splice(0)) {
    await killServersBelow(folder);
    await rm(folder, { recursive: true, force: true });
  }
});

/** A folder that everybody can pass through, removed with all servers in it after the test. */
async function temporaryFolder(parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'borgos-embedded-'));
  folders.push(folder);
  await chmod(folder, 0o711);
  return folder;
}

/** A later start is 20 times as fast as a first one. */
async function usedHome(): Promise<string> {
  const home = join(await temporaryFolder(), 'home');
  await run('cp', ['-a', prototype, home]);
  return home;
}

async function numbersOfNobody(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((option) => run('id', [option, 'nobody'])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}

async function killServersBelow(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('postmaster.pid')) continue;
    const data = join(folder, name, '..');
    const lock = await readPostmasterLock(data);
    if (lock && (await isPostmaster(lock.pid, data))) await killServer(lock.pid, data);
  }
}

async function killServer(pid: number, data: string): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isPostmaster(pid, data)).toBe(false);
}

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function ownerOf(pid: number): Promise<number> {
  return (await stat(`/proc/${pid}`)).uid;
}

test('a first start makes a database, and a later start finds what was written', async () => {
  const home = join(await temporaryFolder(), 'home');
  const first = await startEmbeddedPostgres({ home, log });
  expect(first).toMatchObject({ version: expect.stringMatching(/^18\./), adopted: false });
  await query(first.connectionString, 'create table kept as select 42 as answer');
  await first.stop();

  const later = await startEmbeddedPostgres({ home, log });
  expect(await query(later.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect(later.adopted).toBe(false);
  await later.stop();
});

test('it listens on a private Unix socket only, and loses no commit', async () => {
  const home = await usedHome();
  const { connectionString, stop } = await startEmbeddedPostgres({ home, log });
  const names = ['listen_addresses', 'fsync', 'synchronous_commit', 'full_page_writes'];
  const settings = await query(
    connectionString,
    `select ${names.map((name) => `current_setting('${name}') as ${name}`).join()}`,
  );
  expect(settings).toEqual([
    { listen_addresses: '', fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
  ]);
  for (const folder of ['', 'data', 'socket']) {
    expect((await stat(join(home, 'postgres', folder))).mode & 0o777).toBe(0o700);
  }
  await stop();
});

test('stopping leaves no process, no lock file and no socket', async () => {
  const home = await usedHome();
  const { pid, stop } = await startEmbeddedPostgres({ home, log });
  const data = join(home, 'postgres', 'data');
  expect(await isPostmaster(pid, data)).toBe(true);
  await stop();
  expect(await isPostmaster(pid, data)).toBe(false);
  expect(await readPostmasterLock(data)).toBeUndefined();
  expect(await readdir(join(home, 'postgres', 'socket'))).toEqual([]);
  await stop();
});

test('after a kill -9 of its parent it goes on, and is adopted by the next start', async () => {
  const home = await usedHome();
  const parent = await startPostgresChild({ home });
  parent.child.kill('SIGKILL');
  await once(parent.child, 'exit');

  const adopted = await startEmbeddedPostgres({ home, log });
  expect(adopted).toMatchObject({ adopted: true, pid: parent.pid, version: parent.version });
  await adopted.stop();
  expect(await isPostmaster(parent.pid, join(home, 'postgres', 'data'))).toBe(false);
});

test('of starts at once on an empty home, one starts the server and all share it', async () => {
  const home = join(await temporaryFolder(), 'home');
  const started = await Promise.all([1, 2, 3].map(() => startPostgresChild({ home })));
  expect(new Set(started.map(({ pid }) => pid)).size).toBe(1);
  expect(started.filter(({ adopted }) => !adopted)).toHaveLength(1);
  const files = await readdir(join(home, 'postgres'));
  expect(files.sort()).toEqual(['data', 'socket']);
  await Promise.all(started.map(({ stop }) => stop()));
});

test('after a kill -9 it is started again, and pool and listener find it where it was', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  const embedded = await startEmbeddedPostgres({ home, log });
  const database = await openDatabase({ source: { embedded }, log });
  let notified = 0;
  const listening = await database.listen('channel', () => notified++);
  const killed = embedded.pid;
  await killServer(killed, data);
  const one = () => database.db.selectNoFrom((is) => is.lit(1).as('one')).execute();
  const answer = () => one().catch(() => undefined);
  await expect.poll(answer, { timeout: 5_000, interval: 50 }).toEqual([{ one: 1 }]);
  // It may answer a moment before its launcher has heard so.
  await expect.poll(() => embedded.pid, { timeout: 5_000 }).not.toBe(killed);
  await expect.poll(() => notified, { timeout: 5_000 }).toBeGreaterThan(0);
  await listening.close();
  await database.close();
  await embedded.stop();
  expect(await isPostmaster(embedded.pid, data)).toBe(false);
  expect(await readPostmasterLock(data)).toBeUndefined();
});

test('one that is stopped while it is started again stays stopped', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  const embedded = await startEmbeddedPostgres({ home, log });
  const killed = embedded.pid;
  await killServer(killed, data);
  await vi.waitUntil(async () => (await readPostmasterLock(data))?.pid !== killed, {
    timeout: 5_000,
    interval: 5,
  });
  await embedded.stop();
  expect(await readPostmasterLock(data)).toBeUndefined();
  expect(await isPostmaster(embedded.pid, data)).toBe(false);
});

test('stopping ends it also while connections are still busy', async () => {
  const home = await usedHome();
  const embedded = await startEmbeddedPostgres({ home, log });
  const busy = query(embedded.connectionString, 'select pg_sleep(60)').catch(() => 'ended');
  await expect
    .poll(() =>
      query(
        embedded.connectionString,
        "select 1 from pg_stat_activity where query like '%sleep(60)' and state = 'active'",
      ),
    )
    .toHaveLength(1);
  await embedded.stop();
  expect(await busy).toBe('ended');
});

test('acknowledged commits survive a kill -9 of the server and its parent', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  const parent = await startPostgresChild({ home });
  const client = new Client({ connectionString: parent.connectionString });
  client.on('error', () => {});
  await client.connect();
  await client.query('create table kept (number integer)');
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) {
      await client.query('insert into kept values ($1)', [acknowledged + 1]);
      acknowledged += 1;
    }
  })();
  writing.catch(() => {});
  await vi.waitUntil(() => acknowledged >= 300, { timeout: 10_000 });
  parent.child.kill('SIGKILL');
  await killServer(parent.pid, data);
  await expect(writing).rejects.toThrow();

  const next = await startEmbeddedPostgres({ home, log });
  expect(next.adopted).toBe(false);
  const [kept] = await query(
    next.connectionString,
    'select max(number) as last, count(*)::integer as count from kept',
  );
  expect(kept?.last).toBeGreaterThanOrEqual(acknowledged);
  expect(kept?.count).toBe(kept?.last);
  await next.stop();
});

test('a lock file whose number now is that of another process does not stand in the way', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  const first = await startEmbeddedPostgres({ home, log });
  const lock = await readPostmasterLock(data);
  await first.stop();
  const stale = lock?.content.replace(/^\d+/, String(process.pid)) ?? '';
  await writeFile(join(data, 'postmaster.pid'), stale);
  await writeFile(join(home, 'postgres', 'socket', '.s.PGSQL.5432.lock'), stale);

  const next = await startEmbeddedPostgres({ home, log });
  expect(next.adopted).toBe(false);
  expect(await query(next.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
  await next.stop();
});

test('a lock file that a loss of power left empty does not stand in the way', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  const lock = join(data, 'postmaster.pid');
  const { uid, gid } = await stat(data);
  await writeFile(lock, '');
  await chown(lock, uid, gid);
  const aMinuteAgo = Date.now() / 1000 - 60;
  await utimes(lock, aMinuteAgo, aMinuteAgo);

  const next = await startEmbeddedPostgres({ home, log });
  expect(next.adopted).toBe(false);
  await next.stop();
});

test('what a first start that was killed has left is removed, but not what one still makes', async () => {
  const home = await usedHome();
  const folder = join(home, 'postgres');
  const [old, young] = [join(folder, 'initialising-old'), join(folder, 'initialising-young')];
  for (const path of [old, young]) await mkdir(path);
  const twoHoursAgo = Date.now() / 1000 - 7_200;
  await utimes(old, twoHoursAgo, twoHoursAgo);

  const next = await startEmbeddedPostgres({ home, log });
  expect((await readdir(folder)).sort()).toEqual(['data', 'initialising-young', 'socket']);
  await next.stop();
});

test('a data folder of another major version is refused, and is not touched', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  await writeFile(join(data, 'PG_VERSION'), '17\n');
  await expect(startEmbeddedPostgres({ home, log })).rejects.toThrow(
    /was made by PostgreSQL 17, and this BorgOS comes with PostgreSQL 18.*DATABASE_URL/,
  );
  expect(await readFile(join(data, 'PG_VERSION'), 'utf8')).toBe('17\n');
});

test('a folder with files that are no database is refused', async () => {
  const home = await usedHome();
  await rm(join(home, 'postgres', 'data', 'PG_VERSION'));
  await expect(startEmbeddedPostgres({ home, log })).rejects.toThrow(
    /not the data folder of a PostgreSQL.*backup/,
  );
});

test('a data folder that others can read, as after a restore, is closed and used', async () => {
  const home = await usedHome();
  const data = join(home, 'postgres', 'data');
  await chmod(data, 0o755);
  const next = await startEmbeddedPostgres({ home, log });
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  await next.stop();
});

test('what the server says when it cannot start is passed on', async () => {
  const home = await usedHome();
  await expect(
    startEmbeddedPostgres({ home, log, settings: { shared_buffers: 'plenty' } }),
  ).rejects.toThrow(
    /invalid value for parameter "shared_buffers".*logs\/postgres.log.*DATABASE_URL/,
  );
});

test('a home too deep for a Unix socket gets a short private one, which stopping removes', async () => {
  const home = join(await temporaryFolder(), 'deep'.repeat(30), 'é ü,"q', 'home');
  const first = await startPostgresChild({ home });
  const socketOf = (connectionString: string) =>
    new URL(connectionString).searchParams.get('host') ?? '';
  const abandoned = socketOf(first.connectionString);
  expect(abandoned).toMatch(/^\/tmp\/borgos-\w+$/);
  expect((await stat(abandoned)).mode & 0o777).toBe(0o700);
  first.child.kill('SIGKILL');
  await killServer(first.pid, join(home, 'postgres', 'data'));

  const next = await startEmbeddedPostgres({ home, log });
  expect(await query(next.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
  await next.stop();
  for (const socket of [abandoned, socketOf(next.connectionString)]) {
    await expect(stat(socket)).rejects.toThrow('ENOENT');
  }
});

test('a plain user runs it as themselves', async () => {
  const folder = await temporaryFolder();
  if (isRoot) await chown(folder, Number(nobody.uid), Number(nobody.gid));
  const started = await startPostgresChild({ home: join(folder, 'home') }, nobody);
  expect(await ownerOf(started.pid)).toBe(nobody.uid ?? process.geteuid?.());
  expect((await stat(join(folder, 'home'))).mode & 0o777).toBe(0o700);
  await started.stop();
});

describe.runIf(isRoot)('started by root', () => {
  test('it runs as nobody, in a home that others cannot list', async () => {
    const home = join(await temporaryFolder(), 'home');
    const { pid, stop } = await startEmbeddedPostgres({ home, log });
    expect(await ownerOf(pid)).toBe(nobody.uid);
    expect((await stat(home)).mode & 0o777).toBe(0o701);
    await stop();
  });

  test('a home in a folder that only root can enter has its database elsewhere', async () => {
    const system = await temporaryFolder();
    const home = join(await temporaryFolder(homedir()), 'home');
    await chmod(join(home, '..'), 0o700);
    const options = { home, systemFolder: join(system, 'made'), log };
    const first = await startEmbeddedPostgres(options);
    await query(first.connectionString, 'create table kept as select 42 as answer');
    await first.stop();
    expect(await readdir(join(system, 'made'))).toHaveLength(1);

    const later = await startEmbeddedPostgres(options);
    expect(await query(later.connectionString, 'select * from kept')).toEqual([{ answer: 42 }]);
    await later.stop();

    await rm(join(system, 'made'), { recursive: true });
    await expect(startEmbeddedPostgres(options)).rejects.toThrow(/is gone.*backup/);
  });

  test("a plain user's database runs as that user", async () => {
    const folder = await temporaryFolder();
    await chown(folder, 12_345, 12_345);
    const home = join(folder, 'home');
    const { stop } = await startEmbeddedPostgres({ home, log });
    await stop();
    await run('chown', ['-R', '12345:12345', folder]);
    const later = await startEmbeddedPostgres({ home, log });
    expect(await ownerOf(later.pid)).toBe(12_345);
    await later.stop();
  });

  test('a database that belongs to root is refused', async () => {
    const home = await usedHome();
    await run('chown', ['-R', 'root', join(home, 'postgres')]);
    await expect(startEmbeddedPostgres({ home, log })).rejects.toThrow(
      /belongs to root.*chown -R nobody/,
    );
  });

  test('another user is told whose database it is', async () => {
    const folder = await temporaryFolder();
    const { stop } = await startEmbeddedPostgres({ home: folder, log });
    await stop();
    await run('chown', ['-R', '12345', join(folder, 'postgres')]);
    await expect(startPostgresChild({ home: folder }, nobody)).rejects.toThrow(
      /belongs to another user.*Start BorgOS as the user that made it/,
    );
  });

  test('a folder that may not be written is named', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'postgres'), { mode: 0o755 });
    await expect(startPostgresChild({ home: folder }, nobody)).rejects.toThrow(
      /could not make its data folder.*Make that folder writable/,
    );
  });
});
