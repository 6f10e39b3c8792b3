import { openControlAddress } from '@borgos/proxy/control-address';
import type { Route as ProxyRoute } from '@borgos/proxy/route';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Route, Router } from '../deployments/router.ts';
import type { DomainRouter } from '../domains/domain-router.ts';
import { ReleaseFailure } from '../errors.ts';
import { createControlClient, ProxyRefusal, ProxyUnreachable } from './control-client.ts';
import { createProxyKeeper } from './proxy-keeper.ts';
import { createProxyProcess } from './proxy-process.ts';
import { createDomainLink } from './serve-domains.ts';

export interface ProxyLinkOptions {
  /** Where the proxy keeps its routes, its control socket and its log; made if it isn't there. */
  directory: string;
  /** The address that visitors' ports are bound on: `127.0.0.1`. */
  host: string;
  /** Addresses and CIDR ranges whose `X-Forwarded-*` headers are believed; default: none. */
  trustedProxies?: string[];
  log: Pick<Logger, 'debug' | 'warn' | 'error'>;
}

export interface ProxyLink extends Router, DomainRouter {
  /** Of the proxy that serves now; another one after it was restarted. */
  readonly pid: number;
  /** Lets go of the proxy, which goes on serving its routes; one without routes is ended. */
  close(): Promise<void>;
  /** Ends the proxy. Its routes stay written down and are served again by the next one. */
  shutdown(): Promise<void>;
}

const CALL_MS = 5_000;
const END_MS = 5_000;
const COUNTS_MS = 2_000;

const count = z.number().min(0);
const countList = z.object({
  counts: z.array(
    z.object({
      deploymentId: z.int(),
      epoch: z.string(),
      answered: z.object({ '2xx': count, '3xx': count, '4xx': count, '5xx': count }),
      proxyErrors: count,
      aborted: count,
      upgraded: count,
      latency: z.array(z.tuple([z.number(), count])),
      connections: count,
    }),
  ),
});

const routeList = z.object({
  routes: z.array(
    z.object({
      deploymentId: z.int(),
      port: z.int(),
      target: z.object({ host: z.string(), port: z.int() }).nullable(),
      problem: z.string().nullable(),
    }),
  ),
});

/**
 * Adopts the proxy that runs for the directory, or starts one; it is watched and started again when
 * it ends. A call that finds no proxy waits for the next one and is made once more: every call is
 * idempotent.
 */
export async function connectProxy(options: ProxyLinkOptions): Promise<ProxyLink> {
  const { directory, host, trustedProxies = [], log } = options;
  const proxy = createProxyProcess(directory);
  const address = openControlAddress(directory);
  const client = createControlClient(address.path);
  const keeper = createProxyKeeper(client, proxy, log);
  let closed = false;

  async function call(method: string, path: string, body?: unknown, extraMs = 0) {
    try {
      return await client.call(method, path, body, CALL_MS + extraMs);
    } catch (error) {
      if (!(error instanceof ProxyUnreachable) || closed) throw error;
      await keeper.ensure();
      return await client.call(method, path, body, CALL_MS + extraMs);
    }
  }

  async function disconnect(onlyIfUnused: boolean): Promise<void> {
    if (closed) return;
    closed = true;
    await keeper.release();
    try {
      const answer = await client.call('POST', '/shutdown', { onlyIfUnused }, CALL_MS);
      if (z.object({ ends: z.boolean() }).parse(answer).ends) await keeper.waitForEnd(END_MS);
    } catch (error) {
      if (!(error instanceof ProxyUnreachable)) throw error;
    } finally {
      keeper.leave();
      address.close();
    }
  }

  try {
    await keeper.ensure();
  } catch (error) {
    address.close();
    throw error;
  }
  return {
    get pid() {
      return keeper.pid();
    },

    async route({ deploymentId, port, target }: Route) {
      const route: ProxyRoute = { deploymentId, host, port, target, trustedProxies };
      try {
        await call('PUT', `/routes/${deploymentId}`, route);
      } catch (error) {
        if (!(error instanceof ProxyRefusal)) throw error;
        const code = error.code === 'PORT_IN_USE' ? 'PORT_IN_USE' : 'INTERNAL';
        throw new ReleaseFailure(code, error.message, { cause: error });
      }
    },

    async drain(deploymentId, target, timeoutMs) {
      const { host, port } = target;
      const body = { target: { host, port }, timeoutMs };
      await call('POST', `/routes/${deploymentId}/drain`, body, timeoutMs);
    },

    async unroute(deploymentId, timeoutMs) {
      await call('POST', `/routes/${deploymentId}/remove`, { timeoutMs }, timeoutMs);
    },

    async list() {
      return routeList.parse(await call('GET', '/routes')).routes;
    },

    async counts() {
      try {
        return countList.parse(await client.call('GET', '/counts', undefined, COUNTS_MS)).counts;
      } catch (error) {
        // It outlives its server, so it may be one from before it could count.
        if (error instanceof ProxyRefusal && error.code === 'UNKNOWN') return null;
        throw error;
      }
    },

    ...createDomainLink(directory, host, call),

    close: () => disconnect(true),
    shutdown: () => disconnect(false),
  };
}
