import path from 'node:path';
import { api } from '@borgos/contracts';
import type { Logger } from 'pino';
import { type Closing, createClosing } from './closing.ts';
import { startEmbeddedPostgres } from './database/embedded.ts';
import { recordDatabase, refuseOtherDatabase } from './database/identity.ts';
import { migrate } from './database/migrate.ts';
import { type Database, openDatabase } from './database/open.ts';
import { createReadCache } from './database/read-cache.ts';
import { createDeployments, findRuntimeInUse } from './deployments/deployments.ts';
import { deploymentHandlers } from './deployments/handlers.ts';
import { logFiles } from './deployments/logs.ts';
import { defaultFreePorts, isPortFree, type PortRange } from './deployments/ports.ts';
import { detectRecipe } from './deployments/recipe/detect-recipe.ts';
import type { Runtime } from './deployments/runtime.ts';
import { type Deadlines, defaultDeadlines } from './deployments/worker.ts';
import { createEventFeed } from './events/feed.ts';
import { claimHome, openHome } from './home.ts';
import { serveDocumentation } from './http/documentation.ts';
import { serveHomePage } from './http/home-page.ts';
import { createMetrics } from './http/metrics.ts';
import { mount } from './http/mount.ts';
import { createHttpServer } from './http/server.ts';
import { createInTurn } from './in-turn.ts';
import { createJobs } from './jobs/jobs.ts';
import { projectHandlers } from './projects/handlers.ts';
import { createProjects } from './projects/projects.ts';
import { connectProxy } from './proxy-link/proxy-link.ts';
import { chooseRuntime } from './runtimes/choose-runtime.ts';
import { listSource } from './runtimes/source.ts';
import { type Settings, version } from './settings.ts';
import { statusHandlers } from './status/handlers.ts';
import { createStatus } from './status/status.ts';

export interface App {
  database: Database;
  runtime: Runtime;
  /** What a person who starts BorgOS should know is missing. */
  missing: string[];
  /** Takes up what an earlier life left, then answers. Returns the address. */
  listen(): Promise<string>;
  /** Lets requests in flight end and gives everything up; what is deployed goes on. */
  close(): Promise<void>;
}

/** How long jobs may take to come to a point where they can be left and taken up again. */
const jobsCloseMs = 5_000;
/** Above what these wait for by themselves: requests in flight, jobs, and PostgreSQL's last writes. */
const closeMs = { http: 12_000, jobs: jobsCloseMs + 2_000, postgres: 40_000 };

/** Builds BorgOS, top to bottom. What was opened before something failed is closed again. */
export async function createApp(options: {
  settings: Settings;
  log: Logger;
  /** These two: other ones than usual, for tests. */
  deadlines?: Partial<Deadlines>;
  freePorts?: PortRange;
  /** Breaks the start off, between two steps. */
  stopping?: AbortSignal;
}): Promise<App> {
  const { log } = options;
  const closing = createClosing((error) => log.error({ err: error }, 'a part did not close'));
  try {
    return await build(options, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function build(
  { settings, log, deadlines, freePorts, stopping }: Parameters<typeof createApp>[0],
  closing: Closing,
): Promise<App> {
  const { home } = settings;
  if (settings.port !== 0 && !(await isPortFree(settings.port))) {
    throw new Error(
      `Port ${settings.port} is already in use: BorgOS may run already, or another program has it. Stop that, or choose another port with BORGOS_PORT.`,
    );
  }
  const { instance } = await openHome(home);
  closing.add(claimHome(home));
  const database = await openPostgres(settings, log, closing);
  stopping?.throwIfAborted();
  const { db, connectionString } = database;
  // Before the migrations: a database that is refused stays as it is.
  await refuseOtherDatabase(database, home);
  await migrate({ connectionString, log });
  await recordDatabase(database, home);
  stopping?.throwIfAborted();

  const feed = await createEventFeed({ database, log });
  closing.add(() => feed.close());
  const inUse = await findRuntimeInUse(db);
  const proxyDirectory = path.join(home, 'proxy');
  const opening = [
    chooseRuntime(settings.runtime, inUse, { ...settings, instance, log }),
    connectProxy({ directory: proxyDirectory, host: settings.host, log }),
    createJobs({ connectionString, log }),
  ] as const;
  // All of them, as what one that failed leaves open could not be closed; and in this order, as
  // jobs use the two others until they are closed.
  const [choosing, connecting, startingJobs] = await Promise.allSettled(opening);
  if (choosing.status === 'fulfilled') closing.add(() => choosing.value.runtime.close());
  if (connecting.status === 'fulfilled') closing.add(() => connecting.value.close());
  if (startingJobs.status === 'fulfilled') {
    closing.add(() => startingJobs.value.close(jobsCloseMs), closeMs.jobs);
  }
  const [{ runtime, missing }, proxy, jobs] = await Promise.all(opening);
  stopping?.throwIfAborted();

  const cached = createReadCache(database);
  const projects = createProjects({ db, cached, roots: settings.projectRoots });
  const ownPorts = [settings.port];
  const deployments = await createDeployments({
    db,
    cached,
    log,
    projects,
    runtime,
    router: proxy,
    files: logFiles(home),
    instance,
    deadlines: { ...defaultDeadlines, ...deadlines },
    detectRecipe,
    buildInTurn: createInTurn(),
    feed,
    jobs,
    ownPorts,
    freePorts: freePorts ?? defaultFreePorts,
    async measureSource(directory, signal) {
      const { entries, bytes } = await listSource(directory, { signal });
      return { files: entries.filter(({ kind }) => kind === 'file').length, bytes };
    },
  });
  closing.add(() => deployments.close());
  const status = createStatus({
    home,
    version,
    database: database.description,
    runtime: runtime.description,
    isReady: () => !http.draining,
    db,
    counts: async () => ({
      active_deployments: await deployments.countActive(),
      total_projects: await projects.count(),
      recent_errors: await deployments.countRecentFailures(),
    }),
  });
  closing.add(() => status.close());

  const metrics = createMetrics(log, [
    {
      name: 'borgos_projects',
      help: 'How many projects are registered.',
      read: () => projects.count(),
    },
    {
      name: 'borgos_deployments',
      help: 'How many deployments there are, by status.',
      label: 'status',
      read: () => deployments.countByStatus(),
    },
  ]);
  const http = createHttpServer({ ...settings, log, onAnswer: metrics.onAnswer });
  closing.add(() => http.close(), closeMs.http);
  mount(http, api.status, statusHandlers(status));
  mount(http, api.projects, projectHandlers(projects, deployments));
  mount(http, api.deployments, deploymentHandlers(deployments));
  metrics.serve(http);
  serveDocumentation(http, version);
  serveHomePage(http, async () => {
    const { items, total } = await deployments.list({ limit: 50 });
    return {
      version,
      database: database.description,
      runtime: runtime.description,
      uptimeSeconds: Math.floor(process.uptime()),
      projects: await projects.count(),
      deployments: items,
      deploymentsTotal: total,
    };
  });

  return {
    database,
    runtime,
    missing: missing ? [missing] : [],
    async listen() {
      await deployments.recover();
      stopping?.throwIfAborted();
      const url = await http.listen();
      ownPorts.push(Number(new URL(url).port));
      return url;
    },
    close: () => closing.run(),
  };
}

/** The user's PostgreSQL, or one of our own. */
async function openPostgres(
  { home, databaseUrl }: Settings,
  log: Logger,
  closing: Closing,
): Promise<Database> {
  if (databaseUrl) {
    const database = await openDatabase({ source: { databaseUrl }, log });
    closing.add(() => database.close());
    return database;
  }
  const embedded = await startEmbeddedPostgres({ home, log });
  closing.add(() => embedded.stop(), closeMs.postgres);
  const database = await openDatabase({ source: { embedded }, log });
  closing.add(() => database.close());
  return database;
}
