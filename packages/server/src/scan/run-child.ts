import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { homedir } from 'node:os';
import { dirname, extname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ChildMessage } from './child-message.ts';
import { ScanFailure } from './scan-failure.ts';

export interface ChildOptions<Progress> {
  signal: AbortSignal;
  deadlineMs: number;
  onProgress?: (progress: Progress) => void;
  /** Where it was when it crashed, as `while it looked at …`; `undefined`: nobody knows. */
  whereAtCrash?: () => string | undefined;
}

/** Of each thread's JavaScript; what parsers have outside of it is small. */
const memoryMb = 512;
/** Until a killed process is gone; one that waits for a dead disk is left to itself. */
const endMs = 5_000;
const keptOutput = 4_096;

/**
 * The optimizing compilers of V8 need 300 MB for the parsers' WebAssembly and never give them back, for
 * a gain that a scan is too short for. Young objects are many and die at once: a small room does for
 * them. The collector is called by name, see `native-memory.ts`.
 */
const flags = [
  '--no-wasm-tier-up',
  '--no-wasm-dynamic-tiering',
  '--max-semi-space-size=4',
  `--max-old-space-size=${memoryMb}`,
  '--expose-gc',
];

/**
 * Looks through files in a process of its own: requests are answered meanwhile, what it took of memory
 * goes back as a whole, and a parser that crashes ends nothing else. It does not outlive the server.
 * @param name of its file, without the extension
 * @throws ScanFailure, or the signal's reason
 */
export async function runChild<Result extends object, Progress = never>(
  name: 'scan-child' | 'zenith-child' | 'files-child',
  request: object,
  { signal, deadlineMs, onProgress, whereAtCrash }: ChildOptions<Progress>,
): Promise<Result> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const child = start(name);
  const lastOutput = keepLast(child.stderr);
  const lists: Record<string, unknown[]> = {};
  const timer = setTimeout(() => {
    const seconds = Math.round(deadlineMs / 1000);
    reject(new ScanFailure(`It took longer than ${seconds} seconds. ${advice}`));
  }, deadlineMs);
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'progress') onProgress?.(message.progress as Progress);
    else if (message.kind === 'items') append(lists, message.list, message.items);
    else if (message.kind === 'result') resolve({ ...message.result, ...lists } as Result);
    else if (message.kind === 'failed') reject(new ScanFailure(message.reason));
    else reject(new Error(`In the process of ${name}: ${message.stack}`));
  });
  child.once('error', (error) => {
    reject(new ScanFailure(`Its process could not be started: ${error.message}`));
  });
  child.once('close', (code, killedBy) => {
    reject(crashOf(killedBy ?? code, lastOutput(), whereAtCrash?.()));
  });
  child.send(request, (error) => {
    if (error) reject(new ScanFailure(`Its process does not listen: ${error.message}`));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await end(child);
  }
}

const advice = 'Leave large generated folders out with .gitignore';

function start(name: string): ChildProcess {
  const file = new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url);
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

function append(lists: Record<string, unknown[]>, name: string, items: readonly unknown[]): void {
  lists[name] ??= [];
  for (const item of items) lists[name].push(item);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(endMs) });
  child.kill('SIGKILL');
  await ended.catch(() => child.unref());
}

function keepLast(stream: Readable | null): () => string {
  let kept = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-keptOutput);
  });
  return () => kept;
}

function crashOf(by: string | number | null, output: string, where: string | undefined): Error {
  const place = where ? ` ${where}` : '';
  if (/heap out of memory/.test(output)) {
    return new ScanFailure(`It needed more than ${memoryMb} MB of memory${place}. ${advice}`);
  }
  if (typeof by !== 'string') return new Error(`Its process ended with code ${by}: ${output}`);
  const remedy = where ? '. If it happens again, leave that file out with .gitignore' : '';
  return new ScanFailure(`Its process was ended by ${by}${place}${remedy}`);
}
