import { flushCompileCache } from 'node:module';
import { liveAsChild } from '../../live-as-child.ts';
import { reasonOf } from '../../scan/walk/read-regular-file.ts';
import type { IndexMessage } from './index-process.ts';
import { errorCode } from './schema.ts';
import { type IndexProgress, type IndexRequest, updateIndex } from './update-index.ts';

const post = (message: IndexMessage) => void process.send?.(message);
const signal = liveAsChild();

process.on('message', (request: IndexRequest) => {
  try {
    const onProgress = (progress: IndexProgress) => post({ kind: 'progress', progress });
    post({ kind: 'result', result: updateIndex(request, { onProgress, signal }) });
  } catch (error) {
    post({ kind: 'failed', reason: explain(error), details: String(error) });
  }
  flushCompileCache();
});

/** By what SQLite calls its errors, without the part that says where. */
const reasons: Record<number, string> = {
  8: 'the index may not be written: it, or its folder in BORGOS_HOME, is read-only',
  10: 'the disk failed to read or write the index',
  13: 'the disk with BORGOS_HOME is full',
  14: 'the index cannot be opened in BORGOS_HOME: look at the rights of its folder "indexes"',
  5: 'another program holds the index',
};

function explain(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined) return reasons[code & 0xff] ?? `SQLite says: ${String(error)}`;
  return `the index cannot be written: ${reasonOf(error)}`;
}
