// The error log: how many errors are logged durably by 256 callers over HTTP, against one transaction
// for each and against the same route without a database; and how long lists of a million take.
//
//   node bench/errors.ts [rounds]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { api } from '../packages/contracts/src/index.ts';
import { startEmbeddedPostgres } from '../packages/server/src/database/embedded.ts';
import { migrate } from '../packages/server/src/database/migrate.ts';
import { type Database, openDatabase } from '../packages/server/src/database/open.ts';
import { boundedError } from '../packages/server/src/error-log/bounded-error.ts';
import { createErrorLog, type ErrorLog } from '../packages/server/src/error-log/error-log.ts';
import { errorHandlers } from '../packages/server/src/error-log/handlers.ts';
import { writeErrors } from '../packages/server/src/error-log/write-errors.ts';
import { mount } from '../packages/server/src/http/mount.ts';
import { createHttpServer } from '../packages/server/src/http/server.ts';
import { median, quantile } from './quantile.ts';

const callers = 256;
const seconds = 3;
const log = pino({ level: 'silent' });

const [role, argument] = process.argv.slice(2);
if (role === 'callers') await call(argument ?? '');
else await compare(Number(role ?? 5));

async function compare(rounds: number): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  const embedded = await startEmbeddedPostgres({ home, log });
  try {
    await migrate({ connectionString: embedded.connectionString, log });
    const database = await openDatabase({ source: { embedded }, log });
    await compareWriting(database, rounds);
    await timeReading(database);
    await database.close();
  } finally {
    await embedded.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function compareWriting({ db }: Database, rounds: number): Promise<void> {
  await sql`insert into projects (name, path, tech_stack) values ('bench', '/bench', '{}')`.execute(
    db,
  );
  const projects = { get: async () => Promise.reject(new Error('nobody asks')) };
  const grouped = createErrorLog({ db, projects, url: () => 'http://localhost' });
  const now = () => new Date();
  const logs: Record<string, Pick<ErrorLog, 'log'>> = {
    grouped,
    'one by one': {
      async log(errors) {
        const items = errors.map((error) => ({
          error: boundedError(error, { now: now() }),
          position: null,
        }));
        const [ids] = await writeErrors(db, [{ items, bytes: 0 }], now);
        if (!Array.isArray(ids)) throw ids;
        return ids;
      },
    },
    'without a database': {
      async log(errors) {
        return errors.map((error) => boundedError(error, { now: now() }).message.length);
      },
    },
  };
  const servers = await Promise.all(
    Object.entries(logs).map(async ([name, errorLog]) => {
      const http = serverFor({ ...grouped, ...errorLog });
      return { name, http, url: await http.listen(), rates: [] as number[] };
    }),
  );
  for (let round = 0; round <= rounds; round += 1) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const rate = await rateOf(server.url);
      if (round > 0) server.rates.push(rate);
    }
  }
  for (const { name, rates } of servers)
    console.log(`${name}: ${Math.round(median(rates))} errors/s`);
  const ratio = (to: number) =>
    median((servers[0]?.rates ?? []).map((rate, round) => rate / (servers[to]?.rates[round] ?? 0)));
  verdict('of one by one', ratio(1), ratio(1) >= 3, 'at least 3');
  verdict('of the route without a database', ratio(2), ratio(2) >= 0.45, 'at least 0.45');
  for (const { http } of servers) await http.close();
  await grouped.close();
}

function serverFor(errorLog: ErrorLog) {
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    trustedProxies: [],
    localTrust: true,
    authenticate: () => Promise.reject(new Error('there is no credential')),
    isOwn: async () => false,
    rateLimits: {
      take: () => Promise.reject(new Error('nothing is limited')),
      close: async () => {},
    },
    rateLimit: null,
    idempotency: { once: () => Promise.reject(new Error('there is no key')) } as never,
    log,
  });
  mount(http, api.errors, errorHandlers(errorLog));
  return http;
}

/** Errors a second that the callers were told are logged. */
async function rateOf(url: string): Promise<number> {
  const child = fork(import.meta.filename, ['callers', url]);
  const [count] = await once(child, 'message');
  await once(child, 'exit');
  return Number(count) / seconds;
}

async function call(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const until = Date.now() + seconds * 1000;
  let count = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let number = 0; Date.now() < until; number += 1) {
        await post(`${url}/api/v1/errors`, agent, bodyOf(caller, number));
        count += 1;
      }
    }),
  );
  agent.destroy();
  process.send?.(count, undefined, undefined, () => process.disconnect?.());
}

/** As an app reports it, with a stack trace of some frames, of one of 50 groups. */
function bodyOf(caller: number, number: number): string {
  const place = (caller + number) % 50;
  return JSON.stringify({
    project_id: 1,
    error_type: 'ValueError',
    severity: 'error',
    message: `order ${caller}-${number} cannot be shipped`,
    stack_trace: `Traceback (most recent call last):\n${Array.from(
      { length: 8 },
      (_, frame) =>
        `  File "/srv/app/module_${frame}.py", line ${frame}, in step_${place}\n    go(x)\n`,
    ).join('')}ValueError: order cannot be shipped`,
    context: { endpoint: '/orders', caller },
  });
}

function post(url: string, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`)),
        );
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

async function timeReading({ db }: Database): Promise<void> {
  await fill(db);
  const errorLog = createErrorLog({
    db,
    projects: { get: async () => Promise.reject(new Error('nobody asks')) },
    url: () => 'http://localhost',
  });
  const page = { limit: 100 };
  const hour = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString();
  const filters = [
    { severity: ['critical' as const] },
    { severity: ['error' as const, 'critical' as const] },
    { project_id: 7 },
    { project_id: 7, severity: ['error' as const] },
    { error_type: 'TimeoutError' },
    { group_id: 33 },
    { resolved: false },
    { resolved: true },
    { text: 'order 4711' },
    { project_id: 3, since: hour(2) },
    {},
  ];
  const all: number[] = [];
  for (const filter of filters) {
    const times = await timesOf(() => errorLog.list({ ...page, ...filter }));
    all.push(...times);
    console.log(
      `list ${JSON.stringify(filter)}: median ${median(times).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms`,
    );
  }
  const p95 = quantile(all, 0.95);
  verdict('ms: filtered lists, p95', p95, p95 <= 20, 'at most 20');
  const groups: number[] = [];
  for (const filter of [{}, { status: 'open' as const }, { project_id: 7 }, { text: 'order' }]) {
    groups.push(...(await timesOf(() => errorLog.groups.list({ ...page, ...filter }))));
  }
  const groups95 = quantile(groups, 0.95);
  verdict('ms: groups, p95', groups95, groups95 <= 50, 'at most 50');
  await errorLog.close();
}

async function timesOf(read: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 30; round += 1) {
    const started = performance.now();
    await read();
    times.push(performance.now() - started);
  }
  return times;
}

/** A million errors of 2,000 groups in 50 projects, within 30 days. */
async function fill(db: Database['db']): Promise<void> {
  await sql`truncate errors, error_counts, error_hours, error_groups restart identity cascade`.execute(
    db,
  );
  await sql`insert into projects (name, path, tech_stack)
    select 'project ' || n, '/p' || n, '{}' from generate_series(1, 50) n`.execute(db);
  await sql`insert into error_groups (project_id, fingerprint, error_type, title, grouped_by, severity,
      message, first_seen, last_seen)
    select 1 + n % 50, md5(n::text), (array['ValueError', 'TimeoutError', 'TypeError'])[1 + n % 3],
      'order <number> of kind ' || n, '{"by": "message", "parts": []}', 'error', 'order', now(), now()
    from generate_series(1, 2000) n`.execute(db);
  for (let part = 0; part < 50; part += 1) {
    await sql`insert into errors (project_id, group_id, error_type, severity, message, stack_trace, occurred_at)
      select g.project_id, g.id, g.error_type,
        (array['critical', 'error', 'error', 'error', 'error', 'warning', 'warning', 'info'])[1 + n % 8],
        'order ' || n || ' of kind ' || g.id, repeat('  at step (/srv/app/main.js:1:2)' || chr(10), 10),
        now() - interval '30 days' * (1 - n / 1000000.0)
      from generate_series(${part * 20_000}::integer, ${part * 20_000 + 19_999}::integer) n
      join error_groups g on g.id = 1 + (n::bigint * 7919) % 2000`.execute(db);
  }
  await sql`insert into error_counts
    select group_id, error_type, severity, 0, count(*),
      count(*) filter (where group_id % 10 > 0 or id > 900000) from errors group by 1, 2, 3`.execute(
    db,
  );
  await sql`insert into error_hours
    select group_id, date_trunc('hour', occurred_at), count(*) from errors
    where occurred_at > now() - interval '2 days' group by 1, 2`.execute(db);
  await sql`update error_groups set status = 'resolved', resolved_at = now(), resolved_through = 900000
    where id % 10 = 0`.execute(db);
  await sql`vacuum analyze`.execute(db);
}

function verdict(what: string, value: number, met: boolean, target: string): void {
  console.log(`${value.toFixed(2)} ${what} (target ${target}, ${met ? 'met' : 'MISSED'})`);
  if (!met) process.exitCode = 1;
}
