import { readdir, readFile } from 'node:fs/promises';
import type { ProcessTimes } from './cpu-time.ts';
import { readVariable } from './linux-processes.ts';

/** A living process with what tells whose it is. */
export interface MeasuredProcess extends ProcessTimes {
  group: number;
  session: number;
  /** The value of the variable that marks instances; `null`: it has none. */
  mark: string | null;
}

interface Known {
  started: number;
  mark: string | null;
  /** How often its variables were read: once more after the first, as it may just have begun. */
  reads: number;
}

/** What Linux counts, on every architecture that Node runs on. */
const ticksPerSecond = 100;

/**
 * Returns a function that reads the whole process table. One call for all instances costs one file a
 * process: the variables of a process are read twice in its life only.
 */
export function createProcessMeter(variable: string): () => Promise<MeasuredProcess[]> {
  let known = new Map<number, Known>();

  async function markOf(pid: number, started: number): Promise<Known> {
    const last = known.get(pid);
    if (last?.started === started && (last.reads > 1 || last.mark !== null)) return last;
    const reads = last?.started === started ? last.reads + 1 : 1;
    return { started, mark: await readVariable(pid, variable), reads };
  }

  return async () => {
    const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const seen = new Map<number, Known>();
    const found: MeasuredProcess[] = [];
    async function look(name: string): Promise<void> {
      const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null);
      const measured = text === null ? null : measure(text);
      if (measured === null) return;
      const mark = await markOf(measured.pid, measured.started);
      seen.set(measured.pid, mark);
      found.push({ ...measured, mark: mark.mark });
    }
    // A few at a time: a machine may have more processes than this one may open files.
    for (let start = 0; start < names.length; start += 64) {
      await Promise.all(names.slice(start, start + 64).map(look));
    }
    known = seen;
    return found;
  };
}

/** Of a `/proc/<pid>/stat`; `null` for one that has exited. */
function measure(text: string): Omit<MeasuredProcess, 'mark'> | null {
  // The second field is the program's name, which may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const numbers = fields.map(Number);
  const [, parent = 0, group = 0, session = 0] = numbers;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = numbers.slice(11, 15);
  return {
    pid: Number.parseInt(text, 10),
    parent,
    group,
    session,
    started: numbers[19] ?? 0,
    own: (user + system) / ticksPerSecond,
    ofChildren: (childrenUser + childrenSystem) / ticksPerSecond,
  };
}

/**
 * The memory of processes in bytes, each page shared among those that have it: what their sizes
 * added up would count several times. `null` when none could be read.
 */
export async function memoryOf(pids: number[]): Promise<number | null> {
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')),
  );
  const sizes = texts.flatMap((text) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
    return kibibytes === undefined ? [] : [Number(kibibytes) * 1024];
  });
  return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0);
}
