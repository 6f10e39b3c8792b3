import type { AgentEvent } from '../../agents/adapter.ts';

export interface EventQueue extends AsyncIterable<AgentEvent> {
  add(event: AgentEvent): void;
  /** Resolves when there is room again: what the agent sends is not read until then. */
  untilRoom(): Promise<void> | undefined;
  /** No further event comes; what waits is told still. */
  end(): void;
}

const most = 1_000;

/** What was heard of an agent and is not told yet. */
export function createEventQueue(): EventQueue {
  const waiting: AgentEvent[] = [];
  let ended = false;
  let wake = () => {};
  let makeRoom = () => {};
  let room: Promise<void> | undefined;

  return {
    add(event) {
      if (ended) return;
      waiting.push(event);
      wake();
    },
    untilRoom() {
      if (waiting.length < most || ended) return undefined;
      room ??= new Promise((resolve) => {
        makeRoom = resolve;
      });
      return room;
    },
    end() {
      ended = true;
      wake();
      makeRoom();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const events = waiting.splice(0);
        room = undefined;
        makeRoom();
        yield* events;
        if (waiting.length > 0) continue;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
