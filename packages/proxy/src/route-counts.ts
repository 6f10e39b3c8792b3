import { randomUUID } from 'node:crypto';
import { clockTicks, createLatencyHistogram, elapsed } from './latency-histogram.ts';

/**
 * What became of the requests to one deployment, counted since `epoch` began; every request is in
 * exactly one of the numbers, once it is known which.
 */
export interface RouteReading {
  deploymentId: number;
  /** Names the beginning of the counting: numbers of another epoch are no later ones of this. */
  epoch: string;
  /** Answers of the app by class, from the moment on when their head was there. */
  answered: { '2xx': number; '3xx': number; '4xx': number; '5xx': number };
  /** Answered by the proxy itself: nothing serves, the app is out of reach, too slow, … */
  proxyErrors: number;
  /** Without an answer: the visitor left before it came, or the request was cut off. */
  aborted: number;
  /** Became a WebSocket or another protocol. */
  upgraded: number;
  /** Of the app's answers, from the request's head to the answer's: bodies may go on for hours. */
  latency: [milliseconds: number, count: number][];
  /** Connections of visitors that are open now, idle and upgraded ones too. */
  connections: number;
}

/** Counts what becomes of requests; each call costs some ten nanoseconds and allocates nothing. */
export interface RouteCounts {
  /** The moment that the others are to be told with. */
  begin(): number;
  answer(status: number, begun: number): void;
  failByProxy(): void;
  abort(): void;
  upgrade(): void;
  read(deploymentId: number, connections: number): RouteReading;
}

export function createRouteCounts(): RouteCounts {
  const epoch = randomUUID();
  const latency = createLatencyHistogram();
  // By the first digit of the status.
  const classes = new Float64Array(6);
  let proxyErrors = 0;
  let aborted = 0;
  let upgraded = 0;

  return {
    begin: clockTicks,
    answer(status, begun) {
      const digit = status < 300 ? 2 : status >= 500 ? 5 : Math.trunc(status / 100);
      classes[digit] = (classes[digit] ?? 0) + 1;
      latency.add(elapsed(begun));
    },
    failByProxy() {
      proxyErrors += 1;
    },
    abort() {
      aborted += 1;
    },
    upgrade() {
      upgraded += 1;
    },
    read(deploymentId, connections) {
      const [, , ok = 0, moved = 0, refused = 0, failed = 0] = classes;
      return {
        deploymentId,
        epoch,
        answered: { '2xx': ok, '3xx': moved, '4xx': refused, '5xx': failed },
        proxyErrors,
        aborted,
        upgraded,
        latency: latency.list(),
        connections,
      };
    },
  };
}
