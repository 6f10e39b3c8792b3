import type { BaseLogger } from 'pino';
import type { AppOutput } from '../../deployments/deployments.ts';
import type { EventFeed } from '../../events/feed.ts';
import { createInTurn } from '../../in-turn.ts';
import type { ErrorLog } from '../error-log.ts';
import { createFindingLog, type Source } from './finding-log.ts';
import { type FollowedOutput, followOutput, type Look } from './followed-output.ts';
import { isPassing } from './passing.ts';

export interface OutputWatch {
  start(): void;
  /**
   * Reads at once what a deployment has printed so far, and takes it as ended.
   * @param withinMs after that the rest is left for the looks to come
   * @returns whether all was read
   * @throws when the database cannot be reached
   */
  catchUp(deploymentId: number, withinMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const lookMs = 1_000;
/** Until what was too much for one look is read on. */
const readOnMs = 100;
/**
 * Apps that print without end leave BorgOS its processor: of that, reading takes at most a fifth, and
 * logging at most half.
 */
const rest = { ofReading: 4, ofLogging: 1 };
const retryMs = 5_000;
const listMs = 5_000;
const never = Number.NEGATIVE_INFINITY;

interface Followed extends FollowedOutput {
  /** Whether it was told that it cannot be read. */
  isFailing: boolean;
}

/** Looks every second whether apps have printed errors, and logs these. */
export function createOutputWatch(options: {
  errorLog: Pick<ErrorLog, 'log' | 'findPosition'>;
  output: AppOutput;
  feed: Pick<EventFeed, 'subscribe'>;
  log: Pick<BaseLogger, 'warn' | 'error'>;
  now: () => Date;
}): OutputWatch {
  const { errorLog, output, feed, log } = options;
  const logFindings = createFindingLog(options);
  const followed = new Map<number, Followed>();
  const inTurn = createInTurn();
  const closing = new AbortController();
  let listedAt = never;
  let isAway = false;
  let timer: NodeJS.Timeout | undefined;
  let endFeed: (() => void) | undefined;

  function follow(source: Source): Followed {
    const follower = followOutput({
      log: output.log(source.id),
      findPosition: () => errorLog.findPosition(source.id),
      report: (findings, from) => logFindings(source, findings, from),
    });
    return { ...follower, isFailing: false };
  }

  async function listSources(): Promise<void> {
    const at = performance.now();
    if (at - listedAt < listMs) return;
    // Before it is read: what happens meanwhile is a reason to read it once more.
    listedAt = at;
    const listed = await output.listSources().catch((error) => {
      listedAt = never;
      throw error;
    });
    const sources = new Map(listed.map((source) => [source.id, source]));
    for (const id of followed.keys()) if (!sources.has(id)) followed.delete(id);
    for (const [id, source] of sources) {
      if (!followed.has(id)) followed.set(id, follow(source));
    }
  }

  /** What fails for one must not keep the others from being read. */
  async function lookAt(id: number, follower: Followed): Promise<Look> {
    try {
      const look = await follower.look(closing.signal);
      follower.isFailing = false;
      return look;
    } catch (error) {
      if (isPassing(error)) throw error;
      if (!follower.isFailing) {
        log.warn({ err: error, deployment: id }, 'what an app prints could not be read');
      }
      follower.isFailing = true;
      return { hasMore: false, busyMs: 0 };
    }
  }

  /** Returns after how many milliseconds the next one is to begin. */
  async function lookAtAll(): Promise<number> {
    const began = performance.now();
    const all = { hasMore: false, busyMs: 0 };
    try {
      await listSources();
      for (const [id, follower] of followed) {
        if (closing.signal.aborted) return 0;
        const look = await lookAt(id, follower);
        all.hasMore ||= look.hasMore;
        all.busyMs += look.busyMs;
      }
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, 'what apps print could not be looked through');
      isAway = true;
      return retryMs;
    }
    const loggingMs = performance.now() - began - all.busyMs;
    const restMs = all.busyMs * rest.ofReading + loggingMs * rest.ofLogging;
    return Math.max(all.hasMore ? readOnMs : lookMs, restMs);
  }

  function lookAfter(ms: number): void {
    if (closing.signal.aborted) return;
    timer = setTimeout(() => {
      inTurn(lookAtAll, closing.signal).then(lookAfter, () => {});
    }, ms).unref();
  }

  async function readAll(id: number, untilMs: number): Promise<boolean> {
    if (!followed.has(id)) listedAt = never;
    await listSources();
    const follower = followed.get(id);
    if (!follower) return true;
    while (!closing.signal.aborted && performance.now() < untilMs) {
      const { hasMore } = await lookAt(id, follower);
      if (hasMore) continue;
      await follower.flush();
      return true;
    }
    return false;
  }

  return {
    start() {
      endFeed = feed.subscribe(({ type }) => {
        if (type.startsWith('deployment_')) listedAt = never;
      });
      lookAfter(0);
    },
    catchUp(id, withinMs) {
      const until = performance.now() + withinMs;
      return inTurn(() => readAll(id, until), closing.signal);
    },
    async close() {
      endFeed?.();
      clearTimeout(timer);
      closing.abort(new Error('BorgOS is closing'));
      // Behind what is read now: it ends with what it has in hand.
      await inTurn(async () => {}, new AbortController().signal);
      followed.clear();
    },
  };
}
