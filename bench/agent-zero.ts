// A fake Agent Zero is started and stopped again and again, every third time killed in between: nothing of it may
// be left, and it may not be said to run when it does not.
//
//   node bench/agent-zero.ts [cycles]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectForTests } from '../packages/server/src/agent-adapters/agent-zero/testing/connect-for-tests.ts';
import { installFake } from '../packages/server/src/agent-adapters/agent-zero/testing/fake-installation.ts';
import { isPortFree } from '../packages/server/src/deployments/ports.ts';
import { openProcessTable } from '../packages/server/src/runtimes/process/process-table.ts';
import { freePort } from '../packages/server/src/testing/free-port.ts';
import { quantile } from './quantile.ts';

const cycles = Number(process.argv[2] ?? 100);
const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
const fake = await installFake();
const port = await freePort();
const instance = 'bench0';
const table = openProcessTable();
const zero = connectForTests({ home, directory: fake.directory, port, instance });
const figures = { start: [] as number[], stop: [] as number[], noticed: [] as number[] };
let left = 0;

async function timed(into: number[], work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  into.push(performance.now() - begun);
}

try {
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    await timed(figures.start, zero.start);
    const { process_id } = await zero.status();
    if (cycle % 3 === 0 && process_id !== null) {
      process.kill(process_id, 'SIGKILL');
      await timed(figures.noticed, async () => {
        while ((await zero.status()).running) await wait(1);
      });
    }
    await timed(figures.stop, zero.stop);
    const marked = await table.marked('BORGOS_AGENT_ZERO');
    left += marked.filter(({ value }) => value === instance).length;
    if (!(await isPortFree(port))) left += 1;
  }
} finally {
  await zero.stop();
  await zero.adapter.close();
  await fake.remove();
  await rm(home, { recursive: true, force: true });
}
for (const [name, times] of Object.entries(figures)) {
  const [half, most] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(1));
  console.log(`${name}: p50 ${half} ms, p99 ${most} ms (${times.length})`);
}
console.log(`left after ${cycles} cycles: ${left} processes or listeners`);
process.exitCode = left > 0 ? 1 : 0;
