import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Client, createClient } from '@borgos/sdk';

const startScript = path.join(import.meta.dirname, '../../start.js');
const readyMs = 30_000;

export interface ServerProcess {
  client: Client;
  url: string;
  child: ChildProcess;
  /** Milliseconds from the spawn to the line that says it is ready. */
  readyAfter: number;
  /** Sends a signal and waits for the end. Returns the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** BorgOS as a user starts it: a process of its own, that can be killed. */
export async function startServerProcess(env: Record<string, string>): Promise<ServerProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, [startScript], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      BORGOS_PORT: '0',
      // Tests ask again and again.
      BORGOS_RATE_LIMIT: 'off',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const url = await addressOf(child);
  return {
    client: createClient({ baseUrl: url }),
    url,
    child,
    readyAfter: performance.now() - started,
    async end(signal) {
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

/** The address that the server prints once it answers. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`BorgOS was not ready within ${readyMs} ms:\n${output}`));
    }, readyMs);
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`BorgOS did not start:\n${output}`));
    });
    const read = (data: Buffer) => {
      output = (output + data).slice(-10_000);
      const [, url] = /ready at (http:\S+)/.exec(output) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
  });
}
