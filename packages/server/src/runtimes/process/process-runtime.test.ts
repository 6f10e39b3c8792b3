import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import { linesOf, textOf } from '../../app-log/testing/read-log.ts';
import type { Instance, InstanceSpec, Runtime } from '../../deployments/runtime.ts';
import { runtimeSuite } from '../runtime-suite.ts';
import { outputFile } from './app-output.ts';
import {
  buildOf,
  createWorkbench,
  exampleApp,
  exampleSealing,
  nodeRecipe,
  specOf,
  type Workbench,
} from './example-app.ts';
import { createProcessRuntime } from './process-runtime.ts';

runtimeSuite({
  name: 'process',
  create: (options) => createProcessRuntime({ ...options, ...exampleSealing }),
});

let bench: Workbench;
let runtime: Runtime;
let artifact = '';
const soon = { timeout: 10_000, interval: 20 };

beforeEach(async () => {
  bench = createWorkbench();
  bench.write({ 'app.js': exampleApp });
  runtime = await open();
  artifact = await runtime.build(buildOf(bench));
});
afterEach(async () => {
  for (const { name } of await runtime.list()) await runtime.stop(name, 0);
  await runtime.close();
  bench.remove();
});

function open(): Promise<Runtime> {
  const log = pino({ level: 'silent' });
  return createProcessRuntime({
    instance: `test-${process.pid}`,
    home: bench.home,
    log,
    ...exampleSealing,
    logs: createAppLogs(),
  });
}

async function ask(instance: Instance, path: string): Promise<Record<string, unknown>> {
  return vi.waitFor(async () => {
    const response = await fetch(`http://127.0.0.1:${instance.port}${path}`);
    return (await response.json()) as Record<string, unknown>;
  }, soon);
}

async function started(changes: Partial<InstanceSpec> = {}): Promise<Instance> {
  const instance = await runtime.start(
    specOf(bench, artifact, changes),
    AbortSignal.timeout(10_000),
  );
  if (changes.environment?.EXIT === undefined) await ask(instance, '/');
  return instance;
}

async function found(name: string): Promise<Instance> {
  const instance = await runtime.find(name);
  if (instance === undefined) throw new Error(`${name} is not there`);
  return instance;
}

function isAlive(pid: unknown): boolean {
  try {
    process.kill(Number(pid), 0);
    // One that nobody waits for stays in the table, and is as good as gone.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const log = () => textOf(bench.logFile);

describe('an instance', () => {
  test('runs in its release, reachable on loopback only', async () => {
    const instance = await started();
    expect(instance).toMatchObject({ state: 'running', containerId: null, restarts: 0 });
    expect(instance.address).toEqual({ host: '127.0.0.1', port: instance.port });
    const answer = await ask(instance, '/');
    expect(answer).toMatchObject({ pid: instance.processId, cwd: artifact });
    expect(await runtime.list()).toEqual([await found(instance.name)]);
  });

  test('gets nothing of the environment of BorgOS', async () => {
    const instance = await started({ environment: { COLOR: 'blue' } });
    const { env } = (await ask(instance, '/')) as { env: Record<string, string> };
    // That one is there where the machine has Rust.
    const names = Object.keys(env).filter((name) => name !== 'RUSTUP_HOME');
    expect(names.sort()).toEqual([
      'BORGOS_INSTANCE',
      'COLOR',
      'HOME',
      'HOST',
      'HOSTNAME',
      'LANG',
      'PATH',
      'PORT',
      'TMPDIR',
    ]);
    expect(env).toMatchObject({ COLOR: 'blue', HOST: '127.0.0.1', PORT: String(instance.port) });
    expect(statSync(env.TMPDIR ?? '').isDirectory()).toBe(true);
    expect(env.HOME?.startsWith(bench.home)).toBe(true);
  });

  test('is adopted, not doubled, when it is started twice', async () => {
    const first = await started();
    const both = await Promise.all([started(), started()]);
    expect(both.map(({ processId }) => processId)).toEqual([first.processId, first.processId]);
  });

  test('writes to its log, behind what was there', async () => {
    const first = await started();
    await runtime.stop(first.name, 0);
    await started({ name: 'borgos-example-web-1-r1-g2', generation: 2 });
    await vi.waitFor(async () => expect(await log()).toBe('listening\nlistening\n'), soon);
  });

  test('keeps its secrets in a file that only its user may read', async () => {
    const { name } = await started({ environment: { PASSWORD: 'secret' } });
    const file = join(bench.home, 'instances', `${name}.json`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(bench.home, 'instances')).mode & 0o777).toBe(0o700);
  });

  test('that has no such program fails with START_FAILED and leaves nothing', async () => {
    const recipe = nodeRecipe({ start: ['no-such-program'] });
    await expect(started({ recipe })).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringContaining('"no-such-program" was not found'),
    });
    expect(await runtime.list()).toEqual([]);
  });

  test('whose build is gone fails with START_FAILED', async () => {
    await runtime.removeArtifact(artifact);
    await expect(started()).rejects.toMatchObject({ code: 'START_FAILED' });
  });

  test('tells where it listens, also from another process of its group', async () => {
    const script = `
      const { createServer } = require('node:net');
      const { spawn } = require('node:child_process');
      createServer().listen(process.env.PORT, '127.0.0.1');
      if (!process.argv[2]) spawn('node', [__filename, 'child'], { env: { ...process.env, PORT: 0 } });
    `;
    bench.write({ 'two.js': script });
    artifact = await runtime.build(buildOf(bench, { name: 'borgos-example-two-1-r1' }));
    const recipe = nodeRecipe({ start: ['node', 'two.js'] });
    const { name, port } = await runtime.start(
      specOf(bench, artifact, { recipe }),
      AbortSignal.timeout(10_000),
    );
    await vi.waitFor(async () => {
      const listeners = await runtime.listeners(name);
      expect(listeners).toHaveLength(2);
      expect(listeners).toContainEqual({ host: '127.0.0.1', port });
    }, soon);
    expect(await runtime.listeners('unknown')).toEqual([]);
  });
});

test('the start command is told the port where it has a place for it', async () => {
  const script =
    'require("node:http").createServer((_, r) => r.end("{}")).listen(...process.argv.slice(1))';
  await started({ recipe: nodeRecipe({ start: ['node', '-e', script, '{PORT}', '{HOST}'] }) });
});

describe('an instance that exits', () => {
  test.each([0, 3])('with code %i is restarted, and both is told', async (code) => {
    const told: string[] = [];
    runtime.onExit((name) => told.push(name));
    const { name, processId } = await started();
    await ask(await found(name), `/exit?value=${code}`);
    await vi.waitFor(() => expect(told).toEqual([name]), soon);
    expect(await found(name)).toMatchObject({
      state: 'restarting',
      exitCode: code,
      processId: null,
      address: null,
    });
    await vi.waitFor(async () => {
      expect(await found(name)).toMatchObject({ state: 'running', restarts: 1, exitCode: code });
      expect(told).toEqual([name, name]);
    }, soon);
    expect((await ask(await found(name), '/')).pid).not.toBe(processId);
  });

  test('again and again is restarted ever later', async () => {
    const { name } = await started({ environment: { EXIT: '1' } });
    const times: number[] = [];
    runtime.onExit(() => times.push(Date.now()));
    await vi.waitFor(() => expect(times.length).toBeGreaterThanOrEqual(5), soon);
    // Every other one is a start.
    const [first = 0, , second = 0, , third = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(500);
    expect(third - second).toBeGreaterThanOrEqual(1_000);
    expect((await found(name)).restarts).toBeGreaterThanOrEqual(2);
  }, 20_000);

  test('takes what it left running with it', async () => {
    const instance = await started();
    const { pid } = await ask(instance, '/fork?value=yes');
    expect(isAlive(pid)).toBe(true);
    await ask(instance, '/exit?value=1');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), soon);
  });

  test('and cannot be started again is tried ever later, and said to be restarting', async () => {
    const instance = await started();
    rmSync(artifact, { recursive: true });
    process.kill(instance.processId ?? 0, 'SIGKILL');
    const record = join(bench.home, 'instances', `${instance.name}.json`);
    await vi.waitFor(() => {
      expect(JSON.parse(readFileSync(record, 'utf8')).restarts).toBe(2);
    }, soon);
    expect(await found(instance.name)).toMatchObject({ state: 'restarting', processId: null });
  }, 20_000);

  test('by a signal has its number plus 128 as exit code', async () => {
    const { name, processId } = await started();
    process.kill(processId ?? 0, 'SIGKILL');
    await vi.waitFor(async () => expect((await found(name)).exitCode).toBe(137), soon);
  });
});

describe('stopping', () => {
  test('lets the app end by itself, and removes it', async () => {
    const { name } = await started({ environment: { POLITE: 'yes' } });
    await runtime.stop(name, 10_000);
    expect(await log()).toContain('goodbye');
    expect(await runtime.find(name)).toBeUndefined();
    expect(existsSync(join(bench.home, 'instances', `${name}.json`))).toBe(false);
  });

  test('kills an app that does not end, with all of its processes', async () => {
    const instance = await started({ environment: { STUBBORN: 'yes' } });
    const others = await Promise.all(
      ['yes', 'no'].map(async (detached) => (await ask(instance, `/fork?value=${detached}`)).pid),
    );
    const start = Date.now();
    await runtime.stop(instance.name, 300);
    expect(Date.now() - start).toBeGreaterThanOrEqual(300);
    expect(await log()).toContain('SIGTERM ignored');
    for (const pid of [instance.processId, ...others]) expect(isAlive(pid)).toBe(false);
    const refused = new Promise((resolve) => {
      connect(instance.port, '127.0.0.1')
        .once('error', () => resolve('refused'))
        .once('connect', resolve);
    });
    expect(await refused).toBe('refused');
  });

  test('what is not there, twice, or while it waits for its restart is fine', async () => {
    await runtime.stop('unknown', 0);
    const { name } = await started({ environment: { EXIT: '1' } });
    await vi.waitFor(async () => expect((await found(name)).state).toBe('restarting'), soon);
    await Promise.all([runtime.stop(name, 1_000), runtime.stop(name, 1_000)]);
    expect(await runtime.list()).toEqual([]);
  });

  test('ends a start of the same name that came just before', async () => {
    const spec = specOf(bench, artifact);
    const start = runtime.start(spec, AbortSignal.timeout(10_000));
    const stop = runtime.stop(spec.name, 0);
    const { processId } = await start;
    await stop;
    expect(isAlive(processId)).toBe(false);
    expect(await runtime.list()).toEqual([]);
  });
});

test('what is copied to the log is given back to the disk, and the app goes on in the same file', async () => {
  const instance = await started();
  for (let round = 1; round <= 3; round += 1) {
    await ask(instance, `/log?value=${3 * 1024 ** 2}`);
    await vi.waitFor(async () => {
      const lines = await linesOf(bench.logFile);
      const size = lines.reduce((sum, { content }) => sum + content.length, 0);
      expect(size).toBe(round * 3 * 1024 ** 2 + 'listening'.length);
      expect(lines.at(-1)).toMatchObject({ isEnded: true, stream: 'stdout', generation: 1 });
      expect(Math.max(...lines.map(({ content }) => content.length))).toBe(16 * 1024);
    }, soon);
  }
  const file = outputFile(specOf(bench, artifact), 'stdout');
  await vi.waitFor(() => expect(statSync(file).blocks * 512).toBeLessThan(5 * 1024 ** 2), soon);
  await runtime.stop(instance.name, 0);
  expect(existsSync(file)).toBe(false);
}, 20_000);

test('a file that holds no record is passed over', async () => {
  await runtime.close();
  writeFileSync(join(bench.home, 'instances', 'broken.json'), '{"name":');
  runtime = await open();
  expect(await runtime.list()).toEqual([]);
});

test('previews name no image, as there is none', async () => {
  expect(await runtime.preview(nodeRecipe())).toEqual({ dockerfile: null, baseImage: null });
});
