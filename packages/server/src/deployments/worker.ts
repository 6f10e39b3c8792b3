import type { Actor } from '@borgos/contracts/caller';
import type { DeploymentStatus } from '@borgos/contracts/deployments';
import type { AppLogs } from '../app-log/app-logs.ts';
import { systemActor } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { InTurn } from '../in-turn.ts';
import type { Projects } from '../projects/projects.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Volumes } from '../volumes/volumes.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { LogFiles } from './logs.ts';
import type { Recipe } from './recipe.ts';
import type { Router } from './router.ts';
import type { Runtime } from './runtime.ts';
import * as store from './store.ts';

/** How long each stage may take, in milliseconds. */
export interface Deadlines {
  build: number;
  /** Until a started app is healthy. */
  health: number;
  /** Until an app that refuses connections, but listens elsewhere, is told so. */
  wrongPort: number;
  /** For how long a new release must stay healthy before it takes over from an old one. */
  settle: number;
  /** The same for a build that has served before: only how it gets on with today's data is new. */
  settleAgain: number;
  /** For requests in flight to the old release. */
  drain: number;
  /** Between SIGTERM and SIGKILL. */
  grace: number;
  /** For an engine that is away to come back, before a release fails for it. */
  runtime: number;
  /** For how long an action's answer waits for the action. */
  action: number;
}

export const defaultDeadlines: Deadlines = {
  build: 15 * 60_000,
  health: 60_000,
  wrongPort: 10_000,
  settle: 1_000,
  settleAgain: 200,
  drain: 30_000,
  grace: 10_000,
  runtime: 5 * 60_000,
  action: 20_000,
};

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the steps of carrying out a deployment's wishes work with. */
export interface Worker {
  db: Db;
  log: Log;
  secrets: Secrets;
  projects: Projects;
  volumes: Volumes;
  runtime: Runtime;
  router: Router;
  files: LogFiles;
  logs: AppLogs;
  /** A short id of this BORGOS_HOME. */
  instance: string;
  deadlines: Deadlines;
  detectRecipe: (directory: string, options?: { root?: string | undefined }) => Promise<Recipe>;
  disk: DiskGuard;
  /** Removes what nobody needs. To be called by the build whose turn it is. */
  tidyUp: () => Promise<void>;
  /** Runs one build at a time: two at once would starve a small machine. */
  buildInTurn: InTurn;
}

/** The newest wish is another one by now: what is being done is not wanted any more. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/**
 * Records what a deployment has come to, and tells it, unless a newer wish has overtaken this one.
 * @throws Superseded
 */
export async function record(
  worker: Worker,
  { id, generation }: { id: number; generation: number },
  fields: store.DeploymentFields,
  also?: (db: Db) => Promise<void>,
): Promise<store.DeploymentRow> {
  return transaction(worker.db, async (db) => {
    const before = await store.findStatus(db, id);
    const row = await store.updateDeployment(db, id, fields, generation);
    if (!row) throw new Superseded(`deployment ${id} has a newer wish than ${generation}`);
    await also?.(db);
    await tell(db, row, before, systemActor);
    return row;
  });
}

/** What is recorded of a deployment that nothing serves. */
export const nothingServes = {
  active_revision: null,
  active_generation: null,
  container_id: null,
  process_id: null,
};

/** Appends the event that tells a deployment's state, and which one it had before. */
export async function tell(
  db: Db,
  row: store.DeploymentRow,
  previous_status: DeploymentStatus | undefined,
  actor: Actor,
): Promise<void> {
  const { id, project_id, name, port, status, status_reason, failure_code, stage } = row;
  const revision = row.active_revision ?? row.wanted_revision;
  const data = {
    id,
    project_id,
    name,
    port,
    status,
    ...(previous_status && { previous_status }),
    status_reason,
    failure_code,
    stage,
    revision,
  };
  await appendEvent(db, 'deployment_status', data, actor);
}
