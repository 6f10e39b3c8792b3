import { parentPort, workerData } from 'node:worker_threads';
import { type AskedFile, createChunkReader, type FileAnswer } from './chunk-reader.ts';
import { openPlace } from './places-file.ts';
import { ScanFailure } from './scan-failure.ts';

export interface ReaderOptions {
  /** Of the project. */
  directory: string;
  placesFile: string;
  /** Which of the places is this thread's. */
  slot: number;
}

export type ReaderMessage = { answers: FileAnswer[] } | { failed: string };

const { directory, placesFile, slot }: ReaderOptions = workerData;
const place = openPlace(placesFile, slot);
const reader = createChunkReader(directory, place.note);
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (asked: AskedFile[]) => {
  last = last.then(() => answer(asked));
});

async function answer(asked: AskedFile[]): Promise<void> {
  try {
    post({ answers: await reader.read(asked) });
  } catch (error) {
    if (!(error instanceof ScanFailure)) throw error;
    post({ failed: error.message });
  }
}

function post(message: ReaderMessage): void {
  parentPort?.postMessage(message);
}
