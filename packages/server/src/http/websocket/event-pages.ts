import type { Channel } from '@borgos/contracts/channels';
import { type EventType, eventPlace } from '@borgos/contracts/events';
import type { EventFeed } from '../../events/feed.ts';
import { type ToldEvent, toldEvent, typesOn } from './told-event.ts';

/** Events that were kept, oldest first. */
export interface EventPage {
  events: ToldEvent[];
  /** Nothing up to this `seq` is missing in it. */
  end: number;
  /** What came before may not be kept any more, as it was after the page was read. */
  oldestSeq: number;
}

/** Reads what was missed, for all connections together. */
export interface EventPages {
  /** What came after that `seq` on these channels. */
  after(seq: number, channels: ReadonlySet<Channel>): Promise<EventPage>;
  /** Whether the database has an event of this `seq`, or a later one. */
  reaches(seq: number): Promise<boolean>;
  /** As it was known last. */
  oldestSeq(): number;
  /** Resolves when it is known for the first time. */
  ready(): Promise<void>;
  close(): void;
}

const pageSize = 500;
/** At once, so that thousands who come back together do not take the database from everybody else. */
const mostReads = 4;
/** Who comes back together asks for the same. */
const sharedMs = 500;
const mostShared = 32;
const oldestMs = 30_000;
const allTypes = Object.keys(eventPlace) as EventType[];

/** @param newest the `seq` up to which events may be told */
export function createEventPages(
  feed: Pick<EventFeed, 'read' | 'oldestSeq'>,
  newest: () => number,
): EventPages {
  const shared = new Map<string, Promise<EventPage>>();
  const inTurn = createTurns(mostReads);
  let oldest: number | undefined;
  let asking: Promise<void> | undefined;

  async function askOldest(): Promise<number> {
    const found = await feed.oldestSeq();
    oldest = Math.max(oldest ?? 0, found);
    return oldest;
  }

  function ready(): Promise<void> | undefined {
    if (oldest !== undefined) return undefined;
    asking ??= askOldest().then(
      () => undefined,
      (error) => {
        asking = undefined;
        throw error;
      },
    );
    return asking;
  }

  // It is only said, so that an old one does no harm: what is missing is found by the page itself.
  const timer = setInterval(() => void askOldest().catch(() => {}), oldestMs).unref();

  async function read(after: number, channels: ReadonlySet<Channel>): Promise<EventPage> {
    const upTo = newest();
    const types = typesOn(channels);
    const rows = types.length > 0 ? await feed.read({ after, upTo, types, limit: pageSize }) : [];
    const isLast = rows.length < pageSize;
    return {
      events: rows.flatMap((row) => toldEvent(row) ?? []),
      end: isLast ? Math.max(after, upTo) : (rows.at(-1)?.seq ?? after),
      oldestSeq: await askOldest(),
    };
  }

  function keep(key: string, page: Promise<EventPage>): Promise<EventPage> {
    shared.set(key, page);
    for (const [first] of shared) {
      if (shared.size <= mostShared) break;
      shared.delete(first);
    }
    const forget = () => {
      if (shared.get(key) === page) shared.delete(key);
    };
    page.then(() => setTimeout(forget, sharedMs).unref(), forget);
    return page;
  }

  return {
    after(seq, channels) {
      const key = `${seq} ${[...channels].sort().join(' ')}`;
      return (
        shared.get(key) ??
        keep(
          key,
          inTurn(() => read(seq, channels)),
        )
      );
    },
    async reaches(seq) {
      const range = { after: seq - 1, upTo: Number.MAX_SAFE_INTEGER, types: allTypes, limit: 1 };
      const found = await inTurn(() => feed.read(range));
      return found.length > 0;
    },
    oldestSeq: () => oldest ?? 1,
    ready: async () => ready(),
    close() {
      clearInterval(timer);
      shared.clear();
    },
  };
}

/** Lets only so many work at once; the others wait in order. As many can wait as may be connected. */
function createTurns(most: number) {
  const waiting: (() => void)[] = [];
  let working = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (working >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else working += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else working -= 1;
    }
  };
}
