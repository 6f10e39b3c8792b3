import { extname } from 'node:path';
import { childMemoryMb, endChild, keepOutput, startChild } from '../start-child.ts';
import type { ChildMessage } from './child-message.ts';
import { ScanFailure } from './scan-failure.ts';

export interface ChildOptions<Progress> {
  signal: AbortSignal;
  deadlineMs: number;
  onProgress?: (progress: Progress) => void;
  /** Where it was when it crashed, as `while it looked at …`; `undefined`: nobody knows. */
  whereAtCrash?: () => string | undefined;
}

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
  const child = startChild(new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url));
  const lastOutput = keepOutput(child);
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
    await endChild(child);
  }
}

const advice = 'Leave large generated folders out with .gitignore';

function append(lists: Record<string, unknown[]>, name: string, items: readonly unknown[]): void {
  lists[name] ??= [];
  for (const item of items) lists[name].push(item);
}

function crashOf(by: string | number | null, output: string, where: string | undefined): Error {
  const place = where ? ` ${where}` : '';
  if (/heap out of memory/.test(output)) {
    return new ScanFailure(`It needed more than ${childMemoryMb} MB of memory${place}. ${advice}`);
  }
  if (typeof by !== 'string') return new Error(`Its process ended with code ${by}: ${output}`);
  const remedy = where ? '. If it happens again, leave that file out with .gitignore' : '';
  return new ScanFailure(`Its process was ended by ${by}${place}${remedy}`);
}
