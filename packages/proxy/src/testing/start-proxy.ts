import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { openControlAddress } from '../control-address.ts';
import { waitUntil } from './wait-until.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface Answer {
  status: number;
  body: unknown;
}

/** A directory that is gone when the test ends, its path of any length. */
export async function temporaryDirectory(below = ''): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'borgos-proxy-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return join(root, below);
}

/** A proxy process, killed when the test ends. */
export function spawnProxy(...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => endProxy(child));
  return child;
}

/** One that the caller ends; `output`: the descriptor it writes to. */
export function spawnUnowned(directory: string, output: number | 'ignore' = 'ignore') {
  const stdio: StdioOptions = ['ignore', output, output];
  return spawn(process.execPath, [main, directory], { stdio });
}

export async function endProxy(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** One that already answers. */
export async function startProxy(directory: string): Promise<ChildProcess> {
  const child = spawnProxy(directory);
  await waitUntilUp(directory);
  return child;
}

export async function waitUntilUp(directory: string): Promise<void> {
  const isUp = () =>
    control(directory, 'GET', '/ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  await waitUntil(isUp, () => 'the proxy to answer');
}

export async function control(
  directory: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const address = openControlAddress(directory);
  try {
    const outgoing = request({ socketPath: address.path, method, path, agent: false });
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    if (text !== undefined) outgoing.setHeader('Content-Length', Buffer.byteLength(text));
    outgoing.end(text);
    const [incoming] = await once(outgoing, 'response');
    let answer = '';
    for await (const chunk of incoming) answer += chunk;
    return { status: incoming.statusCode, body: JSON.parse(answer) };
  } finally {
    address.close();
  }
}
