import path from 'node:path';
import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { DeployPlan } from '@borgos/contracts/deploy-plan';
import type { DeploymentLog } from '@borgos/contracts/deployment-logs';
import type { Deployment, DeploymentStatus } from '@borgos/contracts/deployments';
import type { ListResult, NdjsonStream, ParsedInput } from '@borgos/contracts/endpoint';
import type { DeploymentRestart, DeploymentRevision } from '@borgos/contracts/revisions';
import type { ReadCache } from '../database/read-cache.ts';
import type { Db } from '../database/transaction.ts';
import { AppError, notFound, ReleaseFailure } from '../errors.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { type Accepted, acceptDeploy, assertLimits, type DeployBody } from './accept-deploy.ts';
import { createConverger } from './converge.ts';
import { listCrashes } from './crash-store.ts';
import { createDeploymentLogs, type LiveLogs, type LogsQuery } from './deployment-logs.ts';
import { removeGarbage } from './garbage.ts';
import { rememberRedactors } from './log-reader.ts';
import { appSource, type LogSource } from './log-source.ts';
import { slug } from './names.ts';
import type { PortRange } from './ports.ts';
import { listHistory } from './revision-history.ts';
import { redactorOf } from './revision-secrets.ts';
import * as revisionStore from './revision-store.ts';
import { type RolledBack, rollBack } from './roll-back.ts';
import type { Runtime } from './runtime.ts';
import * as store from './store.ts';
import { createSupervisor } from './supervise.ts';
import {
  act,
  assertStays,
  callOff,
  queue,
  runAgain,
  statusAfter,
  stopped,
  wishHealed,
} from './wishes.ts';
import type { Worker } from './worker.ts';

export type { KeptVolume } from './runtime.ts';

/** What volumes need of what runs deployments. */
export type VolumeRuntime = Pick<Runtime, 'name' | 'list' | 'locateVolumes' | 'removeVolume'>;

type Endpoints = (typeof api)['deployments'];

interface Page {
  limit: number;
  offset?: number | undefined;
}

export interface Deployments {
  list(filter: ParsedInput<Endpoints['list']>): Promise<ListResult<Deployment>>;
  listOfProject(projectId: number): Promise<Deployment[]>;
  get(id: number): Promise<Deployment>;
  /** How many have something that serves. */
  countActive(): Promise<number>;
  countByStatus(): Promise<Partial<Record<DeploymentStatus, number>>>;
  /** Durably accepts a deploy or redeploy; a job carries it out. */
  deploy(body: DeployBody, actor: Actor): Promise<Accepted>;
  /** How a project would be built and started; changes nothing. */
  plan(body: DeployBody, signal: AbortSignal): Promise<DeployPlan>;
  /** Each waits, at most `deadlines.action`, until it is done; the status says how far it came. */
  stop(id: number, actor: Actor): Promise<DeploymentStatus>;
  start(id: number, actor: Actor): Promise<DeploymentStatus>;
  restart(id: number, actor: Actor): Promise<DeploymentStatus>;
  /** Ends what is being brought up; `cancelled` says whether there was anything. */
  cancel(id: number, actor: Actor): Promise<{ status: DeploymentStatus; cancelled: boolean }>;
  /** To a revision, or to the last that served before the one that does. */
  rollback(id: number, revision: number | undefined, actor: Actor): Promise<RolledBack>;
  revisions(id: number, page: Page): Promise<ListResult<DeploymentRevision>>;
  restarts(id: number, page: Page): Promise<ListResult<DeploymentRestart>>;
  /** Returns whether it is gone by now, and what is kept of it. */
  delete(id: number, actor: Actor): Promise<{ isGone: boolean; volumes: Remaining }>;
  /** What deployments print, as it is in their files: secrets and all. */
  readonly output: AppOutput;
  /** Removes what nobody needs any more, when no build is under way. */
  tidyUp(): Promise<void>;
  logs(id: number, query: LogsQuery, signal: AbortSignal): Promise<DeploymentLog>;
  /** The same as a stream of lines. */
  streamLogs(id: number, query: LogsQuery, signal: AbortSignal): Promise<NdjsonStream>;
  readonly liveLogs: LiveLogs;
  /** Takes up what an earlier life left, before anything is asked of this one. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

type Remaining = { id: number; name: string }[];

export type { LiveLogs };

/** What one deployment prints. */
export interface OutputLog extends Pick<LogSource, 'bounds' | 'read' | 'readBack'> {
  /** Names the log, which offsets are of; `undefined`: there is none yet. */
  id(): Promise<string | undefined>;
}

export interface AppOutput {
  /** Those that print, or did a moment ago. */
  listSources(): Promise<{ id: number; project_id: number }[]>;
  log(id: number): OutputLog;
  /** Takes the deployment's secrets out of a text. */
  redact(id: number, text: string): Promise<string>;
}

export interface DeploymentsOptions extends Omit<Worker, 'tidyUp'> {
  cached: ReadCache;
  feed: EventFeed;
  jobs: Jobs;
  /** Ports of this machine that BorgOS itself uses. */
  ownPorts: number[];
  /** Where a port is looked for when none is named. */
  freePorts: PortRange;
  measureSource: (
    directory: string,
    signal: AbortSignal,
  ) => Promise<{ files: number; bytes: number }>;
}

/** How long it waits for builds that are under way: the next hour comes anyway. */
const tidyWithinMs = 30 * 60_000;

/**
 * What runs the deployments that serve now; `null` when none does. Another runtime would see
 * nothing of them: it would start them a second time, and never stop the first ones.
 */
export function findRuntimeInUse(db: Db): Promise<'docker' | 'process' | null> {
  return store.findRuntimeInUse(db);
}

/** What of the projects runs, and on which ports. */
export async function createDeployments(options: DeploymentsOptions): Promise<Deployments> {
  const { db, jobs, feed, projects, files, deadlines } = options;
  const worker: Worker = {
    ...options,
    tidyUp: () => removeGarbage(worker, converger, { cache: true }),
  };
  const converger = createConverger(worker);
  const supervisor = createSupervisor(worker, converger, (row, reason) =>
    wishHealed(jobs, db, row, reason),
  );
  const accepting = { ...options, portsInHand: new Set<number>() };
  const acting = { db, jobs, feed, waitMs: deadlines.action };

  await jobs.define<{ id: number }>({
    name: queue,
    // A job is only the knock at the door: it must not wait behind one that builds for minutes.
    concurrency: 1,
    expireInSeconds: 60,
    run: async ({ id }) => converger.start(id),
  });

  const deploymentLogs = createDeploymentLogs({
    ...{ logs: options.logs, files },
    redactorFor: rememberRedactors((id) => redactorOf(options, id)),
    exists: async (id) => (await store.findRow(db, id)) !== undefined,
    isBuilding: async (id, revision) => {
      const row = await store.findRow(db, id);
      return row?.wanted_revision === revision && ['queued', 'building'].includes(row.status);
    },
  });

  async function newestBuild(id: number): Promise<number> {
    const { revision } = await get(id);
    const [newest] = await revisionStore.listBuilds(db, id);
    return newest?.number ?? revision;
  }

  async function get(id: number): Promise<Deployment> {
    const deployment = await store.findDeployment(db, id);
    if (!deployment) throw notFound('Deployment', id);
    return deployment;
  }

  return {
    get,
    countActive: () => store.countActive(db),
    countByStatus: () => store.countByStatus(db),
    list: ({ limit, offset = 0, envelope: _, ...filter }) =>
      options.cached(`deployments ${JSON.stringify([limit, offset, filter])}`, () =>
        store.listDeployments(db, filter, { limit, offset }),
      ),
    listOfProject: async (project_id) =>
      (await store.listDeployments(db, { project_id }, { limit: 1000, offset: 0 })).items,

    async deploy(body, actor) {
      const project = await projects.get(body.project_id);
      await projects.getDirectory(project);
      assertLimits(body);
      return acceptDeploy({ ...accepting, actor }, body, body.name ?? slug(project.name));
    },

    async plan(body, signal) {
      const directory = await projects.getDirectory(await projects.get(body.project_id));
      assertLimits(body);
      return makePlan(options, directory, body.root ?? undefined, signal);
    },

    async stop(id, actor) {
      const acted = await act(acting, { id, actor }, async (_, row) => {
        assertStays(row);
        return row.desired === 'stopped' ? undefined : stopped;
      });
      return statusAfter(acted, id);
    },
    async start(id, actor) {
      const acted = await act(acting, { id, actor }, async (db, row) => {
        assertStays(row);
        return isUp(row) ? undefined : runAgain(db, row);
      });
      return statusAfter(acted, id);
    },
    async restart(id, actor) {
      const acted = await act(acting, { id, actor }, async (db, row) => {
        assertStays(row);
        return runAgain(db, row);
      });
      return statusAfter(acted, id);
    },
    async cancel(id, actor) {
      const acted = await act(acting, { id, actor }, async (_, row) => {
        assertStays(row);
        return callOff(row);
      });
      return { status: statusAfter(acted, id), cancelled: acted.wished };
    },
    rollback: (id, revision, actor) => rollBack({ ...options, acting, actor }, id, revision),
    async revisions(id, { limit, offset = 0 }) {
      const row = await store.findRow(db, id);
      if (!row) throw notFound('Deployment', id);
      return listHistory(options, row, { limit, offset });
    },
    async restarts(id, { limit, offset = 0 }) {
      await get(id);
      return listCrashes(db, id, { limit, offset });
    },
    async delete(id, actor) {
      const volumes = await options.volumes.listOfDeployment(id);
      const { deployment } = await act(acting, { id, actor }, async (_, row) =>
        row.desired === 'deleted' ? undefined : { ...stopped, desired: 'deleted' },
      );
      return { isGone: !deployment, volumes };
    },

    output: {
      listSources: () => store.listPrinting(db),
      log: (id) => ({
        ...appSource(options.logs, files.app(id)),
        id: () => options.logs.id(files.app(id)),
      }),
      redact: async (id, text) => (await redactorOf(options, id)).text(text),
    },

    async logs(id, query, signal) {
      return deploymentLogs.read(id, query, await newestBuild(id), signal);
    },
    async streamLogs(id, query, signal) {
      return deploymentLogs.stream(id, query, await newestBuild(id), signal);
    },
    liveLogs: deploymentLogs.live,

    tidyUp: () =>
      options.buildInTurn(
        () => removeGarbage(worker, converger, { cache: false }),
        AbortSignal.timeout(tidyWithinMs),
      ),

    async recover() {
      await supervisor.reconcile();
      supervisor.watch();
    },
    async close() {
      await supervisor.close();
      await converger.close();
    },
  };
}

function isUp({ desired, status }: store.DeploymentRow): boolean {
  return desired === 'running' && ['queued', 'building', 'starting', 'running'].includes(status);
}

async function makePlan(
  { detectRecipe, runtime, measureSource }: DeploymentsOptions,
  directory: string,
  root: string | undefined,
  signal: AbortSignal,
): Promise<DeployPlan> {
  try {
    const recipe = await detectRecipe(directory, { root });
    const { dockerfile, baseImage } = await runtime.preview(recipe);
    const { stack, foundBy, install, build, start, port, notes } = recipe;
    return {
      stack,
      found_by: foundBy,
      runtime: runtime.name,
      base_image: baseImage,
      dockerfile,
      install,
      build,
      start,
      port,
      root: recipe.root ?? null,
      ...(await measureSource(path.join(directory, recipe.root ?? '.'), signal)),
      notes,
    };
  } catch (error) {
    if (!(error instanceof ReleaseFailure)) throw error;
    const code = error.code === 'STACK_NOT_FOUND' ? error.code : 'UNPROCESSABLE';
    throw new AppError(code, error.message, { cause: error });
  }
}
