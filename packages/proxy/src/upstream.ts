import { Agent } from 'node:http';
import { limits } from './limits.ts';
import type { Target } from './route.ts';

/** One target with its connections and what is in flight to it. */
export interface Upstream {
  readonly target: Target;
  readonly agent: Agent;
  /**
   * Counts a request or an upgraded connection as in flight until the returned function is called.
   * `cut` ends it by force; it must be harmless when it has ended already.
   */
  enter(cut: () => void): () => void;
  isIdle(): boolean;
  /** Waits until nothing is in flight, at most `timeoutMs`, then cuts the rest; returns how many. */
  drain(timeoutMs: number): Promise<number>;
  /** Closes the idle connections, so that they do not delay the target's end. */
  closeIdle(): void;
}

interface Entry {
  cut: () => void;
  /** Its place in the list of what is in flight. */
  index: number;
}

/** `onIdle` is called whenever the last one in flight has ended. */
export function createUpstream(target: Target, onIdle: () => void): Upstream {
  const agent = new Agent({
    keepAlive: true,
    timeout: limits.targetIdleMs,
    keepAliveMsecs: limits.tcpKeepAliveMs,
  });
  // An array, as a `Set` with so much coming and going is rehashed all the time, and its old tables
  // hold whole requests until the next full garbage collection: twice the memory under load.
  const inFlight: Entry[] = [];
  const waiting = new Set<() => void>();

  function leave(entry: Entry): void {
    if (inFlight[entry.index] !== entry) return;
    const last = inFlight.pop();
    if (last && last !== entry) {
      last.index = entry.index;
      inFlight[entry.index] = last;
    }
    if (inFlight.length > 0) return;
    for (const resolve of waiting) resolve();
    onIdle();
  }

  return {
    target,
    agent,
    enter(cut) {
      const entry = { cut, index: inFlight.length };
      inFlight.push(entry);
      return () => leave(entry);
    },
    isIdle: () => inFlight.length === 0,
    async drain(timeoutMs) {
      if (inFlight.length === 0) return 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      waiting.add(resolve);
      await promise;
      clearTimeout(timer);
      waiting.delete(resolve);
      const left = [...inFlight];
      for (const entry of left) {
        entry.cut();
        leave(entry);
      }
      return left.length;
    },
    closeIdle() {
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy();
      }
    },
  };
}
