import path from 'node:path';
import type { Logger } from 'pino';
import { agentMarkers, openAdapters } from './agent-adapters/open-adapters.ts';
import { createAgentZero } from './agent-zero/agent-zero.ts';
import { agentEnvironment } from './agents/agent-environment.ts';
import { readAgentSettings } from './agents/agent-settings.ts';
import { createAgents } from './agents/agents.ts';
import { createAppLogs } from './app-log/app-logs.ts';
import { createAudit } from './audit/audit.ts';
import { createAuth } from './auth/auth.ts';
import { prepareAdministrator } from './auth/prepare-administrator.ts';
import { systemActor } from './caller.ts';
import { type Closing, createClosing } from './closing.ts';
import type { Database } from './database/open.ts';
import { openHomeDatabase } from './database/open-postgres.ts';
import { createReadCache } from './database/read-cache.ts';
import { isUnreachable } from './database/unreachable.ts';
import { createDeploymentMetrics } from './deployment-metrics/metrics.ts';
import { createDeployments, findRuntimeInUse } from './deployments/deployments.ts';
import { createDiskGuard } from './deployments/disk-guard.ts';
import { logFiles } from './deployments/logs.ts';
import { defaultFreePorts, isPortFree, type PortRange } from './deployments/ports.ts';
import { detectRecipe } from './deployments/recipe/detect-recipe.ts';
import { createRedactor } from './deployments/redact.ts';
import type { Runtime } from './deployments/runtime.ts';
import { type Deadlines, defaultDeadlines } from './deployments/worker.ts';
import { createDomains } from './domains/domains.ts';
import { readTrusted } from './domains/read-trusted.ts';
import { createErrorLog } from './error-log/error-log.ts';
import { createErrorFeeds } from './error-log/feeds/error-feeds.ts';
import { createSentryIntake } from './error-log/sentry/intake.ts';
import { appendEvent } from './events/append.ts';
import { createEventFeed } from './events/feed.ts';
import { forgetOldEvents } from './events/retention.ts';
import { everyHour } from './every-hour.ts';
import { claimHome, openHome } from './home.ts';
import { serveDocumentation } from './http/documentation.ts';
import { serveHomePage } from './http/home-page.ts';
import { serveMcp } from './http/mcp-route.ts';
import { createMetrics } from './http/metrics.ts';
import { networkOf } from './http/peer-address.ts';
import { serveSentryIntake } from './http/sentry-intake.ts';
import { createHttpServer } from './http/server.ts';
import { serveWebSocket } from './http/websocket/websocket.ts';
import { createIdempotency } from './idempotency/idempotency.ts';
import { createInTurn } from './in-turn.ts';
import { createJobs } from './jobs/jobs.ts';
import { createMcp } from './mcp/mcp.ts';
import type { ServeClient } from './mcp/protocol-server.ts';
import { createMcpServers, serverMarker } from './mcp-servers/mcp-servers.ts';
import { ownName } from './own-name.ts';
import { createProjectSearch } from './project-search/project-search.ts';
import { createProjects } from './projects/projects.ts';
import { connectProxy } from './proxy-link/proxy-link.ts';
import { openLanguageModel } from './questions/language-model.ts';
import { createQuestions } from './questions/questions.ts';
import { createRateLimits } from './rate-limits/rate-limits.ts';
import { mountRoutes } from './routes.ts';
import { chooseRuntime } from './runtimes/choose-runtime.ts';
import { openServiceContainers } from './runtimes/docker/service-containers.ts';
import { openOwnProcesses } from './runtimes/process/own-processes.ts';
import { findPortHolder } from './runtimes/process/port-holder.ts';
import { listSource } from './runtimes/source.ts';
import { createProjectFiles } from './scan/project-files.ts';
import { createScans } from './scan/scans.ts';
import { technologyKey } from './scan/stack/merge-stack.ts';
import { technologies } from './scan/stack/technologies.ts';
import { createZenith } from './scan/zenith.ts';
import { createSearch } from './search/search.ts';
import { openSecrets } from './secrets/secrets.ts';
import { type Settings, version } from './settings.ts';
import { isLoopback } from './settings-table.ts';
import { createStatus } from './status/status.ts';
import { createVolumes } from './volumes/volumes.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

export interface App {
  database: Database;
  runtime: Runtime;
  /** What a person who starts BorgOS should know is missing. */
  missing: string[];
  /** With which the first administrator is made; only at the start that makes it. */
  setupToken: string | null;
  /** Takes up what an earlier life left, then answers. Returns the address. */
  listen(): Promise<string>;
  /** Lets requests in flight end and gives everything up; what is deployed goes on. */
  close(): Promise<void>;
}

/** How long jobs may take to come to a point where they can be left and taken up again. */
const jobsCloseMs = 5_000;
/** Above what these wait for by themselves: requests in flight, and jobs. */
const closeMs = { http: 12_000, jobs: jobsCloseMs + 2_000, webhooks: 6_000 };

/** Builds BorgOS, top to bottom. What was opened before something failed is closed again. */
export async function createApp(options: {
  settings: Settings;
  log: Logger;
  /** These three: other ones than usual, for tests. */
  deadlines?: Partial<Deadlines>;
  freePorts?: PortRange;
  serveMcpClient?: ServeClient;
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
  {
    settings,
    log,
    deadlines,
    freePorts,
    serveMcpClient,
    stopping,
  }: Parameters<typeof createApp>[0],
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
  const database = await openHomeDatabase({ ...settings, log, closing, stopping });
  const { db, connectionString } = database;
  // Closed last, just before the database.
  const audit = createAudit({ db, home, log });
  closing.add(() => audit.close());
  const secrets = await openSecrets({ home, db, log });
  stopping?.throwIfAborted();

  const feed = await createEventFeed({ database, log });
  closing.add(() => feed.close());
  const auth = createAuth({
    db,
    log,
    feed,
    signingKey: secrets.derive('access tokens'),
    networkOf,
  });
  closing.add(() => auth.close());
  const setupToken = await prepareAdministrator(auth, settings);

  const logs = createAppLogs();
  closing.add(() => logs.close());
  const inUse = await findRuntimeInUse(db);
  const proxyDirectory = path.join(home, 'proxy');
  const processes = await openOwnProcesses({ instance, home }, [...agentMarkers, serverMarker]);
  const machine = { instance, processes, containers: openServiceContainers(instance) };
  const opening = [
    chooseRuntime(settings.runtime, inUse, { ...settings, ...secrets, ...machine, logs, log }),
    connectProxy({ ...settings, directory: proxyDirectory, log }),
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
  const projectSearch = createProjectSearch({ db, cached, technologies, technologyKey });
  const ports = { http: settings.httpPort, https: settings.httpsPort };
  const ownPorts = [settings.port, ...[ports.http, ports.https].filter((port) => port !== null)];
  let url = `http://localhost:${settings.port}`;
  const errorLog = createErrorLog({ db, projects, url: () => url });
  closing.add(() => errorLog.close());
  const volumes = createVolumes({ db, runtime, log });
  const deployments = await createDeployments({
    db,
    cached,
    log,
    projects,
    volumes,
    secrets,
    runtime,
    router: proxy,
    files: logFiles(home),
    logs,
    instance,
    deadlines: { ...defaultDeadlines, ...deadlines },
    detectRecipe,
    disk: createDiskGuard([home, ...runtime.buildFolders]),
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
  const domains = createDomains({
    db,
    feed,
    secrets,
    deployments,
    router: proxy,
    ports,
    acme: settings.acme && { ...settings.acme, ca: await readTrusted(settings.acme.caFile) },
    instance,
    version,
    isLoopback: isLoopback(settings.host),
    log,
  });
  closing.add(() => domains.close());
  const deploymentMetrics = createDeploymentMetrics({ db, runtime, router: proxy, log });
  closing.add(() => deploymentMetrics.close());
  const errorFeeds = createErrorFeeds({ errorLog, output: deployments.output, feed, log });
  closing.add(() => errorFeeds.close());
  const reach = {
    allowLoopback: isLoopback(settings.host) && settings.trustedProxies.length === 0,
    ownPorts: () => ownPorts,
  };
  const receivers = { ...reach, allow: settings.webhookAllow };
  const webhooks = createWebhooks({ db, feed, secrets, reach: receivers, log });
  closing.add(() => webhooks.close(), closeMs.webhooks);
  const { searchPath, autoScan } = settings;
  const parts = { database, feed, jobs, projects, errorLog, deployments, home, instance, log };
  const scans = await createScans({ db, ...parts, searchPath, autoScan });
  closing.add(() => scans.close());
  const search = createSearch({ ...settings, db, feed, projects, log });
  closing.add(() => search.close());
  const agentSettings = readAgentSettings(home);
  const environment = agentEnvironment(settings);
  const mcpServers = createMcpServers({
    ...{ db, secrets, environment, processes, instance, version, createRedactor, log },
    reach: { ...reach, allow: settings.mcpAllow },
  });
  closing.add(() => mcpServers.close());
  const { adapters, agentZero: control } = openAdapters({
    ...{ ...settings, ...machine, environment, version, isPortFree, findPortHolder, log },
    configured: agentSettings.agents,
  });
  const listening = Promise.withResolvers<string>();
  const mcpPlace = { tokens: auth.tokens, address: listening.promise };
  const given = { adapters, searchPath, environment, createRedactor, mcpPlace };
  const agents = await createAgents({ ...parts, ...given, settings: agentSettings });
  closing.add(() => agents.close());
  const zenith = createZenith({ folders: settings.zenithPath, projects, scans, searchPath, log });
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
      recent_errors: await errorLog.countRecent(),
    }),
  });
  closing.add(() => status.close());

  const metrics = createMetrics(
    log,
    [
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
    ],
    deploymentMetrics.figures,
  );
  const rateLimits = await createRateLimits({ database, log });
  closing.add(() => rateLimits.close());
  const fingerprintKey = secrets.derive('idempotency');
  const idempotency = createIdempotency({ db, ...secrets, fingerprintKey, log });
  const http = createHttpServer({
    ...settings,
    allowedHosts: [...settings.allowedHosts, ...ownName(settings.host)],
    log,
    localTrust: settings.auth === 'local',
    authenticate: auth.authenticate,
    isOwn: runtime.ownsConnection,
    isPassing: isUnreachable,
    rateLimits,
    idempotency,
    onAnswer: metrics.onAnswer,
  });
  closing.add(() => http.close(), closeMs.http);
  const serving = { operations: http.operations, serveClient: serveMcpClient };
  const mcp = createMcp({ ...serving, servers: mcpServers, version, log });
  closing.add(() => mcp.close());
  const model = openLanguageModel(settings);
  const questions = createQuestions({ db, tools: mcp.agentTools, model, log });
  mountRoutes(http, {
    status,
    projects,
    projectFiles: createProjectFiles({ projects }),
    projectSearch,
    scans,
    zenith,
    search,
    deployments,
    volumes,
    domains,
    deploymentMetrics,
    errorLog,
    auth,
    audit,
    agents,
    agentZero: createAgentZero({ db, agents, control, log }),
    webhooks,
    mcp,
    mcpServers,
    questions,
  });
  serveMcp(http, mcp);
  closing.add(
    everyHour(log, [
      auth.forgetOld,
      idempotency.forgetOld,
      errorLog.forgetOld,
      webhooks.forgetOld,
      deploymentMetrics.forgetOld,
      deployments.tidyUp,
      volumes.recover,
      questions.forgetOld,
      agents.forgetOld,
      () => forgetOldEvents(db),
    ]),
  );
  serveSentryIntake(http, createSentryIntake({ errorLog, rateLimits }));
  metrics.serve(http);
  serveWebSocket(http, { feed, logs: deployments.liveLogs, authenticate: auth.authenticate });
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
    setupToken,
    async listen() {
      await deployments.recover();
      await volumes.recover();
      await domains.start();
      await deploymentMetrics.start();
      errorFeeds.start();
      await scans.recover();
      await search.start();
      await control.recover();
      await agents.recover();
      await mcpServers.recover();
      webhooks.start();
      stopping?.throwIfAborted();
      const address = await http.listen();
      const { port } = new URL(address);
      ownPorts.push(Number(port));
      url = `http://localhost:${port}`;
      listening.resolve(address);
      await appendEvent(db, 'system_status', { status: 'started', version }, systemActor);
      closing.add(() =>
        appendEvent(db, 'system_status', { status: 'stopping', version }, systemActor),
      );
      return address;
    },
    close: () => closing.run(),
  };
}
