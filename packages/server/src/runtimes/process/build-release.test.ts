import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAppLogs } from '../../app-log/app-logs.ts';
import type { Runtime } from '../../deployments/runtime.ts';
import {
  buildOf,
  createWorkbench,
  exampleSealing,
  nodeRecipe,
  type Workbench,
} from './example-app.ts';
import { linuxProcesses } from './linux-processes.ts';
import { createProcessRuntime } from './process-runtime.ts';

const instance = `build-${process.pid}`;
let bench: Workbench;
let runtime: Runtime;
beforeEach(async () => {
  bench = createWorkbench();
  bench.write({ 'app.js': '// app', 'bin/tool.sh': '#!/bin/sh' });
  runtime = await createProcessRuntime({
    instance,
    home: bench.home,
    log: pino({ level: 'silent' }),
    ...exampleSealing,
    logs: createAppLogs(),
  });
});
afterEach(async () => {
  await runtime.close();
  bench.remove();
});

const releases = () => readdirSync(join(bench.home, 'releases'));

async function buildProcesses(): Promise<number[]> {
  const marked = await linuxProcesses().marked('BORGOS_BUILD');
  return marked.filter(({ value }) => value.startsWith(`${instance}/`)).map(({ pid }) => pid);
}

describe('a build', () => {
  test('is a copy of the sources and the files that the recipe adds', async () => {
    chmodSync(join(bench.source, 'bin/tool.sh'), 0o755);
    chmodSync(join(bench.source, 'bin'), 0o555);
    symlinkSync('bin/tool.sh', join(bench.source, 'link'));
    const recipe = nodeRecipe({ extraFiles: [{ path: 'added/server.js', content: '1' }] });
    const artifact = await runtime.build(buildOf(bench, { recipe }));
    expect(readFileSync(join(artifact, 'app.js'), 'utf8')).toBe('// app');
    expect(readFileSync(join(artifact, 'added/server.js'), 'utf8')).toBe('1');
    expect(statSync(join(artifact, 'bin/tool.sh')).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(artifact, 'link')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(artifact, 'link'))).toBe('bin/tool.sh');
    expect(await runtime.hasArtifact(artifact)).toBe(true);
    chmodSync(join(bench.source, 'bin'), 0o755);
  });

  test('runs the commands in it, without a shell, and logs what they print', async () => {
    const pieces: string[] = [];
    const recipe = nodeRecipe({
      install: [['node', '-e', 'console.log(process.cwd(), process.argv[1])', '$HOME;x']],
      build: [['node', '-e', 'console.error(Object.keys(process.env).sort().join())']],
    });
    const log = (text: string) => pieces.push(text);
    const artifact = await runtime.build(buildOf(bench, { recipe, log }));
    // Where the machine has Rust, its builds know so.
    const output = pieces.join('').replace('RUSTUP_HOME,', '');
    expect(output).toContain(`${artifact} $HOME;x\n`);
    const names = 'BORGOS_BUILD,CARGO_HOME,HOME,LANG,MAVEN_OPTS,PATH,PIP_CACHE_DIR,TMPDIR';
    expect(output).toContain(`${names},npm_config_cache\n`);
  });

  test('installs from a lockfile with the npm of the machine', async () => {
    const pack = { name: 'app', version: '1.0.0', scripts: { build: 'node -p 6*7 > built' } };
    const lock = { name: 'app', version: '1.0.0', lockfileVersion: 3, packages: { '': pack } };
    bench.write({
      'package.json': JSON.stringify(pack),
      'package-lock.json': JSON.stringify(lock),
    });
    const recipe = nodeRecipe({ install: [['npm', 'ci']], build: [['npm', 'run', 'build']] });
    const artifact = await runtime.build(buildOf(bench, { recipe }));
    expect(readFileSync(join(artifact, 'built'), 'utf8')).toBe('42\n');
  }, 60_000);

  test('of Python has an environment of its own that pip and python resolve into', async () => {
    const pieces: string[] = [];
    const print = 'import sys; print(sys.prefix)';
    const recipe = nodeRecipe({
      stack: 'python',
      version: '2.7',
      install: [
        ['python3', '-m', 'venv', '.borgos/venv'],
        ['python', '-c', print],
        ['pip', '--version'],
      ],
    });
    const log = (text: string) => pieces.push(text);
    const artifact = await runtime.build(buildOf(bench, { recipe, log }));
    expect(pieces.join('')).toContain(`\n${artifact}/.borgos/venv\n`);
    expect(pieces.join('')).toMatch(new RegExp(`pip .* from ${artifact}/.borgos/venv/`));
    expect(pieces.join('')).toMatch(/Note: the project asks for python3 2\.7\. .* has: 3\./);
  }, 60_000);

  test('that was made is not made again', async () => {
    const artifact = await runtime.build(buildOf(bench));
    bench.write({ 'app.js': '// changed' });
    expect(await runtime.build(buildOf(bench))).toBe(artifact);
    expect(readFileSync(join(artifact, 'app.js'), 'utf8')).toBe('// app');
  });

  test('that fails says with what, and leaves nothing', async () => {
    const script = 'console.log("first"); console.error("no such module"); process.exit(3)';
    const recipe = nodeRecipe({ build: [['node', '-e', script]] });
    await expect(runtime.build(buildOf(bench, { recipe }))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/^"node -e .*exit code 3.*:\n(.|\n)*no such module$/),
    });
    expect(releases()).toEqual([]);
    expect(readdirSync(join(bench.home, 'homes'))).toEqual([]);
  });

  test.each(['process.kill(process.pid, "SIGKILL")', 'process.exit(137)'])(
    'that the system kills is known to be out of memory: %s',
    async (script) => {
      const recipe = nodeRecipe({ build: [['node', '-e', script]] });
      const build = runtime.build(buildOf(bench, { recipe }));
      await expect(build).rejects.toMatchObject({ code: 'BUILD_OOM' });
    },
  );

  test('with a program that the machine has not says so', async () => {
    const recipe = nodeRecipe({ install: [['no-such-tool', 'install']] });
    await expect(runtime.build(buildOf(bench, { recipe }))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('"no-such-tool" was not found on this machine'),
    });
  });

  test('that is aborted is over within 2 seconds, with all of its processes', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {});
      const hold = ['-e', 'setInterval(() => {}, 1000)'];
      spawn('node', hold, { stdio: 'inherit' });
      spawn('node', hold, { stdio: 'inherit', detached: true });
      console.log('ready');
      setInterval(() => {}, 1000);
    `;
    const abort = new AbortController();
    const recipe = nodeRecipe({ build: [['node', '-e', script]] });
    const ready = new Promise<void>((resolve) => {
      const log = (text: string) => text === 'ready\n' && resolve();
      const build = runtime.build(buildOf(bench, { recipe, log, signal: abort.signal }));
      build.then(expect.unreachable, (error) => aborted.resolve(error));
    });
    const aborted = Promise.withResolvers<unknown>();
    await ready;
    await vi.waitFor(async () => expect(await buildProcesses()).toHaveLength(3), {
      timeout: 5_000,
    });
    const start = Date.now();
    abort.abort(new Error('superseded'));
    expect(await aborted.promise).toMatchObject({ message: 'superseded' });
    expect(Date.now() - start).toBeLessThan(2_000);
    expect(await buildProcesses()).toEqual([]);
    expect(releases()).toEqual([]);
  }, 20_000);

  test('that leaves something in the background ends it', async () => {
    const script = `require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' }).unref(); process.exit()`;
    const recipe = nodeRecipe({ build: [['node', '-e', script]] });
    await runtime.build(buildOf(bench, { recipe }));
    expect(await buildProcesses()).toEqual([]);
  });

  test('of a project with a Dockerfile is refused, and says what to do', async () => {
    const recipe = nodeRecipe({ stack: 'dockerfile', dockerfile: 'Dockerfile' });
    await expect(runtime.build(buildOf(bench, { recipe }))).rejects.toMatchObject({
      code: 'STACK_NOT_FOUND',
      message: expect.stringMatching(/has a Dockerfile.*needs Docker: install Docker or|, or/),
    });
  });

  test('without a start command is refused', async () => {
    const recipe = nodeRecipe({ start: null });
    const build = runtime.build(buildOf(bench, { recipe }));
    await expect(build).rejects.toMatchObject({ code: 'STACK_NOT_FOUND' });
  });
});

describe('a release', () => {
  test('is removed, twice, also where a build made folders read-only', async () => {
    const script = `const fs = require('node:fs'); fs.mkdirSync('a/b', { recursive: true });
      fs.writeFileSync('a/b/c', ''); fs.chmodSync('a/b', 0o555); fs.chmodSync('a', 0o555);`;
    const recipe = nodeRecipe({ build: [['node', '-e', script]] });
    const artifact = await runtime.build(buildOf(bench, { recipe }));
    await runtime.removeArtifact(artifact);
    await runtime.removeArtifact(artifact);
    expect(existsSync(artifact)).toBe(false);
    expect(await runtime.hasArtifact(artifact)).toBe(false);
  });

  test('is the only thing that can be removed', async () => {
    mkdirSync(join(bench.home, 'precious'));
    const releasesFolder = join(bench.home, 'releases');
    for (const path of [bench.source, `${releasesFolder}/../precious`, releasesFolder, '/', '']) {
      await expect(runtime.removeArtifact(path)).rejects.toThrow('is not a release');
    }
    expect(existsSync(join(bench.home, 'precious'))).toBe(true);
    expect(await runtime.hasArtifact(bench.source)).toBe(false);
  });

  test('may not be named so that it would lie elsewhere', async () => {
    await expect(runtime.build(buildOf(bench, { name: '../escape' }))).rejects.toThrow();
  });
});
