import type { ControlGroups } from './control-groups.ts';
import { instanceMarker } from './process-environment.ts';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';
import { killProcess } from './run-command.ts';

/** The processes of instances, however they try to get away from them. */
export interface InstanceProcesses {
  /** Oldest first: those that were started under the instance's name. */
  marked(name: string): Promise<number[]>;
  /**
   * All that belong to an instance: by control group, by mark, and by process group. The latter
   * only counts if `watched`, or `leader` is still there: else its number may be another's by now.
   */
  members(name: string, leader: ProcessIdentity | null, watched: boolean): Promise<number[]>;
  /** SIGTERM to all, SIGKILL to those left after `graceMs`; returns when none is left. */
  end(
    name: string,
    leader: ProcessIdentity | null,
    watched: boolean,
    graceMs: number,
  ): Promise<void>;
}

/** After SIGKILL a process is gone at once, unless it waits for a disk or a file server. */
const killTimeoutMs = 10_000;

export function instanceProcesses(
  instance: string,
  table: ProcessTable,
  groups: ControlGroups | null,
): InstanceProcesses {
  async function marked(name: string): Promise<number[]> {
    const found = await table.marked(instanceMarker);
    return found.filter(({ value }) => value === `${instance}/${name}`).map(({ pid }) => pid);
  }

  async function groupOf(leader: ProcessIdentity | null, watched: boolean): Promise<number[]> {
    if (leader === null) return [];
    const now = await table.identify(leader.pid);
    const known = now === null ? watched : now.startedAt === leader.startedAt;
    return known ? table.group(leader.pid) : [];
  }

  const processes: InstanceProcesses = {
    marked,

    async members(name, leader, watched) {
      const found = await Promise.all([
        groups?.members(name) ?? [],
        marked(name),
        groupOf(leader, watched),
      ]);
      return [...new Set(found.flat())].filter((pid) => pid !== process.pid);
    },

    async end(name, leader, watched, graceMs) {
      const left = () => processes.members(name, leader, watched);
      const signalAll = async (signal: NodeJS.Signals) => {
        for (const pid of await left()) killProcess(pid, signal);
      };
      const start = Date.now();
      if (graceMs > 0) {
        await signalAll('SIGTERM');
        while (Date.now() - start < graceMs) {
          const leads = leader !== null && (await table.isAlive(leader));
          if (!leads && (await left()).length === 0) return;
          await pause(Math.min(100, 20 + (Date.now() - start) / 10));
        }
      }
      const deadline = Date.now() + killTimeoutMs;
      // Again and again, as one may start another before its own end.
      for (let pids = await left(); pids.length > 0; pids = await left()) {
        if (Date.now() > deadline) {
          throw new Error(`processes ${pids.join(', ')} of ${name} do not end, even by SIGKILL`);
        }
        for (const pid of pids) killProcess(pid);
        await pause(20);
      }
    },
  };
  return processes;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
