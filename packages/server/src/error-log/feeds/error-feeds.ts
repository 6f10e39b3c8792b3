import type { BaseLogger } from 'pino';
import type { AppOutput } from '../../deployments/deployments.ts';
import type { EventFeed } from '../../events/feed.ts';
import type { ErrorLog } from '../error-log.ts';
import { createCrashWatch } from './crash-watch.ts';
import { createOutputWatch } from './output-watch.ts';

export interface ErrorFeeds {
  /** Goes on from where an earlier life ended. */
  start(): void;
  /** What is not logged yet is found again after the next start. */
  close(): Promise<void>;
}

export interface ErrorFeedsOptions {
  errorLog: Pick<ErrorLog, 'log' | 'list' | 'findPosition'>;
  output: AppOutput;
  feed: Pick<EventFeed, 'subscribe' | 'read' | 'lastSeq'>;
  log: Pick<BaseLogger, 'warn' | 'error'>;
  now?: () => Date;
}

/** Logs what goes wrong in deployments: what they print, how they end, and releases that fail. */
export function createErrorFeeds({
  now = () => new Date(),
  ...options
}: ErrorFeedsOptions): ErrorFeeds {
  const outputWatch = createOutputWatch({ ...options, now });
  const crashWatch = createCrashWatch({ ...options, outputWatch, now });
  return {
    start() {
      outputWatch.start();
      crashWatch.start();
    },
    async close() {
      await crashWatch.close();
      await outputWatch.close();
    },
  };
}
