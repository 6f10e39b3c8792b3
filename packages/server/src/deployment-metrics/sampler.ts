import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { type Increment, incrementOf } from './increment.ts';
import { createLastHour, type LastHour } from './last-hour.ts';
import { type Reading, type Sources, takeReading } from './sources.ts';
import { addToStep, createStep, type Point, pointOf } from './step.ts';
import * as store from './store.ts';
import { createTotals, type Totals } from './totals.ts';
import type { Unwritten } from './unwritten.ts';

export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds that pass evenly, whatever the time is set to. */
  elapsed(): number;
}

/** A deployment that is measured. */
export interface Measured {
  id: number;
  name: string;
  hour: LastHour;
  /** Of the last reading. */
  newest: Point;
  totals: Totals;
}

export interface Sampler {
  /** Reads everything once, and notes it for the 10 seconds that end about now. */
  sample(): Promise<void>;
  find(id: number): Measured | undefined;
  all(): Iterable<Measured>;
  /** Unix seconds of the beginning of the last step that was noted. */
  newestStep(): number;
}

/** More are not measured: their last hour takes some 50 KiB each. */
const mostMeasured = 500;
const stepSeconds = 10;
export const longStepSeconds = 300;

export function createSampler(options: {
  db: Db;
  sources: Sources;
  unwritten: Unwritten;
  clock: Clock;
  log: Pick<BaseLogger, 'warn'>;
}): Sampler {
  const { db, sources, unwritten, clock, log } = options;
  const measured = new Map<number, Measured>();
  const failing = new Set<string>();
  let before: Reading | undefined;
  let newestStep = 0;

  /** Once until it works again: else there would be six lines a minute. */
  function fail(error: unknown, source: string): void {
    if (!failing.has(source)) log.warn({ err: error, source }, 'metrics could not be read');
    failing.add(source);
  }

  async function follow(): Promise<void> {
    try {
      const rows = await store.listMeasured(db, mostMeasured + 1);
      failing.delete('database');
      if (rows.length > mostMeasured) {
        fail(new Error(`only ${mostMeasured} deployments are measured`), 'too many deployments');
      }
      const named = new Map(rows.slice(0, mostMeasured).map(({ id, name }) => [id, name]));
      for (const id of measured.keys()) if (!named.has(id)) measured.delete(id);
      unwritten.keepOnly(named);
      for (const [id, name] of named) {
        const known = measured.get(id);
        if (known) known.name = name;
        else {
          const hour = createLastHour();
          measured.set(id, { id, name, hour, newest: {}, totals: createTotals() });
        }
      }
    } catch (error) {
      // Those that are known are measured on.
      fail(error, 'database');
    }
  }

  function note(deployment: Measured, second: number, increment: Increment): void {
    const step = createStep();
    addToStep(step, increment);
    deployment.newest = pointOf(step);
    deployment.totals.add(increment);
    if (Object.keys(deployment.newest).length === 0) return;
    deployment.hour.set(second, deployment.newest);
    const long = Math.floor(second / longStepSeconds) * longStepSeconds;
    addToStep(unwritten.stepOf(deployment.id, long), increment);
  }

  return {
    async sample() {
      await follow();
      const seconds = clock.now() / 1000;
      const now = await takeReading(sources, clock.elapsed(), fail);
      if (now.instances) failing.delete('runtime');
      if (now.counts) failing.delete('proxy');
      newestStep = (Math.round(seconds / stepSeconds) - 1) * stepSeconds;
      for (const deployment of measured.values()) {
        note(deployment, newestStep, incrementOf(deployment.id, before, now));
      }
      before = now.counts || !before ? now : { ...now, counts: before.counts };
    },
    find: (id) => measured.get(id),
    all: () => measured.values(),
    newestStep: () => newestStep,
  };
}
