import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AskedFile, FileAnswer } from './chunk-reader.ts';
import type { ReaderMessage, ReaderOptions } from './reader-thread.ts';
import { ScanFailure } from './scan-failure.ts';

const chunkFiles = 32;
/** Chunks that a thread has: while it reads one, the next is on its way. */
const chunksAhead = 2;
/**
 * Two threads read as many files: fewer are read by one before the other has come up, and with what is
 * kept of more, the parsers of a second one are too much for a small machine.
 */
const filesForTwo = { least: 600, most: 20_000 };
const memoryMb = 512;

/**
 * Reads files in threads, so that this one hears when it is to end, whatever a parser is at.
 * @param onAnswer called for each file, in any order
 * @throws ScanFailure
 */
export async function readWithThreads(
  asked: readonly AskedFile[],
  { directory, placesFile }: Omit<ReaderOptions, 'slot'>,
  onAnswer: (asked: AskedFile, answer: FileAnswer) => void,
): Promise<void> {
  if (asked.length === 0) return;
  const { least, most } = filesForTwo;
  const areTwo = asked.length >= least && asked.length <= most && availableParallelism() > 1;
  const workers: Worker[] = [];
  let next = 0;

  function run(slot: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const file = new URL(`./reader-thread${extname(import.meta.filename)}`, import.meta.url);
    const options: ReaderOptions = { directory, placesFile, slot };
    const worker = new Worker(file, {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    workers.push(worker);
    const waiting: AskedFile[][] = [];
    const ask = () => {
      const chunk = asked.slice(next, next + chunkFiles);
      next += chunk.length;
      if (chunk.length > 0) {
        waiting.push(chunk);
        worker.postMessage(chunk);
      } else if (waiting.length === 0) {
        resolve();
      }
    };
    worker.on('message', (message: ReaderMessage) => {
      if ('failed' in message) {
        reject(new ScanFailure(message.failed));
        return;
      }
      const chunk = waiting.shift() ?? [];
      for (const [index, answer] of message.answers.entries()) {
        const file = chunk[index];
        if (file) onAnswer(file, answer);
      }
      ask();
    });
    worker.once('error', (error) => reject(failureOf(error)));
    worker.once('exit', () => reject(new Error('a thread that reads files ended by itself')));
    for (let ahead = 0; ahead < chunksAhead; ahead += 1) ask();
    return promise;
  }

  try {
    await Promise.all(Array.from({ length: areTwo ? 2 : 1 }, (_, slot) => run(slot)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function failureOf(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new ScanFailure(
      `It needed more than ${memoryMb} MB of memory. Leave large generated folders out with .gitignore`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
