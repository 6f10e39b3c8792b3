import { metricSteps } from '@borgos/contracts/deployment-metrics';
import { AppError } from '../errors.ts';

/** Unix seconds: `from` begins the first step, `to` ends the last one. */
export interface Range {
  step: 10 | 300;
  from: number;
  to: number;
}

const hourSeconds = 3_600;

/**
 * Which steps are meant, cut to what is kept.
 * @param now and `newest`, the beginning of the last step of 10 seconds that was noted: Unix seconds
 * @throws AppError VALIDATION_FAILED when it ends before it begins
 */
export function rangeOf(
  query: { from?: string | undefined; to?: string | undefined; step?: number | undefined },
  { now, newest }: { now: number; newest: number },
): Range {
  const until = query.to === undefined ? now : Date.parse(query.to) / 1000;
  const since = query.from === undefined ? until - hourSeconds : Date.parse(query.from) / 1000;
  if (since >= until) {
    const message = 'must be earlier than `to`';
    throw new AppError('VALIDATION_FAILED', `query.from ${message}`, {
      details: [{ path: 'query.from', message }],
    });
  }
  const isRecent = since >= now - hourSeconds - 10;
  const step = query.step === 10 || (query.step === undefined && isRecent) ? 10 : 300;
  // The step that goes on is told of the long ones; a short one is when it is over and noted.
  const end = step === 300 ? ceil(now, step) : endOfShort(now, newest);
  const start = floor(now - metricSteps[step], step);
  const from = Math.max(floor(since, step), start);
  const to = Math.min(ceil(until, step), end);
  return to > from ? { step, from, to } : { step, from, to: from };
}

/** A reading takes a moment: until it is noted, the last step is not told as an unknown one. */
function endOfShort(now: number, newest: number): number {
  const end = floor(now, 10);
  return newest === end - 20 ? end - 10 : end;
}

function floor(seconds: number, step: number): number {
  return Math.floor(seconds / step) * step;
}

function ceil(seconds: number, step: number): number {
  return Math.ceil(seconds / step) * step;
}
