/** One run of a container beyond doubt: a container can be started again. */
export interface ContainerRun {
  id: string;
  startedAt: string;
  /** Of its first process on this machine; `null`: it is on another one, or not seen from here. */
  pid: number | null;
}

export interface ContainerSpec {
  /** What it is of this BorgOS: a word by which it is found again. */
  service: string;
  image: string;
  /** Where it listens, and the port of 127.0.0.1 that leads there. */
  port: number;
  hostPort: number;
  /** Folders of this machine, that have to be there, and where it sees them. */
  folders: { from: string; to: string }[];
}

/**
 * The containers in which programs run that are neither deployed nor processes of this machine.
 * Unless said otherwise, all of it throws `ReleaseFailure` RUNTIME_UNAVAILABLE where no Docker
 * Engine answers.
 */
export interface Containers {
  hasImage(image: string): Promise<boolean>;
  /** The name of the container, of whomever, that has a port of this machine. */
  findPortHolder(port: number): Promise<string | null>;
  /** @throws ReleaseFailure START_FAILED, and then there is none */
  start(spec: ContainerSpec): Promise<ContainerRun>;
  /** One that runs. */
  find(service: string): Promise<ContainerRun | null>;
  /** `null`: the engine does not tell. Never throws. */
  isAlive(run: Pick<ContainerRun, 'id' | 'startedAt'>): Promise<boolean | null>;
  /**
   * Hands over what it prints, from a time on (`null`: from its start), until it has ended or is
   * gone, or the signal is aborted. What cannot be had or written now is tried again. Never throws.
   */
  follow(options: {
    run: Pick<ContainerRun, 'id' | 'startedAt'>;
    /** Unix nanoseconds. */
    from: bigint | null;
    /** @param at when the last of it was printed, in Unix nanoseconds */
    write(text: Buffer, at: bigint): Promise<void>;
    signal: AbortSignal;
  }): Promise<void>;
  /**
   * Ends and removes all that are of that service. Returns whether there were any.
   * @param graceMs how long each may take to end by itself
   */
  remove(service: string, graceMs: number): Promise<boolean>;
}
