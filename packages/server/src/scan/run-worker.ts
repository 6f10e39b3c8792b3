import { homedir } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ScanFailure } from './scan-failure.ts';

/** What a worker says. */
export type WorkerMessage<Result, Progress> =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'result'; result: Result }
  | { kind: 'failed'; reason: string };

export interface WorkerOptions<Progress> {
  signal: AbortSignal;
  deadlineMs: number;
  onProgress?: (progress: Progress) => void;
}

/** Of the worker's JavaScript; what parsers have outside of it is small. */
const memoryMb = 512;

/**
 * Looks through files in a thread of its own, so that requests are answered meanwhile.
 * @param name of the worker's file, without its extension
 * @throws ScanFailure, or the signal's reason
 */
export async function runWorker<Result, Progress = never>(
  name: 'scan-worker' | 'zenith-worker' | 'files-worker',
  workerData: unknown,
  { signal, deadlineMs, onProgress }: WorkerOptions<Progress>,
): Promise<Result> {
  signal.throwIfAborted();
  const file = new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url);
  const worker = new Worker(file, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    // Nothing else of the server's environment, where secrets are.
    env: { HOME: homedir() },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const timer = setTimeout(() => {
    const seconds = Math.round(deadlineMs / 1000);
    reject(new ScanFailure(`It took longer than ${seconds} seconds. ${advice}`));
  }, deadlineMs);
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  worker.on('message', (message: WorkerMessage<Result, Progress>) => {
    if (message.kind === 'progress') onProgress?.(message.progress);
    else if (message.kind === 'result') resolve(message.result);
    else reject(new ScanFailure(message.reason));
  });
  worker.once('error', (error) => reject(failureOf(error)));
  worker.once('exit', () => reject(new ScanFailure('It ended without a result')));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

const advice = 'Leave large generated folders out with .gitignore';

function failureOf(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new ScanFailure(`It needed more than ${memoryMb} MB of memory. ${advice}`);
  }
  return error instanceof Error ? error : new Error(String(error));
}
