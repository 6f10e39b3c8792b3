import type { AnyEvent } from '@borgos/contracts/events';
import type { EventFeed } from '../../events/feed.ts';
import type { Audience } from './audience.ts';
import type { Connection } from './connection.ts';
import { type ToldEvent, toldEvent } from './told-event.ts';

/** Tells events to their audience as they come. */
export interface Broadcast {
  /** Of the newest event that everybody has been told. It never changes within a turn without await. */
  readonly seq: number;
  close(): void;
}

/** Telling thousands takes time: so long, before others have their turn. */
const sliceMs = 20;
/** So much to one client, before it gets time to take it. */
const sliceBytes = 128 * 1024;
/** How long that is where somebody is falling behind; who does not read is soon cut. */
const breathMs = 20;
/** More than that only wait when events come faster than they can be told. */
const mostWaiting = 10_000;

/** @param onOverrun called when so many events wait that they are given up: all must come back anew */
export function createBroadcast({
  feed,
  audience,
  onOverrun,
}: {
  feed: Pick<EventFeed, 'subscribe' | 'lastSeq'>;
  audience: Audience;
  onOverrun: () => void;
}): Broadcast {
  let waiting: AnyEvent[] = [];
  let isScheduled = false;
  let seq = feed.lastSeq;

  const endFeed = feed.subscribe((event) => {
    waiting.push(event);
    if (waiting.length > mostWaiting) {
      waiting = [];
      seq = event.seq;
      onOverrun();
    }
    if (isScheduled) return;
    isScheduled = true;
    // The feed gives all that it has read in one turn, and they are sent together.
    queueMicrotask(tellWaiting);
  });

  function tellWaiting(): void {
    const events = waiting;
    const deadline = performance.now() + sliceMs;
    const corked = new Set<Connection>();
    const cork = events.length > 1;
    let count = 0;
    let bytes = 0;
    for (const event of events) {
      const told = toldEvent(event);
      if (told) bytes += tell(told, cork ? corked : undefined);
      seq = event.seq;
      count += 1;
      if (bytes > sliceBytes || performance.now() > deadline) break;
    }
    waiting = events.slice(count);
    let isTooFast = false;
    for (const connection of corked) {
      connection.socket.uncork();
      isTooFast ||= connection.isFallingBehind;
    }
    isScheduled = waiting.length > 0;
    if (!isScheduled) return;
    if (isTooFast) setTimeout(tellWaiting, breathMs);
    else setImmediate(tellWaiting);
  }

  /** @returns how many bytes each was told */
  function tell(told: ToldEvent, corked: Set<Connection> | undefined): number {
    let bytes = 0;
    audience.forEach(told, (connection) => {
      if (corked && !corked.has(connection)) {
        corked.add(connection);
        connection.socket.cork();
      }
      connection.write(told.frame());
      bytes = told.frame().length;
    });
    return bytes;
  }

  return {
    get seq() {
      return seq;
    },
    close() {
      endFeed();
      waiting = [];
    },
  };
}
