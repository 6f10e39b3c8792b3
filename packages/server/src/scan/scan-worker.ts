import { parentPort, workerData } from 'node:worker_threads';
import { readProject } from './read-project.ts';
import type { WorkerMessage } from './run-worker.ts';
import { ScanFailure } from './scan-failure.ts';
import type { ScanProgress, ScanRequest, ScanResult } from './scan-result.ts';

// A thread of its own, as reading and parsing thousands of files would hold up all requests.
const request: ScanRequest = workerData;
const post = (message: WorkerMessage<ScanResult, ScanProgress>) => parentPort?.postMessage(message);

try {
  const onProgress = (progress: ScanProgress) => post({ kind: 'progress', progress });
  post({ kind: 'result', result: await readProject(request, onProgress) });
} catch (error) {
  if (!(error instanceof ScanFailure)) throw error;
  post({ kind: 'failed', reason: error.message });
}
