/** A process beyond doubt: the system gives its id to another one sooner or later. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

/** What is asked of the system about its processes. */
export interface Processes {
  identify(pid: number): Promise<ProcessIdentity | null>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Living processes that were started with this environment variable, oldest first. */
  marked(variable: string): Promise<{ pid: number; value: string }[]>;
}
