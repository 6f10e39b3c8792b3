import { advance, type LogPosition } from '../../app-log/log-position.ts';
import type { LogMessage } from './log-frames.ts';

/** By how much a message may come later than one of the other stream that was printed after it. */
const skewSeconds = 10;

/** From when, in Unix seconds, the engine must repeat messages for none to be missed. */
export function repeatFrom(position: LogPosition): number {
  const times = [position.stdout?.at, position.stderr?.at].filter((at) => at !== undefined);
  const newest = times.sort().at(-1);
  if (newest === undefined) return 0;
  return Math.max(0, Number(newest.slice(0, 10)) - skewSeconds);
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
 * Knows a repeated message by its time: within a stream time only goes on. Not only the start of an
 * answer repeats some: engines also do when they rotate a log that is being followed. The streams
 * have their own positions, because only within one are the messages in the order of their times.
 */
export function createLogCursor(start: LogPosition, now: () => number = Date.now): LogCursor {
  const position: LogPosition = structuredClone(start);
  /** How many messages of the position's time were repeated; `null`: nothing is, right now. */
  const repeated: Record<LogMessage['stream'], number | null> = { stdout: 0, stderr: 0 };

  function isRepeated({ stream, at }: LogMessage): boolean {
    const last = position[stream];
    if (last === undefined || at > last.at) return false;
    if (at < last.at) {
      if (Number(last.at.slice(0, 13)) > now() + futureMs) return false;
      repeated[stream] = 0;
      return true;
    }
    const count = repeated[stream];
    if (count === null || count >= last.count) return false;
    repeated[stream] = count + 1;
    return true;
  }

  return {
    position,
    take(message) {
      if (isRepeated(message)) return false;
      repeated[message.stream] = null;
      advance(position, message, message.text.length);
      return true;
    },
  };
}
