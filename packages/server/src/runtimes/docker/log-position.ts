import { z } from 'zod';
import type { LogMessage } from './log-frames.ts';

const sourcePosition = z.object({ at: z.string(), count: z.int() });

/**
 * How far a container's output was copied: for each source the time of its last message, and how
 * many of that time there were. The sources have their own, because only within one are the
 * messages in the order of their times.
 */
export const logPosition = z.object({
  stdout: sourcePosition.optional(),
  stderr: sourcePosition.optional(),
});

export type LogPosition = z.infer<typeof logPosition>;

/** By how much a message may come later than one of the other source that was printed after it. */
const skewSeconds = 10;

/** From when, in Unix seconds, the engine must repeat messages for none to be missed. */
export function repeatFrom(position: LogPosition): number {
  const times = [position.stdout?.at, position.stderr?.at].filter((at) => at !== undefined);
  const newest = times.sort().at(-1);
  if (newest === undefined) return 0;
  return Math.max(0, Math.floor(Date.parse(`${newest.slice(0, 19)}Z`) / 1000) - skewSeconds);
}

/** A position further in the future than this was taken before the clock was set back. */
const futureMs = 2_000;

/** Goes through one answer of the engine: which of its messages are new, and the position then. */
export interface LogCursor {
  /** Whether the message is new; if so, the position is after it. */
  take(message: LogMessage): boolean;
  readonly position: LogPosition;
}

/**
 * Knows a repeated message by its time: within a source time only goes on. Not only the start of an
 * answer repeats some: engines also do when they rotate a log that is being followed.
 */
export function createLogCursor(start: LogPosition, now: () => number = Date.now): LogCursor {
  const position: LogPosition = { ...start };
  /** How many messages of the position's time were repeated; `null`: nothing is, right now. */
  const repeated: Record<LogMessage['source'], number | null> = { stdout: 0, stderr: 0 };

  function isRepeated({ source, at }: LogMessage): boolean {
    const last = position[source];
    if (last === undefined || at > last.at) return false;
    if (at < last.at) {
      if (Date.parse(`${last.at.slice(0, 23)}Z`) > now() + futureMs) return false;
      repeated[source] = 0;
      return true;
    }
    const count = repeated[source];
    if (count === null || count >= last.count) return false;
    repeated[source] = count + 1;
    return true;
  }

  return {
    position,
    take(message) {
      if (isRepeated(message)) return false;
      const { source, at } = message;
      repeated[source] = null;
      const last = position[source];
      position[source] = { at, count: last?.at === at ? last.count + 1 : 1 };
      return true;
    },
  };
}
