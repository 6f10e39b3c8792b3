import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of each thread's JavaScript, in MB; what parsers and SQLite have outside of it is small. */
export const childMemoryMb = 512;

/**
 * The optimizing compilers of V8 need 300 MB for the parsers' WebAssembly and never give them back, for
 * a gain that a scan is too short for. Young objects are many and die at once: a small room does for
 * them. The collector is called by name, see `native-memory.ts`.
 */
const flags = [
  '--no-wasm-tier-up',
  '--no-wasm-dynamic-tiering',
  '--max-semi-space-size=4',
  `--max-old-space-size=${childMemoryMb}`,
  '--expose-gc',
];

/** Until a killed process is gone; one that waits for a dead disk is left to itself. */
const endMs = 5_000;
const keptOutput = 4_096;

/**
 * Starts a process for heavy work: requests are answered meanwhile, what it took of memory goes back as
 * a whole, and one that crashes ends nothing else. Its side is `liveAsChild`.
 */
export function startChild(file: URL): ChildProcess {
  const cache = getCompileCacheDir();
  return fork(fileURLToPath(file), [], {
    execArgv: flags,
    // Nothing else of the server's environment, where secrets are.
    env: {
      HOME: homedir(),
      // Or each thread would keep memory for itself that another one has freed.
      MALLOC_ARENA_MAX: '1',
      // Of files and texts, which are given back at once then; or the system's library learns to keep them.
      MALLOC_MMAP_THRESHOLD_: '131072',
      // Named is the folder below it that is of this version of Node.js.
      ...(cache && { NODE_COMPILE_CACHE: dirname(cache) }),
    },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Ends a child of `startChild`, whatever it is at. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(endMs) });
  child.kill('SIGKILL');
  await ended.catch(() => child.unref());
}

/** Keeps what a child prints last, which says why when it crashes. */
export function keepOutput({ stderr }: ChildProcess): () => string {
  let kept = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-keptOutput);
  });
  return () => kept;
}
