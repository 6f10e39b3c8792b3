import type { Logger } from 'pino';
import type { Instance, InstanceSpec } from '../../deployments/runtime.ts';
import { ReleaseFailure } from '../../errors.ts';
import { findFreePort } from '../free-port.ts';
import { createTurns } from '../turns.ts';
import { type AppOutput, outputFile } from './app-output.ts';
import type { ControlGroups } from './control-groups.ts';
import type { InstanceProcesses } from './instance-processes.ts';
import { type InstanceRecord, type InstanceRecords, newRecord, viewOf } from './instance-record.ts';
import type { RunningInstance } from './instance-usage.ts';
import { exitCodeOf, type Launched, launch } from './launch.ts';
import { baseEnvironment, instanceMarker } from './process-environment.ts';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';
import type { Releases } from './releases.ts';
import type { ProcessVolumes } from './volumes.ts';

export interface SupervisorDependencies {
  /** The id of this BorgOS. */
  instance: string;
  log: Logger;
  records: InstanceRecords;
  releases: Releases;
  table: ProcessTable;
  processes: InstanceProcesses;
  groups: ControlGroups | null;
  volumes: Pick<ProcessVolumes, 'ensure'>;
  output: AppOutput;
  searchPath: string;
  machine: Record<string, string>;
}

/** Starts instances, starts them again when they exit, and stops them. */
export interface Supervisor {
  /** Takes over what a former BorgOS left: adopts what lives, restarts what died. */
  recover(): Promise<void>;
  start(spec: InstanceSpec, signal: AbortSignal): Promise<Instance>;
  find(name: string): Promise<Instance | undefined>;
  list(): Promise<Instance[]>;
  stop(name: string, graceMs: number): Promise<void>;
  /** What its instances were started from, whether they run or not. */
  artifacts(): string[];
  /** Its living processes; `[]` when there is no such instance. */
  members(name: string): Promise<number[]>;
  /** Those that run right now, each with its first process and the memory it may use. */
  running(): Promise<RunningInstance[]>;
  onExit(callback: (name: string) => void): void;
  /** Lets go of the instances; they run on. */
  close(): Promise<void>;
}

interface Supervised {
  record: InstanceRecord;
  /** Its last process; also after that has exited, as others of its group may live on. */
  leader: ProcessIdentity | null;
  /** Whether the leader was seen alive by this BorgOS. */
  watched: boolean;
  /** `null`: a former BorgOS started it, so that its exit code goes to nobody. */
  child: Launched | null;
  /** Short runs in a row. */
  failures: number;
  restart: NodeJS.Timeout | null;
}

const pollMs = 500;
/** Doubled with each crash: one that crashes at once is known as a crash loop within 15 seconds. */
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;
/** Who has run that long is taken to be well: the delays begin anew. */
const wellAfterMs = 10_000;

export function createSupervisor(dependencies: SupervisorDependencies): Supervisor {
  const {
    instance,
    log,
    records,
    releases,
    table,
    processes,
    groups,
    searchPath,
    machine,
    volumes,
    output,
  } = dependencies;
  const entries = new Map<string, Supervised>();
  const callbacks: ((name: string) => void)[] = [];
  const turns = createTurns();
  let closed = false;

  async function update(entry: Supervised, change: Partial<InstanceRecord>): Promise<void> {
    entry.record = { ...entry.record, ...change };
    await records.write(entry.record);
  }

  /** The intent is on disk before the process is there: who finds one without the other knows. */
  async function launchEntry(entry: Supervised): Promise<void> {
    const { record } = entry;
    await groups?.create(record.name, record);
    const outOfMemoryKills = (await groups?.outOfMemoryKills(record.name)) ?? 0;
    await update(entry, { outOfMemoryKills, process: null });
    const child = await launch({
      command: record.command,
      directory: record.artifact,
      environment: environmentOf(record),
      outputFiles: { stdout: outputFile(record, 'stdout'), stderr: outputFile(record, 'stderr') },
    });
    output.follow(record);
    entry.child = child;
    entry.watched = true;
    entry.leader = (await table.identify(child.pid)) ?? { pid: child.pid, startedAt: 'gone' };
    await holdAll(entry);
    await update(entry, {
      process: entry.leader,
      startedAt: new Date().toISOString(),
      // After a restart they tell of the end before it.
      ...(record.restarts === 0 && { exitCode: null, outOfMemory: false }),
    });
    watchChild(entry, child, entry.leader);
  }

  /**
   * Moves what runs already into the control group. A program is started first and moved then: its
   * first millisecond is unlimited, and what it started in that time is found here.
   */
  async function holdAll({ record, leader, watched }: Supervised): Promise<void> {
    if (groups === null) return;
    for (const pid of await processes.members(record.name, leader, watched)) {
      await groups.add(record.name, pid);
    }
  }

  function environmentOf({ name, artifact, environment, port }: InstanceRecord) {
    return {
      ...baseEnvironment({
        release: artifact,
        home: releases.homeOf(artifact),
        searchPath,
        machine,
      }),
      ...environment,
      PORT: String(port),
      HOST: '127.0.0.1',
      HOSTNAME: '127.0.0.1',
      [instanceMarker]: `${instance}/${name}`,
    };
  }

  function watchChild(entry: Supervised, child: Launched, leader: ProcessIdentity): void {
    const ended = () => exited(entry, leader, exitCodeOf(child));
    if (child.exitCode !== null || child.signalCode !== null) ended();
    else child.once('exit', ended);
  }

  /** At once in memory, so that nobody sees it run; the rest when it is its turn. */
  function exited(entry: Supervised, leader: ProcessIdentity, exitCode: number | null): void {
    if (closed || entry.record.process?.startedAt !== leader.startedAt) return;
    if (entry.record.process.pid !== leader.pid) return;
    const { name } = entry.record;
    entry.record = { ...entry.record, process: null, exitCode };
    turns
      .take(name, async () => {
        if (entries.get(name) === entry) await settleExit(entry, true);
      })
      .catch((error: unknown) => log.error({ err: error, name }, 'An exit could not be handled'))
      .finally(() => tell(name));
  }

  function tell(name: string): void {
    for (const callback of callbacks) callback(name);
  }

  /** After its first process, nothing of it may go on: it would hold the port of the next one. */
  async function settleExit(entry: Supervised, isNew: boolean): Promise<void> {
    const { name, outOfMemoryKills, stopping, startedAt } = entry.record;
    if (startedAt !== null && Date.now() - Date.parse(startedAt) >= wellAfterMs) entry.failures = 0;
    try {
      const kills = (await groups?.outOfMemoryKills(name)) ?? 0;
      entry.record = { ...entry.record, outOfMemory: kills > outOfMemoryKills };
      await processes.end(name, entry.leader, entry.watched, 0);
      await output.catchUp(entry.record);
    } finally {
      // Counted when all is known of it: who sees a crash more tells it, and looks into the log why.
      if (isNew) entry.record = afterCrash(entry.record);
      if (!stopping) scheduleRestart(entry);
    }
    await update(entry, { process: null });
  }

  function scheduleRestart(entry: Supervised): void {
    if (closed) return;
    const { name } = entry.record;
    const delay = Math.min(longestBackoffMs, firstBackoffMs * 2 ** entry.failures);
    entry.failures += 1;
    entry.restart = setTimeout(() => {
      turns
        .take(name, () => restartNow(entry))
        .catch((error: unknown) => log.error({ err: error, name }, 'A restart failed'));
    }, delay);
    entry.restart.unref();
  }

  async function restartNow(entry: Supervised): Promise<void> {
    const { name, stopping } = entry.record;
    if (closed || stopping || entries.get(name) !== entry) return;
    entry.restart = null;
    try {
      await launchEntry(entry);
    } catch (error) {
      await update(entry, afterCrash(entry.record)).catch(() => {});
      scheduleRestart(entry);
      await processes.end(name, entry.leader, entry.watched, 0);
      throw error;
    }
    tell(name);
  }

  async function discard(entry: Supervised, graceMs: number): Promise<void> {
    const { name } = entry.record;
    if (entry.restart !== null) clearTimeout(entry.restart);
    await processes.end(name, entry.leader, entry.watched, graceMs);
    await output.finish(entry.record);
    await groups?.remove(name);
    await records.remove(name);
    entries.delete(name);
  }

  async function startNow(spec: InstanceSpec, signal: AbortSignal): Promise<Instance> {
    const known = entries.get(spec.name);
    if (known?.record.stopping) await discard(known, 0);
    else if (known && known.record.startedAt !== null) return viewOf(known.record);
    signal.throwIfAborted();
    const { artifact } = spec;
    if (!(await releases.isComplete(artifact))) {
      const problem = `The build ${artifact} is gone: deploy again.`;
      throw new ReleaseFailure('START_FAILED', problem);
    }
    const environment = { ...spec.environment, ...(await volumes.ensure(spec.volumes)) };
    const entry = await addEntry({ ...spec, environment }, known?.record.port);
    try {
      await launchEntry(entry);
    } catch (error) {
      await discard(entry, 0);
      throw error;
    }
    return viewOf(entry.record);
  }

  /** One at a time: two that look for a port at once could find the same one. */
  function addEntry(spec: InstanceSpec, formerPort: number | undefined): Promise<Supervised> {
    return turns.take('/ports', async () => {
      const taken = new Set([...entries.values()].map(({ record }) => record.port));
      const entry = supervised(newRecord(spec, formerPort ?? (await findFreePort(taken))));
      entries.set(spec.name, entry);
      return entry;
    });
  }

  async function recoverOne(entry: Supervised): Promise<void> {
    const { name, process: recorded, stopping, startedAt } = entry.record;
    output.follow(entry.record);
    const [oldest] = recorded === null ? await processes.marked(name) : [];
    // Killed between the start and noting it down: the oldest process under its name is it.
    const leader = oldest === undefined ? recorded : await table.identify(oldest);
    entry.leader = leader;
    if (leader !== null && (await table.isAlive(leader))) {
      entry.watched = true;
      await groups?.create(name, entry.record);
      await holdAll(entry);
      const since = startedAt ?? new Date().toISOString();
      return update(entry, { process: leader, startedAt: since });
    }
    if (stopping) return discard(entry, 0);
    // Without a process its end was noted down, and counted.
    if (startedAt !== null) return settleExit(entry, recorded !== null);
  }

  async function checkAdopted(): Promise<void> {
    for (const entry of entries.values()) {
      const { process: leader } = entry.record;
      if (entry.child !== null || leader === null) continue;
      if (!(await table.isAlive(leader))) exited(entry, leader, null);
    }
  }

  const timer = setInterval(() => {
    checkAdopted().catch((error: unknown) => log.error({ err: error }, 'Processes not checked'));
  }, pollMs).unref();

  return {
    async recover() {
      const { records: found, unreadable } = await records.readAll();
      for (const file of unreadable) log.warn({ file }, 'This is no record of an instance');
      for (const record of found) entries.set(record.name, supervised(record));
      for (const entry of [...entries.values()]) {
        const { name } = entry.record;
        // One that can't be recovered must not keep BorgOS and all others from starting.
        await turns
          .take(name, () => recoverOne(entry))
          .catch((error: unknown) => log.error({ err: error, name }, 'A recovery failed'));
      }
    },

    start: (spec, signal) => turns.take(spec.name, () => startNow(spec, signal)),

    async find(name) {
      await checkAdopted();
      const entry = entries.get(name);
      return entry && viewOf(entry.record);
    },

    async list() {
      await checkAdopted();
      return [...entries.values()].map(({ record }) => viewOf(record));
    },

    async stop(name, graceMs) {
      const entry = entries.get(name);
      // Known at once: an exit that comes now must not start it again.
      if (entry) entry.record = { ...entry.record, stopping: true };
      await turns.take(name, async () => {
        const current = entries.get(name);
        if (current === undefined) return;
        // A full disk must not keep it from being stopped; its record goes at the end anyway.
        await update(current, { stopping: true }).catch((error: unknown) =>
          log.warn({ err: error, name }, 'A stop could not be noted down'),
        );
        await discard(current, graceMs);
      });
    },

    artifacts: () => [...entries.values()].map(({ record }) => record.artifact),

    async members(name) {
      const entry = entries.get(name);
      return entry ? processes.members(name, entry.leader, entry.watched) : [];
    },

    async running() {
      await checkAdopted();
      return [...entries.values()].flatMap(({ record: { name, memory, process: leader } }) =>
        leader === null ? [] : [{ name, memory, pid: leader.pid }],
      );
    },

    onExit(callback) {
      callbacks.push(callback);
    },

    async close() {
      closed = true;
      clearInterval(timer);
      for (const { restart } of entries.values()) if (restart !== null) clearTimeout(restart);
      await turns.settled();
      await output.close();
    },
  };
}

/** As in Docker, the restart that follows an end counts from that end on. */
function afterCrash(record: InstanceRecord): InstanceRecord {
  return { ...record, process: null, restarts: record.restarts + Number(!record.stopping) };
}

function supervised(record: InstanceRecord): Supervised {
  return { record, leader: null, watched: false, child: null, failures: 0, restart: null };
}
