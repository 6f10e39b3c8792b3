import type { Connection } from './connection.ts';

/** Finds connections whose other end is gone without a word. */
export interface Heartbeat {
  add(connection: Connection): void;
  delete(connection: Connection): void;
  close(): void;
}

/** One timer for all, and each connection in one of these, so that not all are pinged at once. */
const slotCount = 30;

/**
 * Pings each connection once in `everyMs`, and cuts it if nothing came from it since the last time.
 * @param onBeat called for each that is still there
 */
export function createHeartbeat({
  everyMs,
  onBeat,
}: {
  everyMs: number;
  onBeat: (connection: Connection) => void;
}): Heartbeat {
  const slots = Array.from({ length: slotCount }, () => new Set<Connection>());
  let turn = 0;
  let joined = 0;

  function beat(connection: Connection): void {
    if (!connection.isAlive) {
      connection.cut();
      return;
    }
    connection.ping();
    onBeat(connection);
  }

  const timer = setInterval(() => {
    turn += 1;
    for (const connection of slots[turn % slotCount] ?? []) beat(connection);
  }, everyMs / slotCount).unref();

  return {
    add(connection) {
      joined += 1;
      slots[joined % slotCount]?.add(connection);
    },
    delete(connection) {
      for (const slot of slots) slot.delete(connection);
    },
    close: () => clearInterval(timer),
  };
}
