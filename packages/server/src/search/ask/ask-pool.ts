import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AskAnswer, AskRequest } from './ask-request.ts';

export interface AskPool {
  /**
   * Asks one of the threads, when one is free.
   * @throws AskTimeout when it takes longer than it may; the signal's reason when it is aborted
   */
  ask(request: AskRequest, options: { signal: AbortSignal; timeoutMs: number }): Promise<AskAnswer>;
  close(): Promise<void>;
}

/** A thread was ended, as its answer did not come in time. */
export class AskTimeout extends Error {
  override name = 'AskTimeout';
}

interface Job {
  request: AskRequest;
  timeoutMs: number;
  resolve(answer: AskAnswer): void;
  reject(error: unknown): void;
}

/** Of each thread's JavaScript. SQLite has its own 8 MB for each index that is open. */
const memoryMb = 128;
/** For what dies at once, as the texts of files: the larger, the later they are given back. */
const youngMb = 12;
/** Threads end when nobody has asked for this long. */
const idleMs = 60_000;

/** Threads that answer questions, started when they are needed. */
export function createAskPool({ size }: { size: number }): AskPool {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let idleTimer: NodeJS.Timeout | undefined;
  let closed = false;

  function next(): void {
    if (waiting.length === 0) {
      clearTimeout(idleTimer);
      idleTimer = setTimeout(endIdle, idleMs).unref();
      return;
    }
    const worker = idle.pop() ?? (all.size < size ? start() : undefined);
    const job = worker && waiting.shift();
    if (worker && job) run(worker, job);
  }

  function start(): Worker {
    const file = new URL(`./ask-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(file, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: youngMb },
      // Nothing of the server's environment, where secrets are.
      env: {},
    });
    worker.unref();
    all.add(worker);
    return worker;
  }

  function run(worker: Worker, job: Job): void {
    const timer = setTimeout(() => {
      end(new AskTimeout(`it took longer than ${job.timeoutMs} ms`));
    }, job.timeoutMs);
    const onMessage = (answer: AskAnswer) => {
      stopListening();
      idle.push(worker);
      job.resolve(answer);
      next();
    };
    const onError = (error: unknown) => end(error);
    const onExit = () => end(new Error('a thread that searches has ended'));
    function stopListening(): void {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    }
    /** The thread is of no use any more; another one takes its place. */
    function end(error: unknown): void {
      stopListening();
      all.delete(worker);
      // What it may still say is heard by nobody, and must not end the process.
      worker.on('error', () => {});
      void worker.terminate();
      job.reject(error);
      next();
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(job.request);
  }

  function endIdle(): void {
    for (const worker of idle.splice(0)) {
      all.delete(worker);
      void worker.terminate();
    }
  }

  return {
    async ask(request, { signal, timeoutMs }) {
      signal.throwIfAborted();
      if (closed) throw new Error('the search is closed');
      const { promise, resolve, reject } = Promise.withResolvers<AskAnswer>();
      const job: Job = { request, timeoutMs, resolve, reject };
      // Who hangs up while it waits is not answered; what runs already is let run.
      const onAbort = () => {
        const at = waiting.indexOf(job);
        if (at >= 0) waiting.splice(at, 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiting.push(job);
      next();
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      closed = true;
      clearTimeout(idleTimer);
      for (const job of waiting.splice(0)) job.reject(new Error('the search is closed'));
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
