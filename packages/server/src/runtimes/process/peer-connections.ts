import type { Connection } from '../../deployments/runtime.ts';
import { findOwnerByLsof, relativesByPs } from '../peer-lsof.ts';
import { createSocketOwners } from '../peer-socket-owner.ts';
import { createDescent, type Signs } from './peer-descent.ts';
import { buildMarker, instanceMarker } from './process-environment.ts';
import type { ProcessTable } from './process-table.ts';

/** Tells the connections of what is deployed from those of the user: both come from loopback. */
export interface PeerConnections {
  /**
   * Something has been deployed or built. Until then all connections are the user's. It stays so
   * when nothing is deployed any more, as an app may have left something behind.
   */
  watch(): void;
  areOwn(connection: Connection): Promise<boolean>;
}

export function createPeerConnections(signs: Signs, table: ProcessTable): PeerConnections {
  const areOwn = process.platform === 'linux' ? createLinuxCheck(signs) : createPsCheck(table);
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
  const isDeployed = createDescent(signs);
  let last = { pid: 0, at: 0, deployed: true };
  return async (connection) => {
    const owner = await findOwner(connection);
    // Instances run as the user of BorgOS, so another user's process is none of them.
    if (owner === 'stranger') return false;
    if (owner === 'unknown') return true;
    const { pid } = owner;
    const now = performance.now();
    if (pid !== last.pid || now - last.at > sameProcessMs) {
      last = { pid, at: now, deployed: isDeployed(pid) };
    }
    return last.deployed;
  };
}

/** Of a process whose environment macOS doesn't show, only the relatives tell. */
function createPsCheck(table: ProcessTable): PeerConnections['areOwn'] {
  async function isDeployed(connection: Connection): Promise<boolean> {
    const pid = await findOwnerByLsof(connection);
    if (pid === null) return true;
    const [relatives, ...marked] = await Promise.all([
      relativesByPs(pid),
      table.marked(instanceMarker),
      table.marked(buildMarker),
    ]);
    return marked.flat().some((found) => relatives.has(found.pid));
  }

  return (connection) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, 2_000, true);
      void isDeployed(connection)
        .catch(() => true)
        .then(resolve)
        .finally(() => clearTimeout(timer));
    });
}
