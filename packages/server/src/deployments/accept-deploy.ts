import { availableParallelism, totalmem } from 'node:os';
import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import { parseMemory } from '@borgos/contracts/deployments';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { isPortFree, type PortRange } from './ports.ts';
import { nextSecrets, noSecrets } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import * as store from './store.ts';
import { assertStays, enqueue, queuedToRun, wish } from './wishes.ts';

export type DeployBody = Omit<ParsedInput<(typeof api)['deployments']['deploy']>, 'dry_run'>;

export interface Accepted {
  id: number;
  port: number;
  isNew: boolean;
}

interface Options {
  db: Db;
  secrets: Secrets;
  jobs: Jobs;
  /** Ports of this machine that BorgOS itself uses. */
  ownPorts: number[];
  /** Where a port is looked for when none is named. */
  freePorts: PortRange;
  /** Ports that callers without one are about to take: each of many at once tries another. */
  portsInHand: Set<number>;
  actor: Actor;
}

/** How many ports that others took in the meantime are passed over. */
const portTries = 100;

/** Durably accepts a deploy: of a new deployment, or of a new revision of the one of that name. */
export async function acceptDeploy(
  options: Options,
  body: DeployBody,
  name: string,
): Promise<Accepted> {
  const { db } = options;
  const own = await store.findByName(db, body.project_id, name);
  if (own) {
    if (body.port !== undefined) await assertPortFree(options, body.port, own.id);
    return transaction(db, (db) => redeploy(options, db, own.id, body));
  }
  if (body.port === undefined) return onFreePort(options, body, name);
  await assertPortFree(options, body.port);
  return create(options, body, name, body.port);
}

function create(
  { db, jobs, secrets, actor }: Options,
  body: DeployBody,
  name: string,
  port: number,
): Promise<Accepted> {
  const { project_id } = body;
  return transaction(db, async (db) => {
    const id = await store.insertDeployment(
      db,
      { project_id, name, port },
      settingsOf(body, noSettings),
      actor,
    );
    // Sealed for their place, which has no name before the row is there.
    const sealed = nextSecrets(secrets, noSecrets, { id, number: 1 }, body.secrets);
    if (Object.keys(sealed).length > 0) {
      await revisionStore.updateRevision(db, id, 1, { secrets: sealed });
    }
    const data = { id, project_id, name, port, revision: 1 };
    await appendEvent(db, 'deployment_created', data, actor);
    await enqueue(jobs, db, id);
    return { id, port, isNew: true };
  });
}

async function redeploy(
  { jobs, secrets, actor }: Options,
  db: Db,
  id: number,
  body: DeployBody,
): Promise<Accepted> {
  const row = await store.lockRow(db, id);
  if (!row) throw notFound('Deployment', id);
  const { port } = row;
  assertStays(row);
  if (body.port !== undefined && body.port !== port) {
    throw new AppError(
      'DEPLOYMENT_EXISTS',
      `Deployment ${id} "${row.name}" is on port ${port}. Deploy it there, choose another name for port ${body.port}, or delete it first`,
    );
  }
  await store.insertLease(db, port, id);
  const [newest] = await revisionStore.listBuilds(db, id);
  const number = (newest?.number ?? 0) + 1;
  const before = await revisionStore.getRevision(db, id, row.wanted_revision);
  const sealed = nextSecrets(secrets, before, { id, number }, body.secrets);
  const place = { deploymentId: id, number };
  await revisionStore.insertRevision(db, place, settingsOf(body, before), sealed, actor);
  await wish(jobs, db, row, { ...queuedToRun, wanted_revision: number }, actor);
  return { id, port, isNew: false };
}

const noSettings: revisionStore.ReleaseSettings = {
  environment: {},
  cpu_limit: null,
  memory_limit: null,
  health_check_path: null,
  root: null,
  volumes: null,
};

/** What the body says, and where it says nothing what was before. */
function settingsOf(
  body: DeployBody,
  before: revisionStore.ReleaseSettings,
): revisionStore.ReleaseSettings {
  const { environment, cpu_limit, memory_limit, health_check_path, root, volumes } = body;
  return {
    environment: environment ?? before.environment,
    cpu_limit: cpu_limit === undefined ? before.cpu_limit : cpu_limit,
    memory_limit: memory_limit === undefined ? before.memory_limit : memory_limit,
    health_check_path:
      health_check_path === undefined ? before.health_check_path : health_check_path,
    root: root === undefined ? before.root : root,
    volumes: volumes === undefined ? before.volumes : volumes,
  };
}

async function assertPortFree(options: Options, port: number, ownId?: number): Promise<void> {
  if (options.ownPorts.includes(port)) throw store.portInUse(port, { holder: 'BorgOS itself' });
  const lease = await store.findLease(options.db, port);
  if (lease && lease.id === ownId) return;
  if (lease) throw store.portInUse(port, { holder: `deployment ${lease.id} "${lease.name}"` });
  if (!(await isPortFree(port))) {
    throw store.portInUse(port, { holder: 'another process on this machine' });
  }
}

async function onFreePort(options: Options, body: DeployBody, name: string): Promise<Accepted> {
  const { ownPorts, portsInHand } = options;
  const { first, last } = options.freePorts;
  const taken = await store.listLeasedPorts(options.db);
  let tries = 0;
  for (let port = first; port <= last && tries < portTries; port++) {
    if (taken.has(port) || ownPorts.includes(port) || portsInHand.has(port)) continue;
    portsInHand.add(port);
    try {
      if (await isPortFree(port)) return await create(options, body, name, port);
    } catch (error) {
      // Leased meanwhile, by another BorgOS on the same database or by who named it.
      if (!(error instanceof AppError && error.code === 'PORT_IN_USE')) throw error;
      tries++;
    } finally {
      portsInHand.delete(port);
    }
  }
  throw new AppError(
    'PORT_IN_USE',
    `No port from ${first} to ${last} is free; delete a deployment or name a port`,
  );
}

/** @throws AppError LIMIT_UNAVAILABLE when a limit is more than the machine has. */
export function assertLimits({ cpu_limit, memory_limit }: DeployBody): void {
  const cores = availableParallelism();
  if (cpu_limit && Number(cpu_limit) > cores) {
    throw new AppError(
      'LIMIT_UNAVAILABLE',
      `cpu_limit is ${cpu_limit}, but this machine has ${cores} cores`,
    );
  }
  if (memory_limit && parseMemory(memory_limit) > totalmem()) {
    throw new AppError(
      'LIMIT_UNAVAILABLE',
      `memory_limit is ${memory_limit}, but this machine has ${Math.floor(totalmem() / 1024 ** 2)}m`,
    );
  }
}
