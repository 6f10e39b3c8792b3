// What it costs to tell who a request is from, once it is known: microseconds of this process's CPU
// time for each credential.
//
//   node bench/auth.ts [rounds]
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { type Auth, createAuth } from '../packages/server/src/auth/auth.ts';
import { actorOf, localCaller } from '../packages/server/src/caller.ts';
import { startEmbeddedPostgres } from '../packages/server/src/database/embedded.ts';
import { migrate } from '../packages/server/src/database/migrate.ts';
import { openDatabase } from '../packages/server/src/database/open.ts';
import { median } from './quantile.ts';

const from = { address: '127.0.0.1', requestId: 'req_bench' };
const calls = 10_000;

await measure(Number(process.argv[2] ?? 7));

async function measure(rounds: number): Promise<void> {
  const log = pino({ level: 'silent' });
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  const embedded = await startEmbeddedPostgres({ home, log });
  const database = await openDatabase({ source: { embedded }, log });
  await migrate({ connectionString: database.connectionString, log });
  const auth = createAuth({ db: database.db, log, signingKey: randomBytes(32) });
  try {
    for (const { name, target, header } of await makeCredentials(auth)) {
      await callMany(auth, header);
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) times.push(await callMany(auth, header));
      const time = median(times);
      const verdict = time <= target ? 'met' : 'MISSED';
      console.log(
        `${name.padEnd(18)} ${time.toFixed(1).padStart(6)} µs (target ${target}, ${verdict})`,
      );
      if (time > target) process.exitCode = 1;
    }
  } finally {
    await auth.close();
    await database.close();
    await embedded.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function makeCredentials(auth: Auth) {
  const local = localCaller(from.address);
  const actor = actorOf(local, from.requestId);
  const username = 'bench';
  const password = randomBytes(18).toString('base64url');
  const scopes = [...local.scopes];
  await auth.users.create({ name: username, password, scopes }, local, actor);
  const rest = { expires_at: null, rate_limit: null };
  const { token } = await auth.tokens.create({ name: 'bench', scopes, ...rest }, local, actor);
  const { access_token } = await auth.sessions.open({ username, password }, from);
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return [
    { name: 'API token', target: 10, header: `Bearer ${token}` },
    { name: 'JWT', target: 100, header: `Bearer ${access_token}` },
    { name: 'Basic', target: 20, header: `Basic ${basic}` },
  ];
}

/** Microseconds of CPU time for each call, one after the other. */
async function callMany(auth: Auth, header: string): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) {
    const caller = auth.authenticate(header, from);
    if (caller instanceof Promise) await caller;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
