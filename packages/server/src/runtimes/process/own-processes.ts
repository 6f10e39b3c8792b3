import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../find-program.ts';
import type { Processes } from '../../processes.ts';
import { type Brand, openBrand } from './peer-brand.ts';
import { createPeerConnections, type PeerConnections } from './peer-connections.ts';
import { buildMarker, instanceMarker } from './process-environment.ts';
import { openProcessTable, type ProcessTable } from './process-table.ts';

/** The processes that BorgOS starts on this machine: none of them is taken for the user. */
export interface OwnProcesses extends ProcessTable, Pick<Processes, 'start'> {
  brand: Brand;
  peers: PeerConnections;
}

/** In BORGOS_HOME, where instances and agents work. */
const folderNames = ['releases', 'homes', 'volumes', 'worktrees', 'agents'];
/** In BORGOS_HOME since the first agent was begun. */
const agentFolders = ['agents', 'agent-zero'];

/**
 * @param markers by which agents and other programs are known, beside what is deployed
 */
export async function openOwnProcesses(
  {
    instance,
    home,
  }: {
    instance: string;
    /** BORGOS_HOME. */
    home: string;
  },
  markers: readonly string[] = [],
): Promise<OwnProcesses> {
  const table = openProcessTable();
  const brand = await openBrand();
  const realHome = await realpath(home);
  const folders = folderNames.map((name) => join(realHome, name));
  const all = [instanceMarker, buildMarker, ...markers];
  const peers = createPeerConnections({ instance, markers: all, folders, brand }, table);
  const marked = await Promise.all(markers.map((marker) => table.marked(marker)));
  // What agents of an earlier life left may have no mark any more. And those of another BorgOS are no
  // more the user than those of this one.
  const hadAgents = agentFolders.some((name) => existsSync(join(realHome, name)));
  if (hadAgents || marked.flat().length > 0) peers.watch();

  return {
    ...table,
    brand,
    peers,
    async start({ program, args, cwd, environment, stdio }) {
      peers.watch();
      // What wraps it would start, and only then find that it is not there.
      const found = await findProgram(program, environment.PATH);
      if (found === undefined) throw new Error('there is no such program: give its full path');
      const [file, ...rest] = brand.wrap([found, ...args]);
      const child = spawn(file, rest, { cwd, env: environment, detached: true, stdio });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve).once('error', reject);
      });
      child.unref();
      if (!hasPid(child)) throw new Error('it has no process id');
      return child;
    },
  };
}

function hasPid(child: ChildProcess): child is ChildProcess & { pid: number } {
  return child.pid !== undefined;
}
