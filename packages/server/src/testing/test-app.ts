import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { api } from '@borgos/contracts';
import type { Deployment, DeploymentStatus } from '@borgos/contracts/deployments';
import type { Endpoint } from '@borgos/contracts/endpoint';
import { errorBody } from '@borgos/contracts/errors';
import { events } from '@borgos/contracts/events';
import { pageOf } from '@borgos/contracts/page';
import { type Client, createClient } from '@borgos/sdk';
import { sql } from 'kysely';
import { type Logger, pino } from 'pino';
import { z } from 'zod';
import { type App, createApp } from '../app.ts';
import type { Deadlines } from '../deployments/worker.ts';
import type { ServeClient } from '../mcp/protocol-server.ts';
import type { Settings } from '../settings.ts';
import { cloneDatabase } from './cloned-database.ts';
import { waitFor } from './wait-for.ts';

/** Any JSON: tests look into it, and a wrong path in it fails their expectations. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

export interface TestApp {
  app: App;
  url: string;
  home: string;
  client: Client;
  /** A raw call, answered with whatever status; its body has been checked against its schema. */
  request(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; headers: Headers; body: Json }>;
  /** Waits until a deployment has one of the states. */
  until(id: number, ...states: DeploymentStatus[]): Promise<Deployment>;
  /** The events about the object of that id, oldest first. */
  eventsOf(id: number): Promise<{ type: string; data: unknown }[]>;
  close(): Promise<void>;
}

const endpoints: Endpoint[] = Object.values(api).flatMap((resource) => Object.values(resource));

/** A whole BorgOS on a database and a home of its own, and a free port. */
export async function startTestApp({
  settings = {},
  deadlines = {},
  log = pino({ level: 'silent' }),
  agents,
  serveMcpClient,
}: {
  settings?: Partial<Settings>;
  deadlines?: Partial<Deadlines>;
  log?: Logger;
  /** What is in `agents.json`. */
  agents?: object;
  serveMcpClient?: ServeClient;
} = {}): Promise<TestApp> {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-home-'));
  if (agents) await writeFile(path.join(home, 'agents.json'), JSON.stringify(agents));
  const database = await cloneDatabase();
  const app = await createApp({
    settings: { ...testSettings, databaseUrl: database.databaseUrl, home, ...settings },
    deadlines,
    freePorts: ownFreePorts(),
    log,
    ...(serveMcpClient && { serveMcpClient }),
  });
  const url = await app.listen();
  const client = createClient({
    baseUrl: url,
    onResponse: (endpoint, status, body) => assertSchema(endpoint, status, body),
  });

  return {
    app,
    url,
    home,
    client,
    async request(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      const answer: Json = await response.json();
      const endpoint = endpointOf(method, path);
      if (endpoint) assertSchema(endpoint, response.status, answer);
      else errorBody.parse(answer);
      return { status: response.status, headers: response.headers, body: answer };
    },
    until: (id, ...states) =>
      waitFor(`deployment ${id} to be ${states.join(' or ')}`, async () => {
        const deployment = await client.deployments.get({ id });
        return states.includes(deployment.status) && deployment;
      }),
    async eventsOf(id) {
      const rows = await app.database.db
        .selectFrom('events')
        .select(['type', 'data'])
        .where(sql<boolean>`(data ->> 'id')::integer = ${id}`)
        .orderBy('seq')
        .execute();
      for (const { type, data } of rows) events[type].parse(data);
      return rows;
    },
    async close() {
      await app.close();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const testSettings: Omit<Settings, 'home' | 'databaseUrl'> = {
  host: '127.0.0.1',
  port: 0,
  httpPort: null,
  httpsPort: null,
  acme: null,
  auth: 'local',
  adminPassword: undefined,
  allowedHosts: [],
  allowedOrigins: [],
  trustedProxies: [],
  webhookAllow: [],
  mcpAllow: [],
  rateLimit: null,
  runtime: 'process',
  projectRoots: [],
  autoScan: false,
  zenithPath: [],
  llmUrl: undefined,
  llmApiKey: undefined,
  llmModel: undefined,
  embeddingModel: undefined,
  zoektUrl: undefined,
  agentZero: {
    directory: undefined,
    image: undefined,
    port: 8085,
    url: undefined,
    python: undefined,
  },
  searchPath: process.env.PATH,
  networkEnvironment: {},
  variables: () => ({}),
  logLevel: 'silent',
  warnings: [],
};

/** Of this process alone: test files run side by side, and would take each other's free ports. */
function ownFreePorts() {
  const first = 10_000 + (process.pid % 100) * 100;
  return { first, last: first + 99 };
}

function endpointOf(method: string, path: string): Endpoint | undefined {
  const [plain = ''] = path.split('?');
  return endpoints.find(
    (endpoint) =>
      endpoint.method === method &&
      new RegExp(`^${endpoint.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
}

/** Every answer of every test is what the contract says. */
function assertSchema(endpoint: Endpoint, status: number, body: unknown): void {
  const success = [endpoint.status, endpoint.otherStatus].includes(status as Endpoint['status']);
  const item = endpoint.response;
  const schema = endpoint.list ? z.union([z.array(item), pageOf(item)]) : item;
  (success ? schema : errorBody).parse(body);
}
