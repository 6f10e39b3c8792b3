import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Answer, HttpServer } from './server.ts';

/** A figure that somebody else knows, asked for when it is scraped. */
export interface Measure {
  /** With the prefix `borgos_` and a unit: `borgos_deployments`. */
  name: string;
  help: string;
  /** What the keys of a record are, if `read` returns one: `status`. */
  label?: string;
  read(): Promise<number | Record<string, number>>;
}

export interface Metrics {
  /** For `createHttpServer`. */
  onAnswer(answer: Answer): void;
  /** Adds `GET /metrics`. */
  serve(http: HttpServer): void;
}

const readTimeoutMs = 2000;

/** Counts what the server answers and measures its process, for Prometheus. */
export function createMetrics(log: Logger, measures: Measure[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const requests = new Histogram({
    name: 'borgos_http_request_duration_seconds',
    help: 'How long requests took, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  for (const measure of measures) addGauge(registry, measure, log);

  return {
    onAnswer({ route, method, status, milliseconds }) {
      requests.observe({ route, method, status }, milliseconds / 1000);
    },
    serve({ fastify }) {
      fastify.get('/metrics', { config: { scope: 'admin:read' } }, async (_request, reply) => {
        reply.header('content-type', registry.contentType);
        return await registry.metrics();
      });
    },
  };
}

function addGauge(registry: Registry, { name, help, label, read }: Measure, log: Logger): void {
  new Gauge({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    async collect() {
      this.reset();
      try {
        const value = await withTimeout(read());
        const byLabel = typeof value === 'number' ? [] : Object.entries(value);
        if (typeof value === 'number') this.set(value);
        for (const [key, one] of byLabel) this.set({ [label ?? 'key']: key }, one);
      } catch (error) {
        // The other figures are needed most when the database is down, so this one is left out.
        this.remove();
        log.warn({ err: error, metric: name }, 'a metric could not be read');
      }
    },
  });
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timeout = delay(readTimeoutMs, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`not read within ${readTimeoutMs} ms`);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timeout.catch(() => {});
    controller.abort();
  }
}
