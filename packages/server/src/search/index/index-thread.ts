import { homedir } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { IndexProgress, IndexRequest, IndexResult } from './update-index.ts';

export type IndexMessage =
  | { kind: 'progress'; progress: IndexProgress }
  | { kind: 'result'; result: IndexResult }
  | { kind: 'failed'; reason: string; error: unknown };

export interface IndexThread {
  /** Makes an index true to its project's files: one at a time. @throws IndexFailure, or the signal's reason */
  run(
    request: IndexRequest,
    options: { signal: AbortSignal; onProgress: (progress: IndexProgress) => void },
  ): Promise<IndexResult>;
  close(): Promise<void>;
}

/** Why an index could not be made, in words for people. */
export class IndexFailure extends Error {
  override name = 'IndexFailure';
}

/** Of the thread's JavaScript; SQLite has 16 MB and what is not written yet. */
const memoryMb = 320;
/** A project that takes longer goes on where it was the next time. */
const deadlineMs = 30 * 60_000;
const idleMs = 30_000;

/** The one thread that writes indexes, started when there is something to do. */
export function createIndexThread(): IndexThread {
  let worker: Worker | undefined;
  let idleTimer: NodeJS.Timeout | undefined;

  async function end(): Promise<void> {
    clearTimeout(idleTimer);
    const ended = worker;
    worker = undefined;
    // What it may still say is heard by nobody, and must not end the process.
    ended?.on('error', () => {});
    await ended?.terminate();
  }

  function start(): Worker {
    const file = new URL(`./index-worker${extname(import.meta.filename)}`, import.meta.url);
    const started = new Worker(file, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // Nothing else of the server's environment, where secrets are.
      env: { HOME: homedir() },
    });
    started.unref();
    return started;
  }

  return {
    async run(request, { signal, onProgress }) {
      signal.throwIfAborted();
      clearTimeout(idleTimer);
      worker ??= start();
      const running = worker;
      const { promise, resolve, reject } = Promise.withResolvers<IndexResult>();
      const timer = setTimeout(
        () =>
          reject(
            new IndexFailure(
              `it took longer than ${deadlineMs / 60_000} minutes; it goes on from there`,
            ),
          ),
        deadlineMs,
      );
      const onAbort = () => reject(signal.reason);
      const onError = (error: unknown) => reject(failureOf(error));
      const onExit = () => reject(new IndexFailure('it ended without a result'));
      const onMessage = (message: IndexMessage) => {
        if (message.kind === 'progress') onProgress(message.progress);
        else if (message.kind === 'result') resolve(message.result);
        else reject(new IndexFailure(message.reason, { cause: message.error }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      running.on('message', onMessage).on('error', onError).on('exit', onExit);
      running.postMessage(request);
      try {
        return await promise;
      } catch (error) {
        // It may be at work still, or in a state that nobody knows.
        await end();
        throw error;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        running.off('message', onMessage).off('error', onError).off('exit', onExit);
        idleTimer = setTimeout(() => void end(), idleMs).unref();
      }
    },
    close: end,
  };
}

function failureOf(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new IndexFailure(
      `it needed more than ${memoryMb} MB of memory. Leave large generated folders out with .gitignore`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
