import type { ChildProcess, StdioOptions } from 'node:child_process';

/** A process beyond doubt: the system gives its id to another one sooner or later. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

/** What is asked of the system about its processes, and the one way to start some. */
export interface Processes {
  identify(pid: number): Promise<ProcessIdentity | null>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Living processes that were started with this environment variable, oldest first. */
  marked(variable: string): Promise<{ pid: number; value: string }[]>;
  /**
   * Starts a program in a session of its own, that BorgOS does not wait for at its end. Neither it
   * nor what it starts is taken for the user, who needs no credential: it is known by its brand, where
   * there is one.
   * @throws Error of the system, when there is no such program or folder
   */
  start(start: {
    /** Absolute, or a name on the PATH of `environment`. */
    program: string;
    args: string[];
    cwd: string;
    /** All of it, with what `marked` finds it by. */
    environment: Record<string, string>;
    stdio: StdioOptions;
  }): Promise<ChildProcess & { pid: number }>;
}
