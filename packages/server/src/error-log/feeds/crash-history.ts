import type { CrashEvent } from './event-errors.ts';

export interface CrashHistory {
  /**
   * To be asked of each crash, in order: from when on what was printed can be its cause, in
   * milliseconds since 1970.
   */
  causeSince(event: CrashEvent): number;
}

/** How long before its end an app can have printed the cause. */
const causeMs = 10_000;

/** Remembers when apps crashed: what was printed before an earlier crash was the cause of that. */
export function createCrashHistory(): CrashHistory {
  const crashes = new Map<number, number>();
  return {
    causeSince({ data: { id }, timestamp }) {
      const at = Date.parse(timestamp);
      const earliest = at - causeMs;
      for (const [other, time] of crashes) if (time < earliest) crashes.delete(other);
      const since = Math.max(earliest, crashes.get(id) ?? 0);
      crashes.set(id, at);
      return since;
    },
  };
}
