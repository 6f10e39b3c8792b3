import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findDocker } from '../runtimes/docker/engine.ts';
import { waitFor } from './wait-for.ts';

export interface SecondEngine {
  socketPath: string;
  stop(): Promise<void>;
}

/**
 * A Docker Engine of its own, beside the machine's, that keeps everything in `root`. It can do without
 * a network of its own and images, and so has none. Rejects where there is no `dockerd` to start.
 */
export async function startSecondEngine(root: string): Promise<SecondEngine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-engine-'));
  const socketPath = path.join(folder, 'docker.sock');
  // In a network namespace of its own: without a bridge, an engine removes the one of the other engine.
  const engine = spawn(
    'unshare',
    [
      '--net',
      'dockerd',
      `--host=unix://${socketPath}`,
      `--data-root=${root}`,
      `--exec-root=${path.join(folder, 'exec')}`,
      `--pidfile=${path.join(folder, 'pid')}`,
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
      '--storage-driver=vfs',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(engine, 'exit');
  ended.catch(() => {});
  async function stop(): Promise<void> {
    engine.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await once(engine, 'spawn');
    await waitFor('the second engine', async () => {
      if (engine.exitCode !== null) throw new Error(`dockerd ended with ${engine.exitCode}`);
      return (await findDocker(socketPath)).ok;
    });
  } catch (error) {
    if (engine.pid !== undefined) await stop();
    throw error;
  }
  return { socketPath, stop };
}
