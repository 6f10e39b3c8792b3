import type { CrashEvent, StatusEvent } from './event-errors.ts';

export interface CrashHistory {
  /** To be told of all events, in order. */
  note(event: StatusEvent): void;
  /** From when on what was printed can be the cause of a crash, in milliseconds since 1970. */
  causeSince(event: CrashEvent): number;
}

/** How long before its end an app can have printed the cause. */
const causeMs = 10_000;
/** Longer than any runtime waits until it starts an app again, and a crash is told. */
const keptMs = 5 * 60_000;

/**
 * Knows when an app has ended: a crash is told only when the app was started again, which can be half
 * a minute later. What was printed before an earlier crash was the cause of that.
 */
export function createCrashHistory(): CrashHistory {
  const ends = new Map<number, number>();
  const crashes = new Map<number, number>();

  function forgetBefore(at: number): void {
    for (const times of [ends, crashes]) {
      for (const [id, time] of times) if (time < at) times.delete(id);
    }
  }

  return {
    note({ data: { id, status, previous_status }, timestamp }) {
      if (status !== 'unhealthy' || previous_status === 'unhealthy') return;
      const at = Date.parse(timestamp);
      forgetBefore(at - keptMs);
      ends.set(id, at);
    },
    causeSince({ data: { id }, timestamp }) {
      const at = Date.parse(timestamp);
      forgetBefore(at - keptMs);
      const endedAt = ends.get(id) ?? at;
      const since = Math.max(endedAt - causeMs, crashes.get(id) ?? 0);
      ends.delete(id);
      crashes.set(id, at);
      return since;
    },
  };
}
