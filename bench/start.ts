// How long BorgOS takes from the command to the line that says it is ready, the first time (it
// makes its database) and later, and how much memory it uses at rest. Against what no start can be
// faster than: the same Node.js printing a line.
//
//   node bench/start.ts [rounds]
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { median } from './quantile.ts';

const rounds = Number(process.argv[2] ?? 5);
const restMs = 5_000;
const firsts: number[] = [];
const laters: number[] = [];
const bare: number[] = [];
const memories: Record<string, number>[] = [];

for (let round = 0; round < rounds; round++) {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  try {
    const first = await startServerProcess({ BORGOS_HOME: home });
    firsts.push(first.readyAfter);
    await first.end('SIGTERM');

    const started = performance.now();
    execFileSync(process.execPath, ['-e', 'console.log(1)']);
    bare.push(performance.now() - started);

    const later = await startServerProcess({ BORGOS_HOME: home });
    laters.push(later.readyAfter);
    await sleep(restMs);
    memories.push(await memoryOf(home, later.child.pid ?? 0));
    await later.end('SIGTERM');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

console.table({
  'bare node, ms': summary(bare),
  'first start, ms (at most 3000)': summary(firsts),
  'later start, ms (at most 1000)': summary(laters),
  ...Object.fromEntries(
    Object.keys(memories[0] ?? {}).map((part) => [
      `${part} at rest, MB`,
      summary(memories.map((memory) => memory[part] ?? 0)),
    ]),
  ),
});

function summary(values: number[]) {
  return { median: Math.round(median(values)), worst: Math.round(Math.max(...values)) };
}

/** Each part's share of physical memory: pages that several share are divided among them. */
async function memoryOf(home: string, server: number): Promise<Record<string, number>> {
  const memory: Record<string, number> = { server: 0, proxy: 0, PostgreSQL: 0, together: 0 };
  const postmaster = Number(
    (await readFile(path.join(home, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
  );
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!pid) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const parent = Number(/\) \S (\d+)/.exec(stat)?.[1]);
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const part =
      pid === server
        ? 'server'
        : pid === postmaster || parent === postmaster
          ? 'PostgreSQL'
          : command.includes(path.join(home, 'proxy'))
            ? 'proxy'
            : undefined;
    if (!part) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const megabytes = Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    memory[part] = (memory[part] ?? 0) + megabytes;
    memory.together = (memory.together ?? 0) + megabytes;
  }
  return memory;
}
