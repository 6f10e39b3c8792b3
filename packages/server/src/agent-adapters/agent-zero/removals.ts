import type { Chats } from './chats.ts';

/** Ends chats that nobody wants any more. */
export interface Removals {
  /** Within 1.2 s; what a busy Agent Zero does not do then is asked of it again later. */
  remove(id: string): Promise<void>;
  close(): void;
}

const firstMs = 1_200;
const laterMs = 10_000;
const againMs = 3_000;
const mostTries = 200;
const mostWaiting = 1_000;

export function createRemovals(chats: Pick<Chats, 'remove'>): Removals {
  const waiting = new Map<string, NodeJS.Timeout>();
  let isClosed = false;

  async function attempt(id: string, tries: number): Promise<void> {
    clearTimeout(waiting.get(id));
    waiting.delete(id);
    try {
      await chats.remove(id, AbortSignal.timeout(tries === 1 ? firstMs : laterMs));
    } catch (error) {
      const isHopeless = isGone(error) || tries >= mostTries || waiting.size >= mostWaiting;
      if (isClosed || isHopeless) return;
      waiting.set(id, setTimeout(attempt, againMs, id, tries + 1).unref());
    }
  }

  return {
    remove: (id) => attempt(id, 1),
    close() {
      isClosed = true;
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}

/** Nothing listens there any more, and so nothing runs there. */
function isGone(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
