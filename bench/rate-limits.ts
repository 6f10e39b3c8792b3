// What it costs to count a request: in memory, where the only server on a database counts; and in
// PostgreSQL, where several do, against a statement that does nothing.
//
//   node bench/rate-limits.ts [rounds]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../packages/server/src/database/embedded.ts';
import { migrate } from '../packages/server/src/database/migrate.ts';
import { openDatabase } from '../packages/server/src/database/open.ts';
import { createMemoryLimits } from '../packages/server/src/rate-limits/memory-limits.ts';
import {
  createRateLimits,
  type RateLimits,
} from '../packages/server/src/rate-limits/rate-limits.ts';
import { median } from './quantile.ts';

const rounds = Number(process.argv[2] ?? 5);
const limit = { perMinute: 60, burst: 100 };
const log = pino({ level: 'silent' });
const million = Array.from({ length: 1_000_000 }, (_, key) => `address:10.${key}`);

const memory = {
  'one key': (limits: ReturnType<typeof createMemoryLimits>) => {
    for (let call = 0; call < million.length; call += 1) limits.take('address:127.0.0.1', limit);
  },
  'a million keys': (limits: ReturnType<typeof createMemoryLimits>) => {
    for (const key of million) limits.take(key, limit);
  },
};
for (const [what, run] of Object.entries(memory)) {
  const limits = createMemoryLimits(Date.now);
  const before = process.memoryUsage().heapUsed;
  const times = await measure(async () => run(limits));
  const grown = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
  console.log(
    `in memory, ${what}: ${((median(times) * 1e6) / million.length).toFixed(0)} ns a call, ` +
      `${limits.size} kept, heap ${grown.toFixed(0)} MB larger, garbage included`,
  );
}

const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
const embedded = await startEmbeddedPostgres({ home, log });
try {
  const { connectionString } = embedded;
  await migrate({ connectionString, log });
  const database = await openDatabase({ source: { embedded }, log });
  const [other, limits] = [
    await createRateLimits({ database, log }),
    await createRateLimits({ database, log }),
  ];
  const calls = 1_000;
  const perCall = async (call: (number: number) => unknown) =>
    median(
      await measure(async () => {
        for (let number = 0; number < calls; number += 1) await call(number);
      }),
    ) / calls;
  const show = (what: string, ms: number) => console.log(`${what}: ${ms.toFixed(3)} ms`);
  show(
    'PostgreSQL, nothing, one after the other',
    await perCall(() => database.db.selectNoFrom((is) => is.lit(1).as('one')).execute()),
  );
  show('PostgreSQL, one key, one after the other', await perCall(() => limits.take('a', limit)));
  show(
    'PostgreSQL, a key each, one after the other',
    await perCall((number) => limits.take(`key ${number}`, limit)),
  );
  show('PostgreSQL, 300 calls at once, all of them', await crowd(limits, () => 'a'));
  show(
    'PostgreSQL, 300 calls at once, a key each, all of them',
    await crowd(limits, (number) => `key ${number}`),
  );
  await limits.close();
  await other.close();
  await database.close();
} finally {
  await embedded.stop();
  await rm(home, { recursive: true, force: true });
}

async function crowd(limits: RateLimits, key: (number: number) => string): Promise<number> {
  const times = await measure(() =>
    Promise.all(Array.from({ length: 300 }, (_, number) => limits.take(key(number), limit))),
  );
  return median(times);
}

/** Milliseconds of each round; the first one, which warms up, is not counted. */
async function measure(run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now();
    await run();
    if (round > 0) times.push(performance.now() - started);
  }
  return times;
}
