import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { type AppLogs, createAppLogs } from '../app-log/app-logs.ts';
import { linesOf, textOf } from '../app-log/testing/read-log.ts';
import type { Recipe } from '../deployments/recipe.ts';
import type { Instance, InstanceSpec, Runtime } from '../deployments/runtime.ts';
import { ReleaseFailure } from '../errors.ts';
import { suiteApp } from './runtime-suite-app.ts';

/** Connects to the port CALL of loopback, and stays. */
const callerFiles = {
  'caller.mjs': `
    import { connect } from 'node:net';
    connect(process.env.CALL, '127.0.0.1', () => console.log('connected'))
      .on('error', () => console.log('refused'));
    setInterval(() => {}, 1000);
  `,
};
const callerRecipe: Recipe = {
  ...suiteApp.recipe,
  manifests: [],
  install: [],
  build: [],
  start: ['node', 'caller.mjs'],
};

type RuntimeOptions = Omit<Parameters<Harness['create']>[0], 'logs'>;

export interface Harness {
  name: string;
  /** Called again with the same options it is BorgOS that was started anew. */
  create(options: {
    instance: string;
    home: string;
    log: pino.Logger;
    logs: AppLogs;
  }): Promise<Runtime>;
  /** Why no Python project can be run here; `null`: one can. By default it is tried. */
  pythonMissing?: () => Promise<string | null>;
  /** What builds left beside finished artefacts; by default the files in `home` are compared. */
  leftovers?: (instance: string) => Promise<string[]>;
}

/** What every runtime must do, whatever it runs instances in. */
export function runtimeSuite(harness: Harness): void {
  describe(`a ${harness.name} runtime`, { timeout: 60_000 }, () => {
    const instance = `t${randomBytes(4).toString('hex')}`;
    const log = pino({ level: 'silent' });
    let options: RuntimeOptions;
    let runtime: Runtime;
    let artifact: string;
    let generation = 0;
    const artifacts: string[] = [];
    const exited: string[] = [];

    beforeAll(async () => {
      const home = await realpath(await mkdtemp(join(tmpdir(), 'borgos-runtime-')));
      options = { instance, home, log };
      runtime = await harness.create({ ...options, logs: createAppLogs() });
      runtime.onExit((name) => exited.push(name));
      artifact = await build('app', suiteApp.files, suiteApp.recipe);
    }, 120_000);

    afterAll(async () => {
      for (const { name } of await runtime.list()) await runtime.stop(name, 0);
      for (const name of artifacts) await runtime.removeArtifact(name);
      await runtime.close();
      await rm(options.home, { recursive: true, force: true });
    }, 60_000);

    async function project(name: string, files: Record<string, string>): Promise<string> {
      const folder = join(options.home, 'projects', name);
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
      return folder;
    }

    async function build(
      name: string,
      files: Record<string, string>,
      recipe: Partial<Recipe>,
      { signal = AbortSignal.timeout(60_000), log = (_text: string) => {} } = {},
    ): Promise<string> {
      const built = await runtime.build({
        deploymentId: 7,
        revision: 1,
        name: `borgos-suite-${instance}-${name}-7-r1`,
        source: await project(name, files),
        recipe: { ...suiteApp.recipe, ...recipe },
        log,
        signal,
      });
      artifacts.push(built);
      return built;
    }

    /** A spec of its own name and log file; `mode` is what the app is to do. */
    function specOf(mode: string, changes: Partial<InstanceSpec> = {}): InstanceSpec {
      generation += 1;
      return {
        deploymentId: 7,
        revision: 1,
        generation,
        name: `borgos-suite-${instance}-app-7-r1-g${generation}`,
        artifact,
        recipe: suiteApp.recipe,
        environment: { MODE: mode },
        cpus: null,
        memory: null,
        volumes: [],
        logFile: join(options.home, 'logs', `${generation}.log`),
        ...changes,
      };
    }

    function start(spec: InstanceSpec): Promise<Instance> {
      return runtime.start(spec, AbortSignal.timeout(30_000));
    }

    function until<T>(what: () => Promise<T>, timeout = 15_000): Promise<T> {
      return vi.waitFor(what, { timeout, interval: 50 });
    }

    /** What the instance answers, asked again until it does. */
    function answerOf(name: string, path = '/'): Promise<string> {
      return until(async () => {
        const address = (await runtime.find(name))?.address;
        if (!address) throw new Error(`${name} has no address`);
        const url = `http://${address.host}:${address.port}${path}`;
        const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
        return response.text();
      });
    }

    function logOf(spec: InstanceSpec, expected: string | RegExp): Promise<string> {
      return until(async () => {
        const text = await textOf(spec.logFile);
        expect(text).toMatch(expected);
        return text;
      });
    }

    async function leftovers(): Promise<string[]> {
      if (harness.leftovers !== undefined) return harness.leftovers(instance);
      const files = await readdir(options.home, { recursive: true });
      return files.filter((file) => !/^(projects|logs|cache)(\/|$)/.test(file)).sort();
    }

    test('builds a Node project and runs it where its address says', async () => {
      const spec = specOf('serve');
      const started = await start(spec);
      expect(started).toMatchObject({ name: spec.name, state: 'running', exitCode: null });
      expect(await answerOf(spec.name)).toBe('built: yes');
      const found = await runtime.find(spec.name);
      expect(found).toMatchObject({
        deploymentId: 7,
        revision: 1,
        generation: spec.generation,
        outOfMemory: false,
        restarts: 0,
        startedAt: expect.any(Date),
      });
      expect(await runtime.hasArtifact(artifact)).toBe(true);
    });

    test('runs a static site with the server that its recipe brings', async () => {
      const files = { 'index.html': '<h1>hello</h1>' };
      const site = await build('site', files, suiteApp.staticRecipe);
      const spec = specOf('', { artifact: site, recipe: suiteApp.staticRecipe });
      await start(spec);
      expect(await answerOf(spec.name)).toBe('<h1>hello</h1>');
    });

    test('runs a Python project', async (context: TestContext) => {
      const missing = (await harness.pythonMissing?.()) ?? null;
      if (missing !== null) return context.skip(missing);
      const python = await build('python', suiteApp.pythonFiles, suiteApp.pythonRecipe);
      const spec = specOf('', { artifact: python, recipe: suiteApp.pythonRecipe });
      await start(spec);
      expect(await answerOf(spec.name)).toBe('hello from python');
      await logOf(spec, /printed at once/);
    });

    test('hands the environment over, and where to listen', async () => {
      const tricky = 'a "b" $c \\d\n§ #e';
      const spec = specOf('serve', { environment: { MODE: 'serve', TRICKY: tricky } });
      const { port } = await start(spec);
      const environment = JSON.parse(await answerOf(spec.name, '/environment'));
      expect(environment).toMatchObject({ TRICKY: tricky, PORT: String(port) });
      expect(environment.HOST).toMatch(/^(0\.0\.0\.0|127\.0\.0\.1)$/);
      expect(environment.HOSTNAME).toBe(environment.HOST);
    });

    test('appends all output to the log file in order, of one instance after the other', async () => {
      const first = specOf('print');
      await start(first);
      await logOf(first, /line 1999\n/);
      await runtime.stop(first.name, 2_000);
      const second = specOf('print', { logFile: first.logFile });
      await start(second);
      await logOf(second, /(?:line 1999\n.*){2}/s);
      await runtime.stop(second.name, 2_000);
      const lines = (await textOf(first.logFile)).split('\n');
      const numbers = lines.filter((line) => line.startsWith('line ')).map((line) => line.slice(5));
      const expected = Array.from({ length: 2000 }, (_, index) => String(index));
      expect(numbers).toEqual([...expected, ...expected]);
    });

    test('tells standard output and standard error apart, with the time of each line', async () => {
      const began = Date.now();
      const spec = specOf('both', { revision: 5 });
      await start(spec);
      await logOf(spec, /end\n/);
      const lines = await linesOf(spec.logFile);
      const told = lines.map(({ stream, content, isEnded }) => [stream, String(content), isEnded]);
      expect(told.filter(([stream]) => stream === 'stderr')).toEqual([
        ['stderr', 'error goes on', true],
      ]);
      expect(told[0]).toEqual(['stdout', '\u001b[1mout\u001b[0m', true]);
      // What is long is in pieces, and in the order in which it was printed.
      expect(told.findIndex(([stream]) => stream === 'stderr')).toBe(1);
      const long = lines.slice(2).map(({ content }) => content);
      expect(Math.max(...long.map(({ length }) => length))).toBeLessThanOrEqual(16 * 1024);
      expect(String(Buffer.concat(long))).toBe(`${'é'.repeat(8193)}end`);
      for (const { at, revision, generation } of lines) {
        expect({ revision, generation }).toEqual({ revision: 5, generation: spec.generation });
        expect(Number(at) / 1e6).toBeGreaterThan(began - 2_000);
        expect(Number(at) / 1e6).toBeLessThan(Date.now() + 2_000);
      }
      await runtime.stop(spec.name, 0);
    });

    test('has the last words of an app in its log once it is stopped', async () => {
      const spec = specOf('last-words');
      await start(spec);
      await logOf(spec, /ready/);
      await runtime.stop(spec.name, 5_000);
      expect(await textOf(spec.logFile)).toMatch(/ready\ngot SIGTERM\nbye\n$/);
    });

    test('ends an app that exceeds its memory, or says that limits are not enforced', async () => {
      if (!runtime.limits.enforced) {
        expect(runtime.limits.reason).toMatch(/\w{3,}/);
        return;
      }
      const spec = specOf('hog', { memory: 96 * 1024 ** 2, cpus: 0.5 });
      await start(spec);
      await until(async () => {
        expect(await runtime.find(spec.name)).toMatchObject({ outOfMemory: true, address: null });
      }, 30_000);
      await runtime.stop(spec.name, 0);
    });

    test('adopts the instance when it is started twice, one after the other or at once', async () => {
      const spec = specOf('serve');
      const [first, same] = await Promise.all([start(spec), start(spec)]);
      const again = await start(spec);
      const ids = [first, same, again].map((found) => found.containerId ?? found.processId);
      expect(new Set(ids).size).toBe(1);
      const named = (await runtime.list()).filter(({ name }) => name === spec.name);
      expect(named).toHaveLength(1);
    });

    test('says which step of a build failed, with its output, and leaves nothing', async () => {
      const before = await leftovers();
      let output = '';
      const failure = await build(
        'failing',
        suiteApp.files,
        {
          build: [
            ['node', 'build.mjs'],
            ['node', 'fail.mjs'],
          ],
        },
        { log: (text) => (output += text) },
      ).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ReleaseFailure);
      expect(failure).toMatchObject({
        code: 'BUILD_FAILED',
        message: expect.stringMatching(/fail\.mjs.*the build says no/s),
      });
      expect(output).toContain('the build says no');
      expect(await leftovers()).toEqual(before);
    });

    test('leaves nothing of an aborted build, within two seconds', async () => {
      const before = await leftovers();
      const abort = new AbortController();
      let aborted = 0;
      const building = build(
        'endless',
        suiteApp.files,
        { build: [['node', 'endless.mjs']] },
        {
          signal: abort.signal,
          log: (text) => {
            if (aborted > 0 || !text.includes('never ends')) return;
            aborted = Date.now();
            abort.abort();
          },
        },
      );
      await expect(building).rejects.toThrow();
      expect(aborted).toBeGreaterThan(0);
      expect(Date.now() - aborted).toBeLessThan(2_000);
      expect(await leftovers()).toEqual(before);
    });

    test('ends a build that never ends when its time is over', async () => {
      const recipe = { build: [['node', 'endless.mjs']] };
      const signal = AbortSignal.timeout(3_000);
      const begun = Date.now();
      await expect(build('late', suiteApp.files, recipe, { signal })).rejects.toThrow();
      expect(Date.now() - begun).toBeLessThan(10_000);
    });

    test('does not begin a build whose signal is aborted', async () => {
      const signal = AbortSignal.abort(new Error('superseded'));
      await expect(build('never', suiteApp.files, {}, { signal })).rejects.toThrow('superseded');
    });

    test('refuses a source with a link that leads out of it', async () => {
      const folder = await project('linked', suiteApp.files);
      await symlink('/etc/passwd', join(folder, 'passwd'));
      await expect(build('linked', {}, {})).rejects.toMatchObject({
        code: 'SOURCE_UNSAFE',
        message: expect.stringContaining('passwd'),
      });
    });

    test('stops an app by SIGTERM, and stopping it again is fine', async () => {
      const spec = specOf('serve');
      await start(spec);
      await answerOf(spec.name);
      const begun = Date.now();
      await Promise.all([runtime.stop(spec.name, 10_000), runtime.stop(spec.name, 10_000)]);
      expect(Date.now() - begun).toBeLessThan(8_000);
      expect(await runtime.find(spec.name)).toBeUndefined();
      await runtime.stop(spec.name, 1_000);
      await logOf(spec, /got SIGTERM/);
    });

    test('kills an app that ignores SIGTERM when its grace is over', async () => {
      const spec = specOf('ignore-sigterm');
      await start(spec);
      await logOf(spec, /ready/);
      const begun = Date.now();
      await runtime.stop(spec.name, 1_000);
      expect(Date.now() - begun).toBeGreaterThan(900);
      expect(Date.now() - begun).toBeLessThan(8_000);
      await logOf(spec, /ignoring SIGTERM/);
      expect(await runtime.find(spec.name)).toBeUndefined();
    });

    test('tells when an app exits, with its exit code', async () => {
      const spec = specOf('exit');
      await start(spec);
      await until(async () => expect(exited).toContain(spec.name));
      const found = await until(async () => {
        const seen = await runtime.find(spec.name);
        expect(seen?.exitCode).toBe(3);
        return seen;
      });
      expect(found?.state).not.toBe('running');
      expect(found?.address).toBeNull();
      const [listed] = (await runtime.list()).filter(({ name }) => name === spec.name);
      expect(listed?.deploymentId).toBe(7);
      await runtime.stop(spec.name, 0);
      await logOf(spec, /giving up/);
    });

    test('tells where an app listens that does not listen where it was told to', async () => {
      const spec = specOf('loopback');
      await start(spec);
      await logOf(spec, /ready/);
      if (process.platform !== 'linux') expect(await runtime.listeners(spec.name)).toEqual([]);
      else {
        const listeners = await runtime.listeners(spec.name);
        expect(listeners).toEqual([{ host: '127.0.0.1', port: suiteApp.loopbackPort }]);
      }
      expect(await runtime.listeners('borgos-none-1-r1-g1')).toEqual([]);
    });

    test('tells what an instance uses, and nothing of one that does not run', async () => {
      const spec = specOf('serve', { memory: 256 * 1024 ** 2 });
      await start(spec);
      await answerOf(spec.name);
      const none = 'borgos-none-1-r1-g1';
      const usage = await runtime.usage([spec.name, none]);
      if (process.platform !== 'linux' && runtime.name === 'process') {
        expect(usage.size).toBe(0);
        return;
      }
      expect([...usage.keys()]).toEqual([spec.name]);
      const first = usage.get(spec.name);
      const isLimited = runtime.limits.enforced;
      expect(first?.memoryLimit).toBe(isLimited ? 256 * 1024 ** 2 : null);
      expect(first?.memoryBytes).toBeGreaterThan(5 * 1024 ** 2);
      expect(first?.memoryBytes).toBeLessThan(200 * 1024 ** 2);
      expect(first?.cpuSeconds).toBeGreaterThan(0);
      const isTold = runtime.name === 'docker';
      expect(first?.receivedBytes).toEqual(isTold ? expect.any(Number) : null);
      for (let count = 0; count < 100; count += 1) await answerOf(spec.name);
      await until(async () => {
        const later = (await runtime.usage([spec.name])).get(spec.name);
        expect(later?.counter).toBe(first?.counter);
        expect(later?.cpuSeconds).toBeGreaterThan(first?.cpuSeconds ?? 0);
        if (isTold) expect(later?.sentBytes).toBeGreaterThan(first?.sentBytes ?? 0);
      });
      await runtime.stop(spec.name, 1_000);
      expect(await runtime.usage([spec.name])).toEqual(new Map());
    });

    test('sees its instances again after it was closed, and goes on with their logs', async () => {
      const spec = specOf('tick');
      const before = await start(spec);
      await logOf(spec, /tick 3\n/);
      await runtime.close();
      runtime = await harness.create({ ...options, logs: createAppLogs() });
      runtime.onExit((name) => exited.push(name));
      const listed = (await runtime.list()).find(({ name }) => name === spec.name);
      expect(listed).toMatchObject({
        state: 'running',
        containerId: before.containerId,
        processId: before.processId,
      });
      const seen = /tick (\d+)\n$/.exec(await textOf(spec.logFile))?.[1] ?? '0';
      await logOf(spec, new RegExp(`tick ${Number(seen) + 5}\n`));
      await runtime.stop(spec.name, 1_000);
      const ticks = (await textOf(spec.logFile)).match(/tick \d+/g) ?? [];
      expect(ticks).toEqual(ticks.map((_, index) => `tick ${index}`));
    });

    test('knows the connections that it makes from those of the user', async () => {
      const accepted: Socket[] = [];
      const server = createServer((socket) => accepted.push(socket.on('error', () => {})));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const own = connect(port, '127.0.0.1');
      try {
        await until(async () => expect(accepted).toHaveLength(1));
        const caller = await build('caller', callerFiles, callerRecipe);
        const environment = { CALL: String(port) };
        const spec = specOf('', { artifact: caller, recipe: callerRecipe, environment });
        await start(spec);
        // A container has a loopback of its own, where nobody listens.
        const said = await logOf(spec, /connected|refused/);
        if (said.includes('connected')) await until(async () => expect(accepted).toHaveLength(2));
        const owned = await Promise.all(
          accepted.map(({ remotePort = 0 }) =>
            runtime.ownsConnection({
              client: { host: '127.0.0.1', port: remotePort },
              server: { host: '127.0.0.1', port },
            }),
          ),
        );
        expect(owned).toEqual(said.includes('connected') ? [false, true] : [false]);
        await runtime.stop(spec.name, 0);
      } finally {
        own.destroy();
        for (const socket of accepted) socket.destroy();
        server.close();
      }
    });

    test('forgets an artefact that is removed, and starts nothing from it', async () => {
      const removed = await build('removed', suiteApp.files, {});
      await runtime.removeArtifact(removed);
      await runtime.removeArtifact(removed);
      expect(await runtime.hasArtifact(removed)).toBe(false);
      const spec = specOf('serve', { artifact: removed });
      await expect(start(spec)).rejects.toMatchObject({ code: 'START_FAILED' });
      expect(await runtime.find(spec.name)).toBeUndefined();
    });

    test('knows nothing of names it never heard', async () => {
      expect(await runtime.find('borgos-none-1-r1-g1')).toBeUndefined();
      await runtime.stop('borgos-none-1-r1-g1', 1_000);
      expect(await runtime.hasArtifact('borgos/none')).toBe(false);
    });
  });
}
