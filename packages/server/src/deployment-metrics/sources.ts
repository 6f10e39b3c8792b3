/** An instance of a deployment: during a redeploy there are two. */
export interface MeasuredInstance {
  name: string;
  deploymentId: number;
  state: 'created' | 'running' | 'paused' | 'restarting' | 'exited';
  /** How often it was restarted after a crash. */
  restarts: number;
}

/** What one instance uses; `null` is what the system does not tell. */
export interface InstanceUsage {
  /** With another one, what only grows began anew; it also did when it is smaller. */
  counter: string;
  /** These three only grow: seconds of one core, and bytes. */
  cpuSeconds: number | null;
  receivedBytes: number | null;
  sentBytes: number | null;
  /** Bytes. */
  memoryBytes: number | null;
  memoryLimit: number | null;
}

/** What became of the requests to a deployment; it only grows within one epoch. */
export interface RequestCounts {
  deploymentId: number;
  epoch: string;
  answered: { '2xx': number; '3xx': number; '4xx': number; '5xx': number };
  proxyErrors: number;
  aborted: number;
  upgraded: number;
  latency: [milliseconds: number, count: number][];
  /** Connections that are open now. */
  connections: number;
}

/** What runs deployments, and what leads requests to them. */
export interface Sources {
  runtime: {
    list(): Promise<MeasuredInstance[]>;
    /** Those that do not run, or cannot be measured, are left out. */
    usage(names: string[]): Promise<Map<string, InstanceUsage>>;
  };
  router: {
    /** `null`: it cannot tell. */
    counts(): Promise<RequestCounts[] | null>;
  };
}

/** All that was seen at one moment; `null`: it could not be asked. */
export interface Reading {
  /** Monotonic, in milliseconds. */
  at: number;
  instances: MeasuredInstance[] | null;
  usage: Map<string, InstanceUsage>;
  counts: Map<number, RequestCounts> | null;
}

/**
 * Asks all sources once, at the same time.
 * @param onFailure is told of one that did not answer; the reading says `null` then
 */
export async function takeReading(
  { runtime, router }: Sources,
  at: number,
  onFailure: (error: unknown, source: 'runtime' | 'proxy') => void,
): Promise<Reading> {
  async function readRuntime() {
    const instances = await runtime.list();
    const usage = await runtime.usage(namesOfRunning(instances));
    if (namesOfRunning(instances).every((name) => usage.has(name))) return { instances, usage };
    // One that ended meanwhile, as the old one of a redeploy, is not one that cannot be read.
    const left = new Set(namesOfRunning(await runtime.list()));
    const still = ({ name, state }: MeasuredInstance) =>
      state !== 'running' || usage.has(name) || left.has(name);
    return { instances: instances.filter(still), usage };
  }
  async function readProxy() {
    const counts = await router.counts();
    return counts && new Map(counts.map((one) => [one.deploymentId, one]));
  }
  const [seen, counts] = await Promise.all([
    readRuntime().catch((error: unknown) => {
      onFailure(error, 'runtime');
      return { instances: null, usage: new Map() };
    }),
    readProxy().catch((error: unknown) => {
      onFailure(error, 'proxy');
      return null;
    }),
  ]);
  return { at, ...seen, counts };
}

function namesOfRunning(instances: MeasuredInstance[]): string[] {
  return instances.filter(({ state }) => state === 'running').map(({ name }) => name);
}
