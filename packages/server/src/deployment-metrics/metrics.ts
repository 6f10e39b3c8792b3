import type { api } from '@borgos/contracts';
import type { DeploymentMetrics, MetricSeries } from '@borgos/contracts/deployment-metrics';
import { metricSteps } from '@borgos/contracts/deployment-metrics';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { notFound } from '../errors.ts';
import { type Figure, figuresOf } from './figures.ts';
import { metricNames } from './last-hour.ts';
import { type Range, rangeOf } from './range.ts';
import { type Clock, createSampler, longStepSeconds } from './sampler.ts';
import type { Sources } from './sources.ts';
import { type Point, pointOf } from './step.ts';
import * as store from './store.ts';
import { createUnwritten } from './unwritten.ts';

type Query = ParsedInput<(typeof api)['deploymentMetrics']['get']>;

export interface DeploymentMetricsFeature {
  /** @throws AppError NOT_FOUND, VALIDATION_FAILED */
  read(query: Query): Promise<DeploymentMetrics>;
  /** The newest values, for Prometheus. */
  readonly figures: Figure[];
  /** Goes on with what an earlier server began, then reads every 10 seconds. */
  start(): Promise<void>;
  /** One reading now, also without `start`. */
  sample(): Promise<void>;
  /** Deletes what is older than a week. */
  forgetOld(): Promise<void>;
  /** Writes down what was measured last. */
  close(): Promise<void>;
}

const stepMs = 10_000;
/** How much a server that is killed loses at most, of the steps of five minutes. */
const writeMs = 60_000;

/** What deployments use and answer: the last hour in memory, and a week in the database. */
export function createDeploymentMetrics({
  db,
  runtime,
  router,
  log,
  clock = { now: () => Date.now(), elapsed: () => performance.now() },
}: Sources & {
  db: Db;
  log: Pick<BaseLogger, 'warn'>;
  clock?: Clock;
}): DeploymentMetricsFeature {
  const unwritten = createUnwritten();
  const sampler = createSampler({ db, sources: { runtime, router }, unwritten, clock, log });
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let writtenAt = clock.elapsed();
  let closed = false;

  const currentLong = () => Math.floor(clock.now() / 1000 / longStepSeconds) * longStepSeconds;

  async function write(): Promise<void> {
    // One step longer, as the first reading of a server still belongs to the step before.
    const steps = unwritten.list(currentLong() - longStepSeconds);
    writtenAt = clock.elapsed();
    try {
      await store.upsertSteps(db, steps);
      unwritten.written(steps);
    } catch (error) {
      log.warn({ err: error }, 'metrics could not be written; trying again in a minute');
    }
  }

  /** Never two at once: each is compared with the one before. */
  function sample(): Promise<void> {
    running = running.then(async () => {
      try {
        await sampler.sample();
        if (clock.elapsed() - writtenAt >= writeMs) await write();
      } catch (error) {
        log.warn({ err: error }, 'metrics were not read');
      }
    });
    return running;
  }

  function sampleAndGoOn(): void {
    void sample().then(schedule);
  }

  /** At the next multiple of 10 seconds that is not too near: each step has one reading. */
  function schedule(): void {
    if (closed) return;
    const now = clock.now();
    const next = Math.ceil((now + stepMs / 2) / stepMs) * stepMs;
    timer = setTimeout(sampleAndGoOn, next - now).unref();
  }

  async function pointsOf(id: number, range: Range): Promise<Map<number, Point>> {
    const points = new Map<number, Point>();
    if (range.step === 10) {
      const hour = sampler.find(id)?.hour;
      for (let second = range.from; second < range.to; second += range.step) {
        const point = hour?.get(second);
        if (point) points.set(second, point);
      }
      return points;
    }
    const stored = await store.listPoints(db, id, range);
    for (const { second, point } of stored) points.set(second, point);
    for (const { second, step } of unwritten.listOf(id)) points.set(second, pointOf(step));
    return points;
  }

  return {
    async read({ id, ...query }) {
      if (!(await store.isDeployment(db, id))) throw notFound('Deployment', id);
      const now = clock.now() / 1000;
      const range = rangeOf(query, { now, newest: sampler.newestStep() });
      return toAnswer(id, range, await pointsOf(id, range));
    },

    figures: figuresOf(sampler.all),

    async start() {
      unwritten.takeUp(await store.takeUpSteps(db, currentLong() - longStepSeconds));
      // At once, as only from the second reading on it is known what happens.
      sampleAndGoOn();
    },

    sample,

    forgetOld: () => store.deleteBefore(db, clock.now() / 1000 - metricSteps[300]),

    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
      await write();
    },
  };
}

function toAnswer(id: number, range: Range, points: Map<number, Point>): DeploymentMetrics {
  const { step, from, to } = range;
  const timestamps: number[] = [];
  const empty = metricNames.map((name) => [name, []] as const);
  const series = Object.fromEntries(empty) as unknown as MetricSeries;
  for (let second = from; second < to; second += step) {
    timestamps.push(second);
    const point = points.get(second);
    for (const name of metricNames) series[name].push(point?.[name] ?? null);
  }
  return {
    deployment_id: id,
    step_seconds: step,
    from: new Date(from * 1000).toISOString(),
    to: new Date(to * 1000).toISOString(),
    timestamps,
    series,
  };
}
