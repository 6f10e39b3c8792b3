import type { ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { childMemoryMb, endChild, keepOutput, startChild } from '../../start-child.ts';
import type { IndexProgress, IndexRequest, IndexResult } from './update-index.ts';

export type IndexMessage =
  | { kind: 'progress'; progress: IndexProgress }
  | { kind: 'result'; result: IndexResult }
  | { kind: 'failed'; reason: string; details: string };

export interface IndexProcess {
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

/** A project that takes longer goes on where it was the next time. */
const deadlineMs = 30 * 60_000;
const idleMs = 30_000;

/** The one process that writes indexes, started when there is something to do. */
export function createIndexProcess(): IndexProcess {
  let child: ChildProcess | undefined;
  let printed = () => '';
  let idleTimer: NodeJS.Timeout | undefined;

  async function end(): Promise<void> {
    clearTimeout(idleTimer);
    const ended = child;
    child = undefined;
    if (ended) await endChild(ended);
  }

  function start(): ChildProcess {
    const file = new URL(`./index-child${extname(import.meta.filename)}`, import.meta.url);
    const started = startChild(file);
    printed = keepOutput(started);
    started
      // Heard by who asks it something; while nobody does, it must not end the server.
      .on('error', () => {})
      .on('close', () => {
        if (child === started) child = undefined;
      });
    return started;
  }

  return {
    async run(request, options) {
      const waited = child;
      let isHeard = false;
      const onProgress = (progress: IndexProgress) => {
        isHeard = true;
        options.onProgress(progress);
      };
      try {
        return await ask(request, { ...options, onProgress });
      } catch (error) {
        // It had ended while it waited, which is known only now.
        const hadEnded = waited !== undefined && !isHeard && error instanceof Gone;
        if (!hadEnded) throw error;
        return ask(request, options);
      }
    },
    close: end,
  };

  async function ask(
    request: IndexRequest,
    { signal, onProgress }: Parameters<IndexProcess['run']>[1],
  ): Promise<IndexResult> {
    signal.throwIfAborted();
    clearTimeout(idleTimer);
    child ??= start();
    const running = child;
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
    const onError = (error: Error) => {
      reject(new IndexFailure(`its process could not be started: ${error.message}`));
    };
    const onClose = (code: number | null, killedBy: string | null) => {
      reject(crashOf(killedBy ?? code, printed()));
    };
    const onMessage = (message: IndexMessage) => {
      if (message.kind === 'progress') onProgress(message.progress);
      else if (message.kind === 'result') resolve(message.result);
      else reject(new IndexFailure(message.reason, { cause: message.details }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    running.on('message', onMessage).on('error', onError).on('close', onClose);
    running.send(request, (error) => {
      if (error) reject(new Gone(`its process does not listen: ${error.message}`));
    });
    try {
      return await promise;
    } catch (error) {
      // It may be at work still, or in a state that nobody knows.
      await end();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      running.off('message', onMessage).off('error', onError).off('close', onClose);
      idleTimer = setTimeout(() => void end(), idleMs).unref();
    }
  }
}

/** Its process is not there, or no more. */
class Gone extends IndexFailure {}

function crashOf(by: string | number | null, printed: string): Error {
  if (/heap out of memory/.test(printed)) {
    return new IndexFailure(
      `it needed more than ${childMemoryMb} MB of memory. Leave large generated folders out with .gitignore`,
    );
  }
  if (typeof by === 'string') return new Gone(`its process was ended by ${by}`);
  return new Error(`The process of indexes ended with code ${by}: ${printed}`);
}
