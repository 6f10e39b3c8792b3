import type { Recipe } from './recipe.ts';

/** Which instance of which deployment: the identity that names, labels and adoption go by. */
export interface InstanceIdentity {
  deploymentId: number;
  /** What was built. */
  revision: number;
  /** Which start of it: grows with every deploy, start and restart. */
  generation: number;
}

export interface BuildRequest {
  deploymentId: number;
  revision: number;
  /** `borgos-<project>-<deployment>-<id>-r<revision>`: the artefact is named after it. */
  name: string;
  /** The project's directory, absolute and with symlinks resolved. */
  source: string;
  recipe: Recipe;
  /** Receives the build's output as it comes, in pieces of any size. */
  log: (text: string) => void;
  /** Aborts when the build takes too long, is superseded, or the server stops. */
  signal: AbortSignal;
}

export interface InstanceSpec extends InstanceIdentity {
  /** The build's name plus `-g<generation>`. An instance of that name is adopted, never doubled. */
  name: string;
  /** What `build` returned. */
  artifact: string;
  recipe: Recipe;
  /** The user's variables and the recipe's; the runtime adds PORT, HOST and HOSTNAME. */
  environment: Record<string, string>;
  /** Cores; `null`: unlimited. */
  cpus: number | null;
  /** Bytes; `null`: unlimited. */
  memory: number | null;
  /** Made by the runtime where they are missing. */
  volumes: KeptVolume[];
  /** The file that the app's output is appended to, kept across instances. */
  logFile: string;
}

/** What is kept of an app over its instances. */
export interface KeptVolume {
  /** The user's, unique in its deployment. */
  name: string;
  /** The deployment that it was made for, which may be gone: with `name` it is unique. */
  madeFor: number;
  /** Unique on the machine. */
  engineName: string;
  /** Where the app finds it in a container. */
  path: string;
}

/** What a volume is found by. */
export type VolumeIdentity = Omit<KeptVolume, 'path'>;

/** What the runtime sees of one instance right now. */
export interface Instance extends InstanceIdentity {
  name: string;
  /** `paused`: by somebody else; it holds its port and answers nothing. */
  state: 'created' | 'running' | 'paused' | 'restarting' | 'exited';
  containerId: string | null;
  processId: number | null;
  /** Where it can be reached from this machine; `null` unless it runs. */
  address: { host: string; port: number } | null;
  /** The port the app was told to listen on, on its own side. */
  port: number;
  /** Of its last end; `null` if it never ended, or where the system does not tell. */
  exitCode: number | null;
  outOfMemory: boolean;
  /** How often it crashed, each of which a restart follows; grows as soon as it is down. */
  restarts: number;
  startedAt: Date | null;
}

/** What one instance uses; `null` is what the system does not tell. */
export interface Usage {
  /**
   * Names the beginning of what only grows: the CPU time and the bytes. With another one they began
   * anew; they may also do so without, and are smaller then.
   */
  counter: string;
  /** CPU time in seconds of one core. */
  cpuSeconds: number | null;
  /** Bytes in use now, without what the system would drop when it is short, as cached files. */
  memoryBytes: number | null;
  /** Bytes that are enforced as its limit; `null` also where there is none. */
  memoryLimit: number | null;
  /** Bytes over the network. */
  receivedBytes: number | null;
  sentBytes: number | null;
}

/** A socket that listens inside an instance, as `127.0.0.1:3000`. */
export interface Listener {
  host: string;
  port: number;
}

/** A connection over loopback, as the server's socket tells its two ends. */
export interface Connection {
  client: { host: string; port: number };
  server: { host: string; port: number };
}

/**
 * What runs deployments. Every method is idempotent and honours its signal, so that the state
 * machine can repeat a step after a crash without knowing how far the last try came. Failures that
 * a user can act on are thrown as `ReleaseFailure`.
 */
export interface Runtime {
  readonly name: 'docker' | 'process';
  /** For people: `Docker Engine 28.2.2`. */
  readonly description: string;
  /** Whether limits are enforced here, and if not, why: shown to the user. */
  readonly limits: { enforced: boolean; reason: string | null };
  /** What would be built, for a person, with the base image that would be used. Changes nothing. */
  preview(recipe: Recipe): Promise<{ dockerfile: string | null; baseImage: string | null }>;
  /** Makes the artefact and returns its reference; a failed or aborted build leaves nothing. */
  build(request: BuildRequest): Promise<string>;
  /** The folders whose disks fill as things are built, as far as they can be seen from here. */
  readonly buildFolders: string[];
  /**
   * Removes what builds left, and every artefact of this BorgOS but `kept` and what an instance has.
   * No build may run. With `cache`, downloads that the next builds would only save time with go, too.
   */
  removeGarbage(kept: ReadonlySet<string>, options: { cache: boolean }): Promise<void>;
  /** Where volumes lie on this machine, by `engineName`; `null`: that can't be seen from here. */
  locateVolumes(volumes: VolumeIdentity[]): Promise<Map<string, string | null>>;
  /** With all that is in it. Not there: fine. `false`: something that is not of BorgOS uses it. */
  removeVolume(volume: VolumeIdentity): Promise<boolean>;
  /** Whether an artefact is still there. */
  hasArtifact(artifact: string): Promise<boolean>;
  removeArtifact(artifact: string): Promise<void>;
  /** Creates and starts an instance, or adopts the one of that name. */
  start(spec: InstanceSpec, signal: AbortSignal): Promise<Instance>;
  find(name: string): Promise<Instance | undefined>;
  /** All instances that this BorgOS made, running or not. */
  list(): Promise<Instance[]>;
  /** SIGTERM, after `graceMs` SIGKILL, then removes it. Not there: fine. */
  stop(name: string, graceMs: number): Promise<void>;
  /** Where the instance listens, by looking at its sockets; `[]` where the system does not tell. */
  listeners(name: string): Promise<Listener[]>;
  /**
   * What instances use now, by name; one that does not run, or of which that cannot be told within
   * 3 seconds, is left out. It costs about a millisecond an instance.
   */
  usage(names: string[]): Promise<Map<string, Usage>>;
  /**
   * Calls back soon after an instance exits or is started again, with its name; it may miss one.
   */
  onExit(callback: (name: string) => void): void;
  /**
   * Whether the connection was made by what this runtime runs or builds, and so not by the user;
   * also `true` when that can't be told, which it is within 2 seconds.
   */
  ownsConnection(connection: Connection): Promise<boolean>;
  /** Stops watching. Instances go on running. */
  close(): Promise<void>;
}
