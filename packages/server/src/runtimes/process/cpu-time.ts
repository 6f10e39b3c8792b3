/** A living process at one moment. Times in seconds. */
export interface ProcessTimes {
  pid: number;
  parent: number;
  /** When it started, as what tells it from a former one of its pid. */
  started: number;
  /** CPU time of its own. */
  own: number;
  /** CPU time of the children that it has waited for, and of theirs. */
  ofChildren: number;
}

/**
 * The CPU time that the processes of an instance used between two looks at them, though some of them
 * are gone: what a process has used goes over to the parent that waits for it, so the part that was
 * seen before it went is taken off there. Of one that nobody waited for, the last piece is lost: the
 * result may be too small by that, and is never negative.
 */
export function cpuTimeBetween(before: ProcessTimes[], now: ProcessTimes[]): number {
  const earlier = new Map(before.map((one) => [one.pid, one]));
  const living = new Map(now.map((one) => [one.pid, one]));
  const isSame = (one: ProcessTimes | undefined, other: ProcessTimes) =>
    one !== undefined && one.started === other.started;

  /** The nearest ancestor that still lives: through it what its descendants used was handed up. */
  function heirOf(gone: ProcessTimes): number | undefined {
    let parent = earlier.get(gone.parent);
    for (let steps = 0; parent && steps < before.length; steps += 1) {
      if (isSame(living.get(parent.pid), parent)) return parent.pid;
      parent = earlier.get(parent.parent);
    }
    return undefined;
  }

  const inherited = new Map<number, number>();
  for (const gone of before.filter((one) => !isSame(living.get(one.pid), one))) {
    const heir = heirOf(gone);
    if (heir === undefined) continue;
    inherited.set(heir, (inherited.get(heir) ?? 0) + gone.own + gone.ofChildren);
  }

  let used = 0;
  for (const one of now) {
    const former = earlier.get(one.pid);
    const last = former && isSame(former, one) ? former : { own: 0, ofChildren: 0 };
    used += Math.max(0, one.own - last.own);
    used += Math.max(0, one.ofChildren - last.ofChildren - (inherited.get(one.pid) ?? 0));
  }
  return used;
}
