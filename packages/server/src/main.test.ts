import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ClonedDatabase, cloneDatabase } from './testing/cloned-database.ts';
import { freePort } from './testing/free-port.ts';
import { waitFor } from './testing/wait-for.ts';

// A first start makes a database, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 });

let home: string;
let databases: ClonedDatabase[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-main-'));
  databases = [];
});
afterEach(async () => {
  // Again and again, as one that starts another is not there to be seen until it has.
  await waitFor('all processes to end', async () => {
    const left = await processesOf(home);
    for (const { pid } of left) kill(pid);
    return left.length === 0;
  });
  await Promise.all(databases.map((database) => database.drop()));
  await rm(home, { recursive: true, force: true });
});

async function emptyDatabase(): Promise<string> {
  const database = await cloneDatabase();
  databases.push(database);
  return database.databaseUrl;
}

interface Server {
  child: ChildProcess;
  output(): string;
  ready(): Promise<string>;
  /** The exit code. */
  ended: Promise<number | null>;
}

/** BorgOS as a user starts it, from its first moment on. */
function start(env: Record<string, string> = {}, stderr: number | 'pipe' = 'pipe'): Server {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../start.js')], {
    env: {
      PATH: process.env.PATH,
      BORGOS_HOME: home,
      BORGOS_PORT: '0',
      BORGOS_RUNTIME: 'process',
      ...env,
    },
    stdio: ['ignore', 'pipe', stderr],
  });
  let output = '';
  const read = (data: Buffer) => {
    output += data;
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  return {
    child,
    output: () => output,
    ready: () =>
      waitFor(`BorgOS to be ready: ${output}`, async () => {
        if (child.exitCode !== null) throw new Error(`BorgOS ended:\n${output}`);
        return /ready at (http:\S+)/.exec(output)?.[1];
      }),
    ended: once(child, 'close').then(() => child.exitCode),
  };
}

async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const all = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      command: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    })),
  );
  return all.filter(({ command }) => command.includes(folder));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function postmasterOf(folder: string): Promise<number | undefined> {
  const lock = path.join(folder, 'postgres', 'data', 'postmaster.pid');
  const pid = Number.parseInt(await readFile(lock, 'utf8').catch(() => ''), 10);
  return pid > 0 ? pid : undefined;
}

const statusOf = (url: string) =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  );

test('it goes on when its PostgreSQL was killed', async () => {
  const server = start();
  const url = await server.ready();
  const killed = await postmasterOf(home);
  if (!killed) throw new Error('PostgreSQL does not run');
  process.kill(killed, 'SIGKILL');
  await waitFor(
    'readiness to fail or come back',
    async () => (await postmasterOf(home)) !== killed,
  );
  await waitFor(
    'it to be ready',
    async () => (await statusOf(`${url}/health/ready`)) === 200,
    8_000,
  );
  expect(await statusOf(`${url}/api/v1/projects`)).toBe(200);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(await processesOf(home)).toEqual([]);
});

test('a log on a full disk neither stops it nor keeps it from ending', async () => {
  const full = openSync('/dev/full', 'a');
  try {
    const databaseUrl = await emptyDatabase();
    const server = start({ DATABASE_URL: databaseUrl, BORGOS_LOG_LEVEL: 'trace' }, full);
    const url = await server.ready();
    for (let request = 0; request < 20; request++) {
      expect(await statusOf(`${url}/api/v1/projects/999999`)).toBe(404);
    }
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(await processesOf(home)).toEqual([]);
  } finally {
    closeSync(full);
  }
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s during the start ends it, and leaves no process behind',
  async (signal) => {
    const server = start();
    await waitFor('PostgreSQL to start', () => postmasterOf(home));
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    expect(server.output()).not.toContain('ready at');
    expect(await processesOf(home)).toEqual([]);
  },
);

test('a closed terminal ends it as Ctrl-C does', async () => {
  const server = start();
  await server.ready();
  server.child.kill('SIGHUP');
  expect(await server.ended).toBe(0);
  expect(await processesOf(home)).toEqual([]);
});

test('a start whose port is taken meanwhile fails, and leaves no process behind', async () => {
  const port = await freePort();
  const server = start({ BORGOS_PORT: String(port) });
  await waitFor('PostgreSQL to start', () => postmasterOf(home));
  const other = createServer().listen(port, '127.0.0.1');
  try {
    await once(other, 'listening');
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain(`listens on 127.0.0.1:${port}`);
    expect(await processesOf(home)).toEqual([]);
  } finally {
    other.close();
  }
});

test('a home that is in use is refused, whatever database the second one is given', async () => {
  const first = start({ DATABASE_URL: await emptyDatabase() });
  const url = await first.ready();
  const second = start({ DATABASE_URL: await emptyDatabase() });
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(
    `BorgOS already runs on ${home} (process ${first.child.pid}). Use that one`,
  );
  const third = start();
  expect(await third.ended).toBe(1);
  expect(await postmasterOf(home)).toBeUndefined();
  expect(await statusOf(`${url}/health/ready`)).toBe(200);

  first.child.kill('SIGKILL');
  await first.ended;
  const next = start({ DATABASE_URL: databases[0]?.databaseUrl ?? '' });
  await next.ready();
  next.child.kill('SIGTERM');
  expect(await next.ended).toBe(0);
});

test('a home is not started with another database than its own', async () => {
  const own = await emptyDatabase();
  const first = start({ DATABASE_URL: own });
  await first.ready();
  first.child.kill('SIGTERM');
  await first.ended;

  const second = start();
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/another database than before.*DATABASE_URL.*remove .*database/s);
  expect(await processesOf(home)).toEqual([]);

  await rm(path.join(home, 'database'));
  const third = start();
  await third.ready();
  third.child.kill('SIGTERM');
  expect(await third.ended).toBe(0);
  await writeFile(path.join(home, 'database'), 'something else\n');
  expect(await start().ended).toBe(1);
});
