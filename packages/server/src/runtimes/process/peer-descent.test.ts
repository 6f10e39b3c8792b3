import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../testing/wait-for.ts';
import { type Brand, openBrand } from './peer-brand.ts';
import { createDescent } from './peer-descent.ts';

const noBrand: Brand = { put: async () => {}, wrap: (command) => command, isIn: () => false };
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'borgos-descent-')));
const markers = ['BORGOS_INSTANCE', 'BORGOS_BUILD', 'BORGOS_AGENT_RUN'];
const signs = { instance: 'test', markers, folders: [folder], brand: noBrand };
const isDeployed = createDescent(signs);
const brand = await openBrand();

/** Prints the pid of a child without an environment, of a session of its own, that outlives it. */
const forks = `
import os, subprocess, sys, time
options = dict(env={}, cwd='/', start_new_session=sys.argv[1] == 'session')
print(subprocess.Popen(['/bin/sleep', '60'], **options).pid, flush=True)
if sys.argv[2] == 'stay': time.sleep(60)
`;

/** Each sign alone: what is deployed has several. */
describe.runIf(process.platform === 'linux')('a process', () => {
  const started: (ChildProcess | number)[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) {
      if (typeof child === 'number') process.kill(child, 'SIGKILL');
      else child.kill('SIGKILL');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(program: string, args: string[], options: SpawnOptions): Promise<number> {
    const child = spawn(program, args, { stdio: 'ignore', ...options });
    started.push(child);
    await once(child, 'spawn');
    return child.pid ?? 0;
  }
  const sleep = (options: SpawnOptions = {}) => start('/bin/sleep', ['60'], options);

  /** The child of a process with that environment. */
  async function grandchild(env: NodeJS.ProcessEnv, ...args: string[]): Promise<number> {
    const child = spawn('python3', ['-c', forks, ...args], {
      env: { PATH: process.env.PATH, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    const [output] = await once(child.stdout ?? child, 'data');
    started.push(Number(output));
    if (args[1] === 'leave') await once(child, 'exit');
    return Number(output);
  }

  test('that the user started is the user', async () => {
    expect(isDeployed(await sleep())).toBe(false);
    expect(isDeployed(await sleep({ detached: true, env: {} }))).toBe(false);
    expect(isDeployed(await grandchild({}, 'session', 'leave'))).toBe(false);
    expect(isDeployed(process.pid)).toBe(false);
  });

  test.each(markers)('that is marked by %s is deployed', async (mark) => {
    expect(isDeployed(await sleep({ env: { [mark]: 'any/name' } }))).toBe(true);
    expect(isDeployed(await sleep({ env: { [`NO_${mark}`]: 'any/name' } }))).toBe(false);
  });

  test('that has only the mark that this one has, too, is the user', async () => {
    const script = `
      const { createDescent } = await import(${JSON.stringify(import.meta.resolve('./peer-descent.ts'))});
      const brand = { isIn: () => false };
      const signs = { instance: 'test', markers: ['BORGOS_AGENT_RUN'], folders: [], brand };
      const isOwn = createDescent(signs);
      console.log(...process.argv.slice(1).map((pid) => isOwn(Number(pid))));`;
    const env = { BORGOS_AGENT_RUN: 'any/borgos-1-1' };
    const pids = [
      await sleep({ env }),
      await sleep({ env: { BORGOS_AGENT_RUN: 'any/borgos-1-12' } }),
    ];
    const args = ['--input-type=module', '-e', script, ...pids.map(String)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout.trim()).toBe('false true');
  });

  test('whose parent is marked is deployed, whatever its own environment', async () => {
    const mark = { BORGOS_INSTANCE: 'any/name' };
    expect(isDeployed(await grandchild(mark, 'session', 'stay'))).toBe(true);
  });

  test('that stands or lies in a release is deployed', async () => {
    expect(isDeployed(await sleep({ cwd: folder }))).toBe(true);
    const program = join(folder, 'program');
    copyFileSync('/bin/sleep', program);
    expect(isDeployed(await start(program, ['60'], { cwd: '/' }))).toBe(true);
    expect(isDeployed(await sleep({ cwd: tmpdir() }))).toBe(false);
  });

  test('that stands in a release and has a terminal is the user who looks at it', async () => {
    const script = `import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.execv('/bin/sleep', ['sleep', '60'])
print(pid, flush=True)
time.sleep(60)`;
    const child = spawn('python3', ['-c', script, folder], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    const [output] = await once(child.stdout ?? child, 'data');
    started.push(Number(output));
    const standsIn = () => readlinkSync(`/proc/${Number(output)}/cwd`);
    await waitFor('its folder', async () => standsIn() === folder);
    expect(isDeployed(Number(output))).toBe(false);
  });

  test('that is branded is deployed, and so is what it starts, however far away', async () => {
    const branded = createDescent({ ...signs, brand });
    const pid = await sleep();
    expect(branded(pid)).toBe(false);
    await brand.put(pid);
    expect(branded(pid)).toBe(true);
    const script = `read line; exec python3 -c "$0" session leave`;
    const child = spawn('/bin/sh', ['-c', script, forks], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    started.push(child);
    await brand.put(child.pid ?? 0);
    child.stdin?.end('\n');
    const [output] = await once(child.stdout ?? child, 'data');
    started.push(Number(output));
    await once(child, 'exit');
    expect(branded(Number(output))).toBe(true);
    expect(isDeployed(Number(output))).toBe(false);
  });

  test('that is gone cannot be told to be the user', async () => {
    const child = spawn('/bin/true', { stdio: 'ignore' });
    await once(child, 'exit');
    expect(isDeployed(child.pid ?? 0)).toBe(true);
  });
});
