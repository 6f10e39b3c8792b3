import { linuxProcesses } from './linux-processes.ts';
import { psProcesses } from './ps-processes.ts';

/** A process beyond doubt: the system gives its id to another one sooner or later. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, as the system says it, with what tells one boot from the next. */
  startedAt: string;
}

/** What the system says about its processes. */
export interface ProcessTable {
  /** Also of one that has exited and waits for its parent; `null` when there is none. */
  identify(pid: number): Promise<ProcessIdentity | null>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Living processes of the group or session that `leader` began. */
  group(leader: number): Promise<number[]>;
  /** Living processes that were started with this environment variable, oldest first. */
  marked(variable: string): Promise<{ pid: number; value: string }[]>;
}

export function openProcessTable(): ProcessTable {
  return process.platform === 'linux' ? linuxProcesses() : psProcesses();
}
