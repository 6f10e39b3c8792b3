import { bindPort } from './bind-port.ts';
import type { SharedAddress } from './domain-state.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import type { ChooseCertificate } from './secure-server.ts';
import type { Receive, VisitorPort } from './visitor-port.ts';

/** A port that all domains share. */
export interface SharedListener {
  /** Listens there from now on, `null`: nowhere. What cannot be bound is tried again and again. */
  set(address: SharedAddress | null): Promise<void>;
  /** Why it does not listen although it should. */
  problem(): string | null;
  stop(): void;
}

export function createSharedListener(
  receive: Receive,
  log: Log,
  secure?: ChooseCertificate,
): SharedListener {
  let wanted: SharedAddress | null = null;
  let opened: VisitorPort | null = null;
  let problem: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let binding: Promise<void> | undefined;

  async function bind(): Promise<void> {
    clearTimeout(timer);
    const address = wanted;
    if (!address || opened) return;
    try {
      const port = await bindPort(address.host, address.port, receive, secure);
      // It may have been called off meanwhile.
      if (wanted === address) opened = port;
      else port.stop();
      problem = null;
    } catch (error) {
      if (wanted !== address) return;
      const why = error instanceof Error ? error.message : String(error);
      if (why !== problem) log(`domains: ${why}`);
      problem = why;
      timer = setTimeout(() => void bindInTurn(), limits.rebindMs).unref();
    }
  }

  /** Never two at once, which would take the port from each other. */
  function bindInTurn(): Promise<void> {
    const turn = (binding ?? Promise.resolve()).then(bind);
    binding = turn;
    return turn;
  }

  function stop(): void {
    clearTimeout(timer);
    wanted = null;
    opened?.stop();
    opened = null;
    problem = null;
  }

  return {
    async set(address) {
      if (address?.host === wanted?.host && address?.port === wanted?.port) return;
      stop();
      wanted = address;
      await bindInTurn();
    },
    problem: () => problem,
    stop,
  };
}
