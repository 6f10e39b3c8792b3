import type { Connection } from '../../deployments/runtime.ts';
import { findOwnerByLsof, relativesByPs } from '../peer-lsof.ts';
import { createSocketOwners } from '../peer-socket-owner.ts';
import { createDescent, type Signs } from './peer-descent.ts';
import type { ProcessTable } from './process-table.ts';

/** Tells the connections of what BorgOS starts from those of the user: both come from loopback. */
export interface PeerConnections {
  /**
   * Something has been deployed or built, or an agent begun. Until then all connections are the
   * user's. It stays so when nothing of it runs any more, as it may have left something behind.
   */
  watch(): void;
  areOwn(connection: Connection): Promise<boolean>;
}

export function createPeerConnections(signs: Signs, table: ProcessTable): PeerConnections {
  const areOwn =
    process.platform === 'linux' ? createLinuxCheck(signs) : createPsCheck(signs, table);
  let watching = false;
  return {
    watch() {
      watching = true;
    },
    areOwn: async (connection) => watching && areOwn(connection),
  };
}

/** In which no number of a process is given to another one, and thousands of connections come. */
const sameProcessMs = 100;

function createLinuxCheck(signs: Signs): PeerConnections['areOwn'] {
  const findOwner = createSocketOwners();
  const isOwn = createDescent(signs);
  let last = { pid: 0, at: 0, own: true };
  return async (connection) => {
    const owner = await findOwner(connection);
    // All of it runs as the user of BorgOS, so another user's process is none of it.
    if (owner === 'stranger') return false;
    if (owner === 'unknown') return true;
    const { pid } = owner;
    const now = performance.now();
    if (pid !== last.pid || now - last.at > sameProcessMs) {
      last = { pid, at: now, own: isOwn(pid) };
    }
    return last.own;
  };
}

/** Of a process whose environment macOS doesn't show, only the relatives tell. */
function createPsCheck({ markers }: Signs, table: ProcessTable): PeerConnections['areOwn'] {
  async function isOwn(connection: Connection): Promise<boolean> {
    const pid = await findOwnerByLsof(connection);
    if (pid === null) return true;
    const [relatives, ...marked] = await Promise.all([
      relativesByPs(pid),
      ...markers.map((marker) => table.marked(marker)),
    ]);
    return marked.flat().some((found) => relatives.has(found.pid));
  }

  return (connection) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, 2_000, true);
      void isOwn(connection)
        .catch(() => true)
        .then(resolve)
        .finally(() => clearTimeout(timer));
    });
}
