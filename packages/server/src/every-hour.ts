import type { Logger } from 'pino';

const hourMs = 3_600_000;

/** Does all of it once an hour, side by side; what fails is logged. Returns what ends it. */
export function everyHour(log: Logger, works: (() => Promise<unknown>)[]): () => void {
  const timer = setInterval(() => {
    for (const work of works) {
      work().catch((error) => log.error({ err: error }, 'what is old was not removed'));
    }
  }, hourMs).unref();
  return () => clearInterval(timer);
}
