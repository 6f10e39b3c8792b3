import type { IncomingHttpHeaders } from 'node:http';
import type { Agent, Dispatcher } from 'undici';
import { failureSentence, lateSentence } from './failure-sentence.ts';

export interface Exchange {
  origin: string;
  /** With the query. */
  path: string;
  /** Names and values in turn. */
  headers: string[];
  body: string;
  timeoutMs: number;
}

/** What came back; with a `problem`, only as far as it came. */
export interface Answer {
  status: number | null;
  headers: IncomingHttpHeaders;
  /** Its first 4 KB. */
  body: Buffer | null;
  problem: string | null;
}

const keptBytes = 4_096;
const mostBytes = 65_536;
/** Such as 103 Early Hints, of which a receiver could send any number. */
const mostInterim = 8;

/**
 * Posts once and reads what is answered. All of it, from the lookup of the name to the last byte,
 * ends within `timeoutMs`. After 64 KB the rest is not read: who sends more has answered.
 * @throws the signal's reason
 */
export function exchange(agent: Agent, sent: Exchange, signal: AbortSignal): Promise<Answer> {
  const { timeoutMs, ...request } = sent;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let status: number | null = null;
    let headers: IncomingHttpHeaders = {};
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;
    const kept: Buffer[] = [];
    let read = 0;
    let interim = 0;

    const end = () => {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
    };
    const finish = (problem: string | null) => {
      if (isOver) return;
      end();
      const body = kept.length === 1 ? kept[0] : Buffer.concat(kept);
      resolve({ status, headers, body: body ?? null, problem });
    };
    /** Nothing more is read: its connection is closed. */
    const breakOff = (problem: string | null) => {
      finish(problem);
      controller?.abort(new Error('the rest is not read'));
    };
    const interrupt = () => {
      end();
      reject(signal.reason);
      controller?.abort(new Error('it was interrupted'));
    };
    const timer = setTimeout(() => breakOff(lateSentence(timeoutMs, status)), timeoutMs);
    signal.addEventListener('abort', interrupt);

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(given) {
        controller = given;
        // It waited for a connection for longer than anyone waits for it.
        if (isOver) given.abort(new Error('nobody waits for it'));
      },
      onResponseStart(_controller, statusCode, given) {
        if (statusCode >= 200) {
          status = statusCode;
          headers = given;
          return;
        }
        interim += 1;
        if (interim > mostInterim) {
          breakOff(`The receiver answered ${statusCode} more than ${mostInterim} times`);
        }
      },
      onResponseData(_controller, chunk) {
        if (isOver) return;
        // Copied, as a piece would hold all of what was read with it.
        if (read < keptBytes) kept.push(Buffer.from(chunk.subarray(0, keptBytes - read)));
        read += chunk.length;
        if (read >= mostBytes) breakOff(null);
      },
      onResponseEnd: () => finish(null),
      onResponseError: (_controller, error) => finish(failureSentence(error, status)),
    };
    agent.dispatch({ ...request, method: 'POST' }, handler);
  });
}
