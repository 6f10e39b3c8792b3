import type { Usage } from '../../deployments/runtime.ts';
import type { ControlGroups, GroupUsage } from './control-groups.ts';
import { cpuTimeBetween, type ProcessTimes } from './cpu-time.ts';
import { createProcessMeter, type MeasuredProcess, memoryOf } from './linux-usage.ts';
import { instanceMarker } from './process-environment.ts';

/** An instance that runs. */
export interface RunningInstance {
  name: string;
  /** Its first process. */
  pid: number;
  /** The limit it was given. */
  memory: number | null;
}

const nothing: GroupUsage = { cpuSeconds: null, memoryBytes: null };

interface Account {
  cpuSeconds: number;
  processes: ProcessTimes[];
}

/**
 * Measures instances by their processes, and by their control groups, which also know of those that
 * are gone. Linux only: elsewhere nothing is known.
 */
export function createInstanceUsage(
  instance: string,
  groups: ControlGroups | null,
): (running: RunningInstance[]) => Promise<Map<string, Usage>> {
  const readProcesses = createProcessMeter(instanceMarker);
  const accounts = new Map<string, Account>();

  function account(name: string, processes: ProcessTimes[]): number {
    const before = accounts.get(name) ?? { cpuSeconds: 0, processes: [] };
    const cpuSeconds = before.cpuSeconds + cpuTimeBetween(before.processes, processes);
    accounts.set(name, { cpuSeconds, processes });
    return cpuSeconds;
  }

  function isOf({ name, pid }: RunningInstance, { mark, group, session }: MeasuredProcess) {
    return mark === `${instance}/${name}` || group === pid || session === pid;
  }

  /** `undefined` for one that has just ended. */
  async function measure(
    one: RunningInstance,
    { cpuSeconds, memoryBytes }: GroupUsage,
    all: MeasuredProcess[],
  ): Promise<Usage | undefined> {
    const { name } = one;
    const processes = all.filter((process) => isOf(one, process));
    if (processes.length === 0) return undefined;
    const ofProcesses = await memoryOf(processes.map(({ pid }) => pid));
    return {
      // The control group is made with the instance and goes with it; an account begins with BorgOS.
      counter: cpuSeconds === null ? `processes ${name}` : `group ${name}`,
      cpuSeconds: cpuSeconds ?? account(name, processes),
      // What a program took before it was moved into its group is not charged there, and what the
      // kernel holds for it is not seen in the processes: both are in use.
      memoryBytes: mostOf(memoryBytes, ofProcesses),
      memoryLimit: groups === null ? null : one.memory,
      // It is that of the whole machine, which is not told apart by process.
      receivedBytes: null,
      sentBytes: null,
    };
  }

  return async (running) => {
    if (process.platform !== 'linux') return new Map();
    const names = new Set(running.map(({ name }) => name));
    for (const name of accounts.keys()) if (!names.has(name)) accounts.delete(name);
    const byGroup = await Promise.all(running.map(({ name }) => groups?.usage(name) ?? nothing));
    const all = await readProcesses();
    const measured = new Map<string, Usage>();
    for (const [index, one] of running.entries()) {
      const usage = await measure(one, byGroup[index] ?? nothing, all);
      if (usage) measured.set(one.name, usage);
    }
    return measured;
  };
}

function mostOf(...values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
