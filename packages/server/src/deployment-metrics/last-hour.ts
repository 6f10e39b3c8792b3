import { type MetricName, metricSeries } from '@borgos/contracts/deployment-metrics';
import type { Point } from './step.ts';

export const metricNames = Object.keys(metricSeries.shape) as MetricName[];

/** The points of one deployment in the last hour, in memory: some 50 KiB. */
export interface LastHour {
  /** `second`: the beginning of its step. What was there an hour before is gone. */
  set(second: number, point: Point): void;
  get(second: number): Point | undefined;
}

const stepSeconds = 10;
const length = 3_600 / stepSeconds + 1;

export function createLastHour(): LastHour {
  const seconds = new Float64Array(length);
  const values = new Float64Array(length * metricNames.length);
  const placeOf = (second: number) => Math.floor(second / stepSeconds) % length;
  return {
    set(second, point) {
      const place = placeOf(second);
      seconds[place] = second;
      for (const [index, name] of metricNames.entries()) {
        values[place * metricNames.length + index] = point[name] ?? Number.NaN;
      }
    },
    get(second) {
      const place = placeOf(second);
      if (seconds[place] !== second) return undefined;
      const point: Point = {};
      for (const [index, name] of metricNames.entries()) {
        const value = values[place * metricNames.length + index] ?? Number.NaN;
        if (!Number.isNaN(value)) point[name] = value;
      }
      return point;
    },
  };
}
