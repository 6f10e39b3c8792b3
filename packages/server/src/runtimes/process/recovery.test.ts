import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Runtime } from '../../deployments/runtime.ts';
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

const instance = `recovery-${process.pid}`;
const soon = { timeout: 15_000, interval: 20 };
const standIn = fileURLToPath(new URL('./stand-in.ts', import.meta.url));

let bench: Workbench;
let runtime: Runtime | undefined;
let artifact = '';

beforeEach(async () => {
  bench = createWorkbench();
  bench.write({ 'app.js': exampleApp });
  const builder = await open();
  artifact = await builder.build(buildOf(bench));
  await builder.close();
});
afterEach(async () => {
  const last = runtime ?? (await open());
  for (const { name } of await last.list()) await last.stop(name, 0);
  await last.close();
  runtime = undefined;
  bench.remove();
});

async function open(): Promise<Runtime> {
  const log = pino({ level: 'silent' });
  return createProcessRuntime({
    instance,
    home: bench.home,
    log,
    logs: createAppLogs(),
    ...exampleSealing,
  });
}

/** Runs a BorgOS that is killed at that moment. */
async function killed(dieAt: string, environment: Record<string, string> = {}): Promise<void> {
  const { name, logFile } = specOf(bench, artifact);
  const task = { instance, home: bench.home, name, artifact, logFile, environment, memory: null };
  const child = spawn(process.execPath, [standIn, JSON.stringify({ ...task, dieAt })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  createInterface(child.stdout).on('line', (line) => {
    if (line === dieAt) child.kill('SIGKILL');
  });
  expect(await ended).toEqual([null, 'SIGKILL']);
}

async function processesOfInstance(): Promise<number[]> {
  const marked = await linuxProcesses().marked('BORGOS_INSTANCE');
  return marked.filter(({ value }) => value.startsWith(`${instance}/`)).map(({ pid }) => pid);
}

const { name } = specOf({ logFile: '' } as Workbench, '');

describe('after a kill -9 of BorgOS', () => {
  test('before the start, the instance is created, and can be started', async () => {
    await killed('intent');
    runtime = await open();
    expect(await runtime.list()).toMatchObject([{ name, state: 'created', processId: null }]);
    expect(await processesOfInstance()).toEqual([]);
    const { processId } = await runtime.start(specOf(bench, artifact), AbortSignal.timeout(10_000));
    expect(await processesOfInstance()).toEqual([processId]);
  });

  test('between the start and noting it down, the process is found and adopted', async () => {
    await killed('spawned');
    const before = await processesOfInstance();
    expect(before).toHaveLength(1);
    runtime = await open();
    expect(await runtime.list()).toMatchObject([{ name, state: 'running', processId: before[0] }]);
    await runtime.start(specOf(bench, artifact), AbortSignal.timeout(10_000));
    expect(await processesOfInstance()).toEqual(before);
  });

  test('a running instance goes on, is adopted, and can be stopped', async () => {
    await killed('started');
    const before = await processesOfInstance();
    runtime = await open();
    expect(await runtime.find(name)).toMatchObject({ state: 'running', processId: before[0] });
    expect((await runtime.find(name))?.startedAt).toBeInstanceOf(Date);
    await runtime.stop(name, 5_000);
    expect(await processesOfInstance()).toEqual([]);
    expect(await runtime.list()).toEqual([]);
  });

  test('an adopted instance that exits is told about, without its code, and restarted', async () => {
    await killed('started');
    runtime = await open();
    const exits: string[] = [];
    runtime.onExit((exited) => exits.push(exited));
    process.kill((await runtime.find(name))?.processId ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(exits).toEqual([name]), soon);
    expect(await runtime.find(name)).toMatchObject({ state: 'restarting', exitCode: null });
    await vi.waitFor(async () => {
      expect(await runtime?.find(name)).toMatchObject({ state: 'running', restarts: 1 });
    }, soon);
  });

  test('an instance that died meanwhile is restarted', async () => {
    await killed('started');
    for (const pid of await processesOfInstance()) process.kill(pid, 'SIGKILL');
    runtime = await open();
    expect(await runtime.find(name)).toMatchObject({ exitCode: null, processId: null });
    await vi.waitFor(async () => {
      expect(await runtime?.find(name)).toMatchObject({ state: 'running', restarts: 1 });
    }, soon);
  });

  test('while an instance waits for its restart, it is restarted by the next BorgOS', async () => {
    await killed('started', { EXIT: '1' });
    runtime = await open();
    await vi.waitFor(async () => {
      expect((await runtime?.find(name))?.restarts).toBeGreaterThanOrEqual(2);
    }, soon);
  }, 20_000);

  test('in the middle of a stop, the instance is not started again, and the stop can be repeated', async () => {
    await killed('stopping', { STUBBORN: 'yes' });
    runtime = await open();
    const pids = await processesOfInstance();
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => {
      expect(await runtime?.find(name)).toMatchObject({ state: 'exited', processId: null });
    }, soon);
    await runtime.stop(name, 0);
    expect(await runtime.list()).toEqual([]);
  });

  test('and a reboot, the process that has its number now is left alone', async () => {
    await killed('started');
    const file = join(bench.home, 'instances', `${name}.json`);
    for (const pid of await processesOfInstance()) process.kill(pid, 'SIGKILL');
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const record = JSON.parse(readFileSync(file, 'utf8'));
    record.process = { pid: stranger.pid, startedAt: record.process.startedAt };
    writeFileSync(file, JSON.stringify(record));
    runtime = await open();
    await runtime.stop(name, 0);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
  });

  test('processes without a record are ended', async () => {
    await killed('started');
    rmSync(join(bench.home, 'instances', `${name}.json`));
    runtime = await open();
    await vi.waitFor(async () => expect(await processesOfInstance()).toEqual([]), soon);
  });

  test('at any moment of a start, there is one process of it or none, and it is known', async () => {
    const log = pino({ level: 'silent' });
    for (const delay of [0, 3, 6, 10, 15, 25]) {
      const { logFile } = specOf(bench, artifact);
      const task = {
        instance,
        home: bench.home,
        name,
        artifact,
        logFile,
        environment: {},
        memory: null,
      };
      const child = spawn(
        process.execPath,
        [standIn, JSON.stringify({ ...task, dieAt: 'started' })],
        {
          stdio: 'ignore',
        },
      );
      const ended = once(child, 'exit');
      const file = join(bench.home, 'instances', `${name}.json`);
      await vi.waitFor(() => readFileSync(file), { timeout: 10_000, interval: 1 });
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill('SIGKILL');
      await ended;
      const next = await createProcessRuntime({
        instance,
        home: bench.home,
        log,
        ...exampleSealing,
        logs: createAppLogs(),
      });
      const pids = await processesOfInstance();
      const [view] = await next.list();
      expect(pids).toEqual(view?.processId == null ? [] : [view.processId]);
      await next.stop(name, 0);
      expect(await processesOfInstance()).toEqual([]);
      await next.close();
    }
  }, 60_000);

  test('in the middle of a build, its processes are ended and its folder is removed', async () => {
    mkdirSync(join(bench.home, 'releases', 'half-built'), { recursive: true });
    const orphan = spawn('sleep', ['60'], {
      detached: true,
      stdio: 'ignore',
      env: { PATH: '/usr/bin:/bin', BORGOS_BUILD: `${instance}/half-built` },
    });
    const ended = once(orphan, 'exit');
    runtime = await open();
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(readdirSync(join(bench.home, 'releases'))).toEqual([
      '.borgos-example-web-1-r1.complete',
      'borgos-example-web-1-r1',
    ]);
    expect(await runtime.hasArtifact(artifact)).toBe(true);
  });
});

test('closing lets instances run on, for the next BorgOS', async () => {
  const first = await open();
  const { processId } = await first.start(specOf(bench, artifact), AbortSignal.timeout(10_000));
  await first.close();
  runtime = await open();
  expect(await runtime.find(name)).toMatchObject({ state: 'running', processId });
});
