import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AppLogs } from '../../app-log/app-logs.ts';
import type { Runtime } from '../../deployments/runtime.ts';
import { createAppOutput } from './app-output.ts';
import { buildRelease } from './build-release.ts';
import { openControlGroups } from './control-groups.ts';
import { instanceProcesses } from './instance-processes.ts';
import { openInstanceRecords, type Sealing } from './instance-record.ts';
import { createInstanceUsage } from './instance-usage.ts';
import { listeningSockets } from './listening-sockets.ts';
import { type OwnProcesses, openOwnProcesses } from './own-processes.ts';
import { brandedGroups } from './peer-brand.ts';
import {
  buildMarker,
  instanceMarker,
  machineEnvironment,
  standardSearchPath,
} from './process-environment.ts';
import type { ProcessTable } from './process-table.ts';
import { openReleases } from './releases.ts';
import { removeTree } from './remove-tree.ts';
import { killProcess } from './run-command.ts';
import { createSupervisor } from './supervisor.ts';
import { createProcessVolumes } from './volumes.ts';

export interface ProcessRuntimeOptions extends Sealing {
  logs: AppLogs;
  /** The id of this BorgOS: keeps apart what several of them run on one machine. */
  instance: string;
  /** A folder of its own, for releases, records and caches. */
  home: string;
  /** By default its own ones alone. */
  processes?: OwnProcesses;
  log: Logger;
  /** Where programs are looked for: the PATH that BorgOS was started with. */
  searchPath?: string | undefined;
  /** Variables that builds need: for the network, proxies and certificates; and of some tools. */
  networkEnvironment?: Record<string, string>;
}

/**
 * Runs deployments as plain processes, on machines without Docker: built in a copy of the project
 * with the programs the machine has, listening on loopback. Instances outlive BorgOS, even its
 * `kill -9`, and are taken over again here. While BorgOS lives it restarts those that exit, after
 * 0.5, 1, 2 … 30 seconds. Of instances that a former BorgOS started no exit code is known, as the
 * system tells it to the parent only; a process to wait for each would cost more than it is worth.
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<Runtime> {
  const { instance, home, log, searchPath = standardSearchPath } = options;
  const machine = await machineEnvironment(options.networkEnvironment?.RUSTUP_HOME);
  const releases = await openReleases(home);
  const records = await openInstanceRecords(join(home, 'instances'), options);
  const volumes = createProcessVolumes(home);
  const table = options.processes ?? (await openOwnProcesses({ instance, home }));
  const { brand, peers } = table;
  await endOrphans(table, buildMarker, (value) => value.startsWith(`${instance}/`));
  await releases.removeIncomplete();

  const control = await openControlGroups(instance);
  const { groups } = control;
  const processes = instanceProcesses(instance, table, groups);
  const supervisor = createSupervisor({
    instance,
    log,
    records,
    releases,
    table,
    processes,
    groups: brandedGroups(groups, brand),
    volumes,
    output: createAppOutput({ logs: options.logs, log }),
    searchPath,
    machine,
  });
  const measureUsage = createInstanceUsage(instance, groups);
  await supervisor.recover();
  const known = new Set((await supervisor.list()).map(({ name }) => `${instance}/${name}`));
  const found = await endOrphans(
    table,
    instanceMarker,
    (value) => value.startsWith(`${instance}/`) && !known.has(value),
  );
  // Also those of another BorgOS: what that deployed is no more the user than what this one did.
  if (known.size > 0 || found > 0) peers.watch();

  return {
    name: 'process',
    description: `processes of ${process.platform}`,
    limits: { enforced: groups !== null, reason: control.groups ? null : control.reason },
    preview: async () => ({ dockerfile: null, baseImage: null }),
    async build(request) {
      peers.watch();
      return buildRelease(request, {
        instance,
        releases,
        table,
        cache: join(home, 'cache'),
        searchPath,
        machine,
        networkEnvironment: options.networkEnvironment ?? {},
        brand,
        groups,
      });
    },
    buildFolders: [],
    async removeGarbage(kept, { cache }) {
      const inUse = supervisor.artifacts();
      await releases.removeIncomplete();
      await releases.removeBut(new Set([...kept, ...inUse]));
      if (cache) await removeTree(join(home, 'cache'));
    },
    locateVolumes: async (wanted) =>
      new Map(wanted.map((volume) => [volume.engineName, volumes.directoryOf(volume)])),
    async removeVolume(volume) {
      await volumes.remove(volume);
      return true;
    },
    hasArtifact: (artifact) => releases.isComplete(artifact),
    removeArtifact: (artifact) => releases.remove(artifact),
    async start(spec, signal) {
      peers.watch();
      return supervisor.start(spec, signal);
    },
    find: (name) => supervisor.find(name),
    list: () => supervisor.list(),
    stop: (name, graceMs) => supervisor.stop(name, graceMs),
    async usage(names) {
      const running = await supervisor.running();
      return measureUsage(running.filter(({ name }) => names.includes(name)));
    },
    listeners: async (name) => listeningSockets(await supervisor.members(name)),
    onExit: (callback) => supervisor.onExit(callback),
    ownsConnection: (connection) => peers.areOwn(connection),
    async close() {
      await supervisor.close();
      await groups?.close();
    },
  };
}

/**
 * Ends processes that a killed BorgOS left behind and that no record speaks of. Returns how many
 * have the mark, whosever they are.
 */
async function endOrphans(
  table: ProcessTable,
  marker: string,
  isOrphan: (value: string) => boolean,
): Promise<number> {
  const marked = await table.marked(marker);
  for (const { pid, value } of marked) {
    if (isOrphan(value) && pid !== process.pid) killProcess(pid);
  }
  return marked.length;
}
