/**
 * Sees to it that what the tests need is here: a Docker Engine, Chromium, Python with pip, pebble,
 * OpenSSL. On a bare Debian as root (a container, or CI) it installs and starts them; on anybody's own
 * machine it only says what is missing and how to add it, and the tests that need it are skipped
 * aloud. With CI=true nothing may be missing.
 */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findDocker } from '../packages/server/src/runtimes/docker/engine.ts';
import { pythonOfMachine } from '../packages/server/src/testing/machine-image.ts';

const run = promisify(execFile);
const installMs = 15 * 60_000;
const startMs = 60_000;

interface Need {
  name: string;
  /** Debian's packages that bring it. */
  packages: string[];
  isHere(): Promise<boolean>;
}

const needs: Need[] = [
  {
    name: 'Docker Engine',
    packages: ['docker.io', 'iptables'],
    isHere: async () => (await findDocker()).ok,
  },
  {
    name: 'Chromium',
    packages: ['chromium'],
    isHere: () => anyProgram(['chromium', 'chromium-browser', 'google-chrome', 'chrome']),
  },
  {
    name: 'Python with pip',
    packages: ['python3', 'python3-pip'],
    isHere: async () => 'version' in (await pythonOfMachine()),
  },
  {
    name: 'OpenSSL',
    packages: ['openssl'],
    isHere: () => anyProgram(['openssl']),
  },
  {
    name: 'pebble, an ACME server for tests',
    packages: ['pebble'],
    isHere: async () =>
      (await anyProgram(['pebble'])) && (await anyProgram(['pebble-challtestsrv'])),
  },
];

async function main(): Promise<void> {
  const isCi = process.env.CI === 'true';
  let missing = await missingOf(needs);
  if (missing.length > 0 && (await mayInstall(isCi))) {
    await install(missing);
    if (missing.some(({ name }) => name === 'Docker Engine')) await startEngine();
    missing = await missingOf(missing);
  }
  for (const { name, packages } of missing) {
    console.error(`Not here: ${name}. On Debian: apt-get install ${packages.join(' ')}`);
  }
  const docker = await findDocker();
  console.log(docker.ok ? `${docker.description} answers` : docker.reason);
  if (!process.env.BORGOS_TEST_ZOEKT) {
    console.log(
      'Left out: tests with a real Zoekt. BORGOS_TEST_ZOEKT=<folder of zoekt-index and zoekt-webserver> adds them',
    );
  }
  if (!process.env.BORGOS_TEST_OPENCODE) {
    console.log(
      'Left out: tests with a real OpenCode. BORGOS_TEST_OPENCODE=<its program> adds them',
    );
  }
  if (missing.length > 0 && isCi) throw new Error('the tests would be incomplete');
  if (missing.length > 0) console.error('The tests that need it will fail or be skipped.');
}

async function missingOf(wanted: Need[]): Promise<Need[]> {
  const found = await Promise.all(wanted.map((need) => need.isHere()));
  return wanted.filter((_, index) => !found[index]);
}

/** Where systemd runs, the machine is somebody's own: nothing is installed there unasked. */
async function mayInstall(isCi: boolean): Promise<boolean> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const isDebian = /^ID(?:_LIKE)?=.*\bdebian\b/m.test(system);
  return process.getuid?.() === 0 && isDebian && (isCi || !(await exists('/run/systemd/system')));
}

async function install(missing: Need[]): Promise<void> {
  const wanted = [];
  for (const need of missing) {
    // The engine may be installed, but not running.
    if (need.name !== 'Docker Engine' || !(await anyProgram(['dockerd']))) wanted.push(need);
  }
  const packages = wanted.flatMap((need) => need.packages);
  if (packages.length === 0) return;
  console.log(`Installing ${packages.join(', ')}`);
  const options = {
    timeout: installMs,
    maxBuffer: 64 * 1024 ** 2,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const patient = ['-o', 'DPkg::Lock::Timeout=300'];
  await run('apt-get', [...patient, 'update'], options);
  const flags = ['install', '-y', '--no-install-recommends'];
  await run('apt-get', [...patient, ...flags, ...packages], options);
}

/** In a session of its own, so that it outlives this script and the terminal. */
async function startEngine(): Promise<void> {
  // The package may have started it.
  if ((await findDocker()).ok || !(await anyProgram(['dockerd']))) return;
  const folder = await mkdtemp(join(tmpdir(), 'borgos-dockerd-'));
  const logFile = join(folder, 'dockerd.log');
  console.log(`Starting dockerd, with its log in ${logFile}`);
  const log = await open(logFile, 'a');
  // A file of its own: one left by an engine that was killed may name a process of today.
  const options = ['--pidfile', join(folder, 'dockerd.pid')];
  const engine = spawn('dockerd', options, { detached: true, stdio: ['ignore', log.fd, log.fd] });
  let ended = false;
  engine.on('error', () => {
    ended = true;
  });
  engine.on('exit', () => {
    ended = true;
  });
  engine.unref();
  const deadline = Date.now() + startMs;
  while (!ended && Date.now() < deadline && !(await findDocker()).ok) await delay(200);
  await log.close();
  if ((await findDocker()).ok) return;
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n');
  console.error(`dockerd does not come up. The end of its log:\n${lines.slice(-15).join('\n')}`);
}

async function anyProgram(names: string[]): Promise<boolean> {
  // Those of the system's administrator are in no user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return (await Promise.all(paths.map(exists))).some((found) => found);
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
