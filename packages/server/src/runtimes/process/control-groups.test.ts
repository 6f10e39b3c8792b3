import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Runtime } from '../../deployments/runtime.ts';
import { controlGroups, openControlGroups } from './control-groups.ts';
import {
  buildOf,
  createWorkbench,
  exampleApp,
  exampleSealing,
  specOf,
  type Workbench,
} from './example-app.ts';
import { linuxProcesses } from './linux-processes.ts';
import { createProcessRuntime } from './process-runtime.ts';

const instance = `limits-${process.pid}`;
const opened = await openControlGroups(instance);
const soon = { timeout: 20_000, interval: 50 };

/** Where this user may limit processes, real ones are; elsewhere, BorgOS has to say that it can't. */
describe.runIf(opened.groups !== null)('limits', () => {
  let bench: Workbench;
  let runtime: Runtime;
  let artifact = '';
  beforeAll(async () => {
    bench = createWorkbench();
    bench.write({ 'app.js': exampleApp });
    runtime = await createProcessRuntime({
      instance,
      home: bench.home,
      log: pino({ level: 'silent' }),
      ...exampleSealing,
      logs: createAppLogs(),
    });
    artifact = await runtime.build(buildOf(bench));
  });
  afterAll(async () => {
    for (const { name } of await runtime.list()) await runtime.stop(name, 0);
    await runtime.close();
    bench.remove();
  });

  test('are said to be enforced', () => {
    expect(runtime.limits).toEqual({ enforced: true, reason: null });
  });

  test('of memory end an app that takes more, and say why', async () => {
    const { name, port } = await runtime.start(
      specOf(bench, artifact, { memory: 100 * 1024 ** 2 }),
      AbortSignal.timeout(10_000),
    );
    const grow = (count: number) => fetch(`http://127.0.0.1:${port}/memory?value=${count}`);
    await vi.waitFor(() => grow(1), soon);
    await expect(grow(500)).rejects.toThrow();
    await vi.waitFor(async () => {
      expect(await runtime.find(name)).toMatchObject({
        state: 'restarting',
        outOfMemory: true,
        exitCode: 137,
      });
    }, soon);
    await vi.waitFor(async () => {
      expect(await runtime.find(name)).toMatchObject({ state: 'running', outOfMemory: true });
    }, soon);
    await vi.waitFor(() => grow(1), soon);
    const running = await runtime.find(name);
    process.kill(running?.processId ?? 0, 'SIGKILL');
    await vi.waitFor(async () => {
      expect(await runtime.find(name)).toMatchObject({ state: 'restarting', outOfMemory: false });
    }, soon);
    await runtime.stop(name, 0);
  }, 60_000);

  test('hold for all processes of an instance, and go with it', async () => {
    const spec = specOf(bench, artifact, { cpus: 0.25, memory: 200 * 1024 ** 2, name: 'limited' });
    const { port } = await runtime.start(spec, AbortSignal.timeout(10_000));
    const response = await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/fork?value=yes`), soon);
    const { pid } = (await response.json()) as { pid: number };
    const group = `/borgos-${instance}/limited`;
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(new RegExp(`:${group}$`, 'm'));
    await runtime.stop('limited', 0);
    expect(await linuxProcesses().group(pid)).toEqual([]);
    expect(existsSync(`/sys/fs/cgroup/memory${group}`)).toBe(false);
  }, 30_000);
});

test('a user who may not limit processes is told why', async () => {
  if (opened.groups === null) expect(opened.reason).toMatch(/may not limit|has no control groups/);
  else await opened.groups.close();
});

test.each([
  {
    version: 2 as const,
    controllers: ['cpu', 'memory'],
    files: {
      'cpu.stat': 'usage_usec 2500000\nuser_usec 2000000\n',
      'memory.current': '900\n',
      'memory.stat': 'anon 600\ninactive_file 200\n',
    },
    usage: { cpuSeconds: 2.5, memoryBytes: 700 },
  },
  {
    version: 1 as const,
    controllers: ['cpu', 'cpuacct', 'memory'],
    files: {
      'cpuacct.usage': '2500000000\n',
      'memory.usage_in_bytes': '900\n',
      'memory.stat': 'inactive_file 7\ntotal_inactive_file 200\n',
    },
    usage: { cpuSeconds: 2.5, memoryBytes: 700 },
  },
  // Without this controller, and when the group is gone, it is not known.
  {
    version: 1 as const,
    controllers: ['cpu', 'memory'],
    files: {},
    usage: { cpuSeconds: null, memoryBytes: null },
  },
])('version $version of control groups tells what a group uses', async (tree) => {
  const path = mkdtempSync(join(tmpdir(), 'borgos-cgroup-'));
  try {
    const group = join(path, 'borgos-a', 'web');
    mkdirSync(group, { recursive: true });
    for (const [file, text] of Object.entries(tree.files)) writeFileSync(join(group, file), text);
    const { version, controllers } = tree;
    const groups = controlGroups([{ version, path, controllers }], 'borgos-a');
    expect(await groups.usage('web')).toEqual(tree.usage);
  } finally {
    rmSync(path, { recursive: true });
  }
});

/** Most machines have version 2, the one this runs on perhaps not: so the files it writes. */
test('version 2 of control groups gets cpu, memory and no swap', async () => {
  const path = mkdtempSync(join(tmpdir(), 'borgos-cgroup-'));
  try {
    const group = join(path, 'borgos-a', 'web');
    mkdirSync(group, { recursive: true });
    for (const file of ['cgroup.subtree_control', 'borgos-a/cgroup.subtree_control']) {
      writeFileSync(join(path, file), '');
    }
    for (const file of ['cpu.max', 'memory.max', 'cgroup.procs'])
      writeFileSync(join(group, file), '');
    writeFileSync(join(group, 'memory.events'), 'low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n');
    const hierarchy = { version: 2 as const, path, controllers: ['cpu', 'memory'] };
    const groups = controlGroups([hierarchy], 'borgos-a');
    await groups.create('web', { cpus: 0.5, memory: 1024 ** 2 });
    const content = (file: string) => readFileSync(join(path, file), 'utf8');
    expect(content('cgroup.subtree_control')).toBe('+cpu +memory');
    expect(content('borgos-a/cgroup.subtree_control')).toBe('+cpu +memory');
    expect(content('borgos-a/web/cpu.max')).toBe('50000 100000');
    expect(content('borgos-a/web/memory.max')).toBe('1048576');
    expect(existsSync(join(group, 'memory.swap.max'))).toBe(false);
    await groups.add('web', 4711);
    expect(await groups.members('web')).toEqual([4711]);
    expect(await groups.outOfMemoryKills('web')).toBe(1);
  } finally {
    rmSync(path, { recursive: true });
  }
});
