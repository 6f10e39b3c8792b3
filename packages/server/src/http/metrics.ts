import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
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

/** Figures of several objects, told apart by labels; asked for when they are scraped. */
export interface Figure {
  /** With the prefix `borgos_` and a unit; that of a counter ends with `_total`. */
  name: string;
  help: string;
  kind: 'gauge' | 'counter';
  labels: string[];
  read(): Promise<{ labels: Record<string, string>; value: number }[]>;
}

export interface Metrics {
  /** For `createHttpServer`. */
  onAnswer(answer: Answer): void;
  /** Adds `GET /metrics`. */
  serve(http: HttpServer): void;
}

const readTimeoutMs = 2000;

/** Counts what the server answers and measures its process, for Prometheus. */
export function createMetrics(log: Logger, measures: Measure[], figures: Figure[] = []): Metrics {
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
  for (const figure of figures) addFigure(registry, figure, log);

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

function addFigure(registry: Registry, figure: Figure, log: Logger): void {
  const { name, help, kind, labels, read } = figure;
  const options = { name, help, labelNames: labels, registers: [registry] };
  async function fill(add: (labels: Record<string, string>, value: number) => void): Promise<void> {
    try {
      for (const { labels, value } of await withTimeout(read())) add(labels, value);
    } catch (error) {
      log.warn({ err: error, metric: name }, 'a metric could not be read');
    }
  }
  if (kind === 'gauge') {
    new Gauge({
      ...options,
      async collect() {
        this.reset();
        await fill((labels, value) => this.set(labels, value));
      },
    });
    return;
  }
  new Counter({
    ...options,
    async collect() {
      // Counted elsewhere: here it is only told.
      this.reset();
      await fill((labels, value) => this.inc(labels, value));
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
