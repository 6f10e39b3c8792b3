import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Exit code of a proxy that found another one in its directory. */
export const ANOTHER_RUNS = 3;

/** Starts proxies for a directory, which it makes if need be. */
export interface ProxyProcess {
  /**
   * Compiles the proxy's code into a cache beside its routes. A proxy that finds it there starts in
   * half the time and stays 11 MB smaller, as it never loads the TypeScript compiler.
   */
  prepare(): Promise<void>;
  /** Starts one in a session of its own: it goes on when this process ends, however it ends. */
  start(): ChildProcess;
  /**
   * Ends a proxy that holds the directory but does not answer. Call it right after a started one
   * found the directory taken: only then is the pid that is written there sure to be a proxy's.
   */
  killHolder(): Promise<void>;
  /** The last lines that proxies wrote, for an error message. */
  readLog(): Promise<string>;
}

export function createProxyProcess(directory: string): ProxyProcess {
  const main = fileURLToPath(import.meta.resolve('@borgos/proxy'));
  const logFile = join(directory, 'proxy.log');
  // Requests leave their garbage in a small place that is swept often; the other bound is far above
  // what some 20,000 open connections need.
  const flags = ['--max-semi-space-size=2', '--max-old-space-size=512'];
  // Nothing of the server's environment, where secrets are.
  const env = {
    NODE_COMPILE_CACHE: join(directory, 'code-cache'),
    MALLOC_ARENA_MAX: '1',
    UV_THREADPOOL_SIZE: '2',
  };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);

  return {
    async prepare() {
      await promisify(execFile)(process.execPath, [...flags, main, '--version'], {
        env,
        cwd: directory,
        timeout: 10_000,
      });
    },

    start() {
      const log = openSync(logFile, 'a', 0o600);
      try {
        const child = spawn(process.execPath, [...flags, main, directory], {
          cwd: directory,
          env,
          detached: true,
          stdio: ['ignore', log, log],
        });
        child.unref();
        return child;
      } finally {
        closeSync(log);
      }
    },

    async killHolder() {
      const pid = Number(await readFile(join(directory, 'proxy.pid'), 'utf8'));
      if (Number.isSafeInteger(pid) && pid > 1) process.kill(pid, 'SIGKILL');
    },

    async readLog() {
      const file = await open(logFile, 'r');
      try {
        const { size } = await file.stat();
        const length = Math.min(size, 2000);
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(length),
          0,
          length,
          size - length,
        );
        return buffer.toString('utf8', 0, bytesRead).trim();
      } finally {
        await file.close();
      }
    },
  };
}
