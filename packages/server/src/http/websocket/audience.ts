import type { Connection } from './connection.ts';
import type { ToldEvent } from './told-event.ts';

/** Who is subscribed to what, so that an event touches only those whom it is told to. */
export interface Audience {
  add(key: string, connection: Connection): void;
  remove(key: string, connection: Connection): void;
  /** Calls `tell` once for each who is subscribed to the event's channel or object. */
  forEach(event: ToldEvent, tell: (connection: Connection) => void): void;
}

export function createAudience(): Audience {
  const byKey = new Map<string, Set<Connection>>();

  return {
    add(key, connection) {
      const members = byKey.get(key);
      if (members) members.add(connection);
      else byKey.set(key, new Set([connection]));
    },
    remove(key, connection) {
      const members = byKey.get(key);
      members?.delete(connection);
      if (members?.size === 0) byKey.delete(key);
    },
    forEach({ channel, object }, tell) {
      const all = byKey.get(channel);
      if (all) for (const connection of all) tell(connection);
      const some = object === null ? undefined : byKey.get(object);
      if (!some) return;
      for (const connection of some) if (!all?.has(connection)) tell(connection);
    },
  };
}
