import { flushCompileCache } from 'node:module';
import { liveAsChild } from '../live-as-child.ts';
import type { ChildMessage } from './child-message.ts';
import { ScanFailure } from './scan-failure.ts';

/** Of a list that is sent at once: reading a message must not hold up the server. */
const mostItems = 1_000;

/** `signal` says whether the server is gone, also to what never waits and so hears no event. */
type Work<Request, Result, Progress> = (
  request: Request,
  onProgress: (progress: Progress) => void,
  signal: { readonly aborted: boolean },
) => Promise<Result>;

/**
 * The side of the child of `runChild`: does the work that it is asked for once, and waits for its end,
 * which comes from the server, or with the server.
 */
export function answerParent<Request, Result extends object, Progress = never>(
  work: Work<Request, Result, Progress>,
): void {
  const signal = liveAsChild();
  process.once('message', (request: Request) => {
    void answer(work, request, signal).then(flushCompileCache);
  });
}

async function answer<Request, Result extends object, Progress>(
  work: Work<Request, Result, Progress>,
  request: Request,
  signal: { readonly aborted: boolean },
): Promise<void> {
  try {
    const tell = (progress: Progress) => void send({ kind: 'progress', progress });
    const result = await work(request, tell, signal);
    await send({ kind: 'result', result: await sendLongLists(result) });
  } catch (error) {
    if (error instanceof ScanFailure) await send({ kind: 'failed', reason: error.message });
    else
      await send({ kind: 'broken', stack: String(error instanceof Error ? error.stack : error) });
  }
}

/** Returns what is left to send. */
async function sendLongLists(result: object): Promise<object> {
  const rest: [string, unknown][] = [];
  for (const [list, value] of Object.entries(result)) {
    if (!Array.isArray(value) || value.length <= mostItems) {
      rest.push([list, value]);
      continue;
    }
    for (let from = 0; from < value.length; from += mostItems) {
      await send({ kind: 'items', list, items: value.slice(from, from + mostItems) });
    }
  }
  return Object.fromEntries(rest);
}

/** Resolves when it is on its way, also if the server is gone: then this process ends, too. */
function send(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}
