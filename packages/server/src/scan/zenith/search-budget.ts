export interface SearchLimits {
  /** Folders below a root. Default: 6. */
  depth: number;
  /** Names met in all roots together. Default: 200,000. */
  entries: number;
  /** For all roots together. Default: 60,000. */
  timeMs: number;
}

const defaultLimits: SearchLimits = { depth: 6, entries: 200_000, timeMs: 60_000 };
const workPerLook = 64;

export class LimitReached extends Error {
  override name = 'LimitReached';
  readonly limit: 'entries' | 'time';

  constructor(limit: 'entries' | 'time') {
    super(limit);
    this.limit = limit;
  }
}

export interface SearchBudget {
  readonly depth: number;
  /** @throws LimitReached, or an `AbortError` once the signal says so. */
  look(): void;
  /** Looks every now and then: for steps that are many and short. */
  onWork(): void;
  /** Takes names that were met from what is left. @throws LimitReached */
  spend(names: number): void;
  /** Whether so many names may still be met. */
  hasLeft(names: number): boolean;
  /** In milliseconds. */
  remainingMs(): number;
}

export function createSearchBudget(options: {
  limits?: Partial<SearchLimits>;
  now?: () => number;
  signal?: { readonly aborted: boolean };
}): SearchBudget {
  const limits: SearchLimits = { ...defaultLimits, ...options.limits };
  const now = options.now ?? (() => performance.now());
  const deadline = now() + limits.timeMs;
  let left = limits.entries;
  let work = 0;

  function look(): void {
    if (options.signal?.aborted) throw new DOMException('The search was aborted', 'AbortError');
    if (now() > deadline) throw new LimitReached('time');
  }

  return {
    depth: limits.depth,
    look,
    onWork() {
      work += 1;
      if (work % workPerLook === 0) look();
    },
    spend(names) {
      left -= names;
      if (left < 0) throw new LimitReached('entries');
    },
    hasLeft: (names) => names <= left,
    remainingMs: () => deadline - now(),
  };
}
