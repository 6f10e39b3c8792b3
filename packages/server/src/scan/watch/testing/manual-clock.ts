import type { Clock } from '../clock.ts';

export interface ManualClock extends Clock {
  /** Lets time pass, and runs what is due on the way, each at its time. */
  advance(ms: number): void;
  /** How many timers are set. */
  readonly pending: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = [...timers].sort((a, b) => a.at - b.at)[0];
        if (!next || next.at > until) break;
        timers.delete(next);
        now = next.at;
        next.run();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
