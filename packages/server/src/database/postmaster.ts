import { type ChildProcess, spawn } from 'node:child_process';
import { open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import type { Account } from './postgres-account.ts';
import { embeddedDatabase, embeddedUser, postgresEnvironment } from './postgres-cluster.ts';
import { isPostmaster, readPostmasterLock } from './postmaster-lock.ts';
import { boundPostmasterLog, readLogSince } from './postmaster-log.ts';

const pollMs = 10;
const askTimeoutMs = 5_000;
const fastStopMs = 15_000;
const immediateStopMs = 10_000;

/** Small, as it shares a machine with what is deployed: about 20 MB at rest, and nothing lost. */
const defaultSettings: Record<string, string> = {
  cluster_name: 'borgos',
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: '50',
  shared_buffers: '32MB',
  wal_buffers: '1MB',
  maintenance_work_mem: '32MB',
  min_wal_size: '16MB',
  max_wal_size: '256MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  jit: 'off',
  // No processes that only wait: readers for asynchronous I/O, replication, parallel workers.
  io_method: 'sync',
  max_worker_processes: '1',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  autovacuum_worker_slots: '1',
  // One for a backup that is streamed.
  max_wal_senders: '2',
  // In the data folder: systemd empties /dev/shm when the user who started BorgOS logs out.
  dynamic_shared_memory_type: 'mmap',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // A refused statement is told to its sender; its text can hold what must not be logged.
  log_min_error_statement: 'panic',
};

export interface Postmaster {
  pid: number;
  socketFolder: string;
  /** `18.4` */
  version: string;
}

/**
 * Asks who listens in a socket folder; the server's version if it is the one of this data folder,
 * and `undefined` if it is another or does not answer.
 */
export async function askPostmaster(
  socketFolder: string,
  data: string,
): Promise<string | undefined> {
  if (socketFolder === '') return undefined;
  const client = clientOf(socketFolder);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string; version: string }>(
      `select current_setting('data_directory') as folder,
              split_part(current_setting('server_version'), ' ', 1) as version`,
    );
    const folder = await realpath(rows[0]?.folder ?? '');
    return folder === data ? rows[0]?.version : undefined;
  } catch {
    // Nobody there, starting, stopping, or no PostgreSQL: all the same to who asks.
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

function clientOf(socketFolder: string): Client {
  const client = new Client({
    host: socketFolder,
    user: embeddedUser,
    database: embeddedDatabase,
    connectionTimeoutMillis: askTimeoutMs,
    query_timeout: askTimeoutMs,
    application_name: 'launcher',
  });
  // An error after the answer is of no interest, but without a listener would end the process.
  client.on('error', () => {});
  return client;
}

export interface LaunchOptions {
  program: string;
  data: string;
  socketFolder: string;
  account: Account | undefined;
  logFile: string;
  /** Besides the default ones. */
  settings: Record<string, string>;
  timeoutMs: number;
}

/**
 * Starts a server and waits until it takes connections. It is in a session of its own: neither a
 * Ctrl-C in the terminal nor the death of this process ends it.
 *
 * Returns why it did not come up as `refused`, in its own words, and whether it has ended or is
 * still at it.
 */
export async function launchPostmaster(
  options: LaunchOptions,
): Promise<{ postmaster: Postmaster } | { refused: string; ended: boolean }> {
  const { data, socketFolder, logFile } = options;
  // Only in the way: whether another server runs is decided by the lock in the data folder.
  await rm(join(socketFolder, '.s.PGSQL.5432.lock'), { force: true });
  await boundPostmasterLog(logFile);
  const log = await open(logFile, 'a', 0o600);
  try {
    const { size } = await log.stat();
    const child = spawn(options.program, launchArguments(options), {
      ...options.account,
      cwd: '/',
      env: postgresEnvironment,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.unref();
    const problem = await untilReady(child, data, options.timeoutMs);
    if (problem !== undefined) {
      const words = await readLogSince(logFile, size);
      const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
      return { refused: [problem, words].filter(Boolean).join(': '), ended };
    }
    const version = await askPostmaster(socketFolder, data);
    if (!child.pid || !version) {
      return { refused: 'it started, but does not answer', ended: false };
    }
    return { postmaster: { pid: child.pid, socketFolder, version } };
  } finally {
    await log.close();
  }
}

function launchArguments({ data, socketFolder, settings }: LaunchOptions): string[] {
  const all = { ...defaultSettings, ...settings, unix_socket_directories: quoteItem(socketFolder) };
  return [
    '-D',
    data,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** The setting is a list, in which a comma or a space would part one path into two. */
function quoteItem(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

/** Waits until the server takes connections; returns what went wrong instead. */
async function untilReady(
  child: ChildProcess,
  data: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = Date.now() + timeoutMs;
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended ??= `it ended with ${signal ?? `exit code ${code}`}`;
  });
  while (Date.now() < deadline) {
    if (ended !== undefined) return ended;
    const lock = await readPostmasterLock(data);
    if (lock?.ready && lock.pid === child.pid) return undefined;
    await wait(pollMs);
  }
  // It may be repairing the data after a crash. It goes on, and the next start takes it over.
  return `it was not ready within ${timeoutMs / 1000} s`;
}

/**
 * Ends a server: its transactions are rolled back and everything is written. One that does not
 * manage that in time is ended at once; its next start repairs the data from the log of changes.
 */
export async function stopPostmaster(pid: number, data: string): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastStopMs],
    ['SIGQUIT', immediateStopMs],
  ] as const) {
    if (!(await isPostmaster(pid, data))) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await isGone(pid, data, timeoutMs)) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) of ${data} does not stop`);
}

async function isGone(pid: number, data: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (!(await isPostmaster(pid, data))) return true;
    await wait(pollMs);
  }
  return false;
}
