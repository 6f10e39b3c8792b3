import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { nodeImageFiles, pythonImageFiles, pythonOfMachine, tarOf } from './machine-image.ts';

/** How long one test worker waits for another to make the image. */
const waitMs = 90_000;

/**
 * Returns the name of an image to build node projects on: `node:<major>-slim` of the running node
 * if the machine has it, else one made of the machine's own node, npm and shell, as no registry may
 * be in reach where the tests run. That one is named `node:<major>-borgos-slim`, so that it never
 * passes for the real one, carries the label `borgos.test` and stays for the next run.
 */
export async function ensureBaseImage(docker: Docker): Promise<string> {
  const major = process.versions.node.split('.')[0];
  return ensureImage(docker, `node:${major}`, nodeImageFiles, ['CMD ["node"]']);
}

/** The same for Python; `missing` tells what the machine would need to make one. */
export async function ensurePythonBaseImage(
  docker: Docker,
): Promise<{ name: string } | { missing: string }> {
  const python = await pythonOfMachine();
  if ('missing' in python) return python;
  const files = () => pythonImageFiles(python.version);
  return {
    name: await ensureImage(docker, `python:${python.version}`, files, ['CMD ["python3"]']),
  };
}

type Files = Parameters<typeof tarOf>[0];

async function ensureImage(
  docker: Docker,
  version: string,
  files: () => Promise<Files>,
  changes: string[],
): Promise<string> {
  const names = [`${version}-slim`, `${version}-borgos-slim`];
  const lock = join(tmpdir(), `borgos-image-${version.replace(':', '-')}.lock`);
  const deadline = Date.now() + waitMs;
  for (;;) {
    for (const name of names) if (await isThere(docker, name)) return name;
    if (await takeLock(lock)) break;
    if (Date.now() > deadline) throw new Error(`${lock} is held for over ${waitMs / 1000} s`);
    await delay(100);
  }
  try {
    await importImage(docker, `${version}-borgos-slim`, await files(), changes);
  } finally {
    await rm(lock, { force: true });
  }
  return `${version}-borgos-slim`;
}

async function isThere(docker: Docker, name: string): Promise<boolean> {
  return docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function importImage(
  docker: Docker,
  name: string,
  files: Files,
  changes: string[],
): Promise<void> {
  const [repo, tag] = name.split(':');
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const answer = await docker.importImage(tarOf(files), {
    repo,
    tag,
    changes: ['LABEL borgos.test=true', `ENV ${path}`, ...changes],
  });
  let output = '';
  for await (const chunk of answer) output += String(chunk);
  if (!(await isThere(docker, name))) throw new Error(`${name} could not be made: ${output}`);
}

/** Test workers are processes: a file that holds its maker's id is what they can agree by. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch {
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
