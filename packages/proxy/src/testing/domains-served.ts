import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AgentOptions, type Agent as SecureAgent, request as secureRequest } from 'node:https';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { selfSigned } from '../../../server/src/webhooks/sending/testing/self-signed.ts';
import type { DomainState } from '../domain-state.ts';
import { createDomainTable, type DomainTable } from '../domain-table.ts';
import type { Target } from '../route.ts';
import { createRouteTable, type RouteTable } from '../route-table.ts';
import { temporaryDirectory } from './start-proxy.ts';
import { freePort } from './targets.ts';

export interface DomainsServed {
  table: RouteTable;
  domains: DomainTable;
  directory: string;
  /** The shared ports. */
  http: number;
  https: number;
  /** Routes a deployment, on a port of its own. */
  route(deploymentId: number, target: Target | null, trustedProxies?: string[]): Promise<void>;
  /** Serves these domains, in clear and within TLS. */
  serve(state: Partial<DomainState>): Promise<void>;
}

/** Domains behind a proxy in this process, until the test ends. */
export async function domainsServed(): Promise<DomainsServed> {
  const directory = await temporaryDirectory();
  const table = await createRouteTable(
    [],
    async () => {},
    () => {},
  );
  const domains = await createDomainTable({
    initial: { http: null, https: null, domains: [], challenges: [] },
    directory,
    site: table.site,
    save: async () => {},
    log: () => {},
  });
  onTestFinished(async () => {
    domains.stop();
    await table.stop(0);
  });
  const [http, https] = [await freePort(), await freePort()];
  const host = '127.0.0.1';
  return {
    table,
    domains,
    directory,
    http,
    https,
    async route(deploymentId, target, trustedProxies = []) {
      const port = await freePort();
      await table.put({ deploymentId, host, port, target, trustedProxies });
    },
    async serve(state) {
      const ports = { http: { host, port: http }, https: { host, port: https } };
      await domains.put({ ...ports, domains: [], challenges: [], ...state });
    },
  };
}

export interface TestCertificate {
  /** Of its file. */
  name: string;
  /** With which it is trusted. */
  cert: string;
}

/** A certificate where the proxy looks for it. */
export async function putCertificate(directory: string, domain: string): Promise<TestCertificate> {
  const until = new Date(Date.now() + 86_400_000);
  const { cert, key } = selfSigned([domain], new Date(Date.now() - 86_400_000), until);
  const name = `${createHash('sha256').update(cert).digest('hex')}.pem`;
  await mkdir(join(directory, 'certificates'), { recursive: true });
  await writeFile(join(directory, 'certificates', name), key + cert, { mode: 0o600 });
  return { name, cert };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Of the answer's connection, as it is called by this side. */
  localPort: number | undefined;
}

/** A visitor of a domain on this machine, whatever DNS says of it. */
export async function visit(
  url: string,
  options: {
    method?: string;
    headers?: Record<string, string>;
    /** What is asked for on the request line, in place of the path. */
    target?: string;
    agent?: SecureAgent;
  } & AgentOptions = {},
): Promise<Answer> {
  const { hostname, port, pathname, protocol } = new URL(url);
  const { headers = {}, target = pathname, agent, ...rest } = options;
  const send = protocol === 'https:' ? secureRequest : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = send({
    servername: hostname,
    ...rest,
    host: '127.0.0.1',
    port,
    path: target,
    headers: { Host: `${hostname}:${port}`, ...headers },
    agent: agent ?? false,
  });
  outgoing.on('error', reject);
  outgoing.on('response', (incoming) => {
    const { localPort } = incoming.socket;
    let text = '';
    incoming.setEncoding('utf8');
    incoming.on('error', reject);
    incoming.on('data', (piece: string) => {
      text += piece;
    });
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, localPort }),
    );
  });
  outgoing.end();
  return promise;
}
