import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { type Brand, openBrand } from './peer-brand.ts';
import { createPeerConnections, type PeerConnections } from './peer-connections.ts';
import { buildMarker, instanceMarker } from './process-environment.ts';
import { openProcessTable, type ProcessTable } from './process-table.ts';

/** The processes that BorgOS starts on this machine: none of them is taken for the user. */
export interface OwnProcesses extends ProcessTable {
  brand: Brand;
  peers: PeerConnections;
  /**
   * Starts a program in a session of its own, that BorgOS does not wait for at its end. It and all
   * that comes from it is known by the brand, where there is one.
   * @throws Error of the system, when there is no such program or folder
   */
  start(start: Start): Promise<ChildProcess & { pid: number }>;
}

export interface Start {
  program: string;
  args: string[];
  cwd: string;
  /** All of it, a mark in it. */
  environment: Record<string, string>;
  stdio: StdioOptions;
}

/** In BORGOS_HOME, where instances and agents work. */
const folderNames = ['releases', 'homes', 'volumes', 'worktrees', 'agents'];
/** In BORGOS_HOME since the first agent was begun. */
const agentFolders = ['agents', 'agent-zero'];

/**
 * @param agentMarkers by which agents are known, beside what is deployed
 */
export async function openOwnProcesses({
  instance,
  home,
  agentMarkers = [],
}: {
  instance: string;
  /** BORGOS_HOME. */
  home: string;
  agentMarkers?: readonly string[];
}): Promise<OwnProcesses> {
  const table = openProcessTable();
  const brand = await openBrand();
  const realHome = await realpath(home);
  const folders = folderNames.map((name) => join(realHome, name));
  const markers = [instanceMarker, buildMarker, ...agentMarkers];
  const peers = createPeerConnections({ instance, markers, folders, brand }, table);
  const marked = await Promise.all(agentMarkers.map((marker) => table.marked(marker)));
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
      const isWrapped = isAbsolute(program);
      // What wraps it would start, and only then find that it is not there.
      if (isWrapped) await access(program, constants.X_OK);
      const [file, ...rest] = isWrapped ? brand.wrap([program, ...args]) : [program, ...args];
      const child = spawn(file, rest, { cwd, env: environment, detached: true, stdio });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve).once('error', reject);
      });
      child.unref();
      if (!hasPid(child)) throw new Error('it has no process id');
      if (!isWrapped) await brand.put(child.pid);
      return child;
    },
  };
}

function hasPid(child: ChildProcess): child is ChildProcess & { pid: number } {
  return child.pid !== undefined;
}
