import type { Clock } from './clock.ts';
import type { Seen, Weight } from './weigh-event.ts';

export interface AnnouncerTimes {
  /** A change is announced so long after the last event. */
  debounceMs: number;
  /** But no later than this after the first, however many follow. */
  longestDelayMs: number;
  /** Between two announcements; twice as long each time that one was in vain. */
  pauseMs: number;
  longestPauseMs: number;
}

export interface Announcer {
  see(seen: Seen): void;
  /** The scan after the last announcement has found a change. */
  changed(): void;
  /** The scan after the last announcement has found none. */
  nothingChanged(): void;
  close(): void;
}

interface Pending {
  weight: Weight;
  first: number;
  last: number;
}

const mostPaths = 1_000;
/**
 * How often the pause is doubled at most. Files that the scan reads wait a few minutes at worst, as
 * most of what happens to them is what the user waits for.
 */
const mostDoublings: Record<Weight, number> = { listed: 3, unlisted: 20 };

/**
 * Announces the changes of one project, soon but not often. An announcement in vain is held against
 * the paths that caused it: a log that `.gitignore` has and that is written every second soon
 * causes one scan an hour, while a file that was not touched before is still announced at once.
 * Paths that were never seen before and are always in vain, as temporary files are, are held
 * against all new ones.
 */
export function createAnnouncer(
  announce: () => void,
  { debounceMs, longestDelayMs, pauseMs, longestPauseMs }: AnnouncerTimes,
  clock: Clock,
): Announcer {
  const pending = new Map<string, Pending>();
  /** How often each was announced in vain; the oldest go first. */
  const vain = new Map<string, number>();
  const doublings: Record<Weight, number> = { listed: 0, unlisted: 0 };
  let asked = new Map<string, Pending>();
  let announcedAt = Number.NEGATIVE_INFINITY;
  let timer: { at: number; cancel: () => void } | undefined;

  function doublingsOf(path: string, weight: Weight): number {
    return vain.get(path) ?? doublings[weight];
  }

  function earliest(doubled: number): number {
    return announcedAt + Math.min(longestPauseMs, pauseMs * 2 ** doubled);
  }

  /** When the next announcement is due: those that have to pause alike are waited for together. */
  function dueAt(): number {
    const groups = new Map<number, { first: number; last: number }>();
    for (const [path, { weight, first, last }] of pending) {
      const doubled = doublingsOf(path, weight);
      const group = groups.get(doubled);
      groups.set(doubled, {
        first: Math.min(first, group?.first ?? first),
        last: Math.max(last, group?.last ?? last),
      });
    }
    let due = Number.POSITIVE_INFINITY;
    for (const [doubled, { first, last }] of groups) {
      const quiet = Math.min(last + debounceMs, first + longestDelayMs);
      due = Math.min(due, Math.max(quiet, earliest(doubled)));
    }
    return due;
  }

  function wakeAt(at: number): void {
    timer?.cancel();
    const ms = Math.max(1, Math.ceil(at - clock.now()));
    timer = { at, cancel: clock.after(ms, wake) };
  }

  function wake(): void {
    timer = undefined;
    const due = dueAt();
    if (due === Number.POSITIVE_INFINITY) return;
    if (due > clock.now()) {
      wakeAt(due);
      return;
    }
    asked = new Map(pending);
    pending.clear();
    announcedAt = clock.now();
    announce();
  }

  function holdAgainst(path: string, doubled: number): void {
    vain.delete(path);
    vain.set(path, Math.min(mostDoublings.unlisted, doubled));
    for (const [oldest] of vain) if (vain.size > mostPaths) vain.delete(oldest);
  }

  return {
    see({ path, weight }) {
      const now = clock.now();
      // Of more than these it is enough to know that there are some; no path begins with a slash.
      const key = pending.size < mostPaths || pending.has(path) ? path : `/${weight}`;
      const known = pending.get(key);
      if (known) {
        known.last = now;
        if (weight === 'listed') known.weight = weight;
      } else {
        pending.set(key, { weight, first: now, last: now });
      }
      // In a burst this is all: the timer is there, and looks for itself when it fires.
      const due = Math.max(now + debounceMs, earliest(doublingsOf(key, weight)));
      if (!timer || due < timer.at) wakeAt(due);
    },
    changed() {
      // What has to be thanked for it is not known, so those that were in vain the least are.
      const least = Math.min(...[...asked].map(([path, { weight }]) => doublingsOf(path, weight)));
      for (const [path, { weight }] of asked) {
        if (doublingsOf(path, weight) !== least) continue;
        vain.delete(path);
        doublings[weight] = 0;
      }
      asked = new Map();
      if (timer) wakeAt(dueAt());
    },
    nothingChanged() {
      const blamed = new Set<Weight>();
      for (const [path, { weight }] of asked) {
        if (!vain.has(path)) blamed.add(weight);
        holdAgainst(path, doublingsOf(path, weight) + 1);
      }
      for (const weight of blamed) {
        doublings[weight] = Math.min(mostDoublings[weight], doublings[weight] + 1);
      }
      asked = new Map();
    },
    close() {
      timer?.cancel();
      timer = undefined;
      pending.clear();
    },
  };
}
