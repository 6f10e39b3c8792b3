import { setTimeout as wait } from 'node:timers/promises';
import type { AnyEvent } from '@borgos/contracts/events';
import type { BaseLogger } from 'pino';
import type { AppOutput } from '../../deployments/deployments.ts';
import type { EventFeed } from '../../events/feed.ts';
import type { ErrorLog } from '../error-log.ts';
import { createCrashHistory } from './crash-history.ts';
import { endOfOutput } from './end-of-output.ts';
import { type CrashEvent, errorOfCrash, errorOfStatus } from './event-errors.ts';
import { foundInOutput } from './finding-log.ts';
import type { OutputWatch } from './output-watch.ts';
import { isOfNothing, isPassing } from './passing.ts';

export interface CrashWatch {
  start(): void;
  close(): Promise<void>;
}

const types = ['deployment_crashed', 'deployment_status'] as const;
/** What a killed BorgOS has not come to is at the end of what is kept. */
const readAgain = { ms: 24 * 3_600_000, events: 10_000 };
/** How many are looked at side by side. */
const pageSize = 20;
const retryMs = 5_000;
const mostLines = 15;
/** How long after a crash its cause is found. */
const foundWithinMs = 10_000;
/** How long the cause is waited for, and how often it is looked for meanwhile. */
const printedWithinMs = 3_000;
/** The same while there is output that was not read yet. */
const readWithinMs = 30_000;
const lookMs = 500;

/** Logs crashes whose cause was not printed, and deployments that do not come to run. */
export function createCrashWatch({
  errorLog,
  output,
  outputWatch,
  feed,
  log,
  now,
}: {
  errorLog: Pick<ErrorLog, 'log' | 'list'>;
  output: Pick<AppOutput, 'log' | 'redact'>;
  outputWatch: Pick<OutputWatch, 'catchUp'>;
  feed: Pick<EventFeed, 'subscribe' | 'read' | 'lastSeq'>;
  log: Pick<BaseLogger, 'warn' | 'error'>;
  now: () => Date;
}): CrashWatch {
  const closing = new AbortController();
  const history = createCrashHistory();
  let cursor = 0;
  /** Of the newest event: the feed itself says so only when all its listeners have it. */
  let newest = 0;
  let startedAt = 0;
  let working: Promise<void> | undefined;
  let again = false;
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  let endFeed: (() => void) | undefined;

  async function handle(event: AnyEvent): Promise<void> {
    const sourceId = `event:${event.seq}`;
    if (Date.parse(event.timestamp) < startedAt - readAgain.ms) return;
    try {
      if (event.type === 'deployment_crashed') await handleCrash(event, sourceId);
      if (event.type !== 'deployment_status') return;
      const error = errorOfStatus(event);
      if (error) await errorLog.log([error], { sourceId });
    } catch (error) {
      if (closing.signal.aborted || isPassing(error)) throw error;
      if (isOfNothing(error)) return;
      log.error({ err: error, seq: event.seq }, 'an event could not be logged as an error');
    }
  }

  async function handleCrash(event: CrashEvent, sourceId: string): Promise<void> {
    const { id, out_of_memory } = event.data;
    // Before anything is waited for, as it goes by the order of events.
    const since = history.causeSince(event);
    if (!out_of_memory && (await hasCause(event, since))) return;
    const error = errorOfCrash(event);
    const redact = (text: string) => output.redact(id, text);
    const end = await endOfOutput(output.log(id), mostLines, redact);
    await errorLog.log([{ ...error, context: { ...error.context, output: end } }], { sourceId });
  }

  /** Whether what ended the app was found in its output, and so is logged. */
  async function hasCause({ data: { id }, timestamp }: CrashEvent, since: number) {
    const at = Date.parse(timestamp);
    const from = Math.max(at, startedAt);
    for (;;) {
      const isRead = await outputWatch.catchUp(id, printedWithinMs);
      const { items } = await errorLog.list({
        deployment_id: id,
        severity: ['critical'],
        since: new Date(since).toISOString(),
        until: new Date(at + foundWithinMs).toISOString(),
        limit: 100,
      });
      if (items.some(({ context }) => context.source === foundInOutput)) return true;
      if (now().getTime() >= from + (isRead ? printedWithinMs : readWithinMs)) return false;
      await wait(lookMs, undefined, { signal: closing.signal });
    }
  }

  async function readOn(): Promise<void> {
    while (!closing.signal.aborted) {
      const upTo = newest;
      const events = await feed.read({ after: cursor, upTo, types, limit: pageSize });
      const outcomes = await Promise.allSettled(events.map(handle));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
      const isLast = events.length < pageSize;
      cursor = isLast ? Math.max(cursor, upTo) : (events.at(-1)?.seq ?? cursor);
      if (isLast) return;
    }
  }

  async function work(): Promise<void> {
    try {
      while (again && !closing.signal.aborted) {
        again = false;
        await readOn();
        isAway = false;
      }
    } catch (error) {
      if (closing.signal.aborted) return;
      if (!isAway) log.warn({ err: error }, 'events could not be logged as errors; trying again');
      isAway = true;
      again = false;
      timer = setTimeout(wake, retryMs).unref();
    }
  }

  /** One at a time: what comes meanwhile makes it read once more. */
  function wake(): void {
    again = true;
    if (closing.signal.aborted) return;
    clearTimeout(timer);
    working ??= work().finally(() => {
      working = undefined;
      // What came in after the last look, while this was ending.
      if (again) wake();
    });
  }

  return {
    start() {
      startedAt = now().getTime();
      newest = feed.lastSeq;
      cursor = Math.max(0, newest - readAgain.events);
      endFeed = feed.subscribe(({ type, seq }) => {
        if (!types.some((known) => known === type)) return;
        newest = seq;
        wake();
      }, newest);
      wake();
    },
    async close() {
      endFeed?.();
      clearTimeout(timer);
      closing.abort(new Error('BorgOS is closing'));
      await working;
    },
  };
}
