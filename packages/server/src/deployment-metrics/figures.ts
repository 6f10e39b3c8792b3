import type { Measured } from './sampler.ts';

/** What Prometheus is told of deployments, one value a deployment and label. */
export interface Figure {
  name: string;
  help: string;
  kind: 'gauge' | 'counter';
  labels: string[];
  read(): Promise<{ labels: Record<string, string>; value: number }[]>;
}

/** One name and at most three values of labels a deployment: the number of series is bounded. */
export function figuresOf(all: () => Iterable<Measured>): Figure[] {
  type Value = [value: number | null | undefined, label?: string];

  function figure(
    kind: Figure['kind'],
    name: string,
    help: string,
    valuesOf: (deployment: Measured) => Value[],
    label?: string,
  ): Figure {
    return {
      name: `borgos_deployment_${name}`,
      help,
      kind,
      labels: ['deployment_id', 'deployment', ...(label === undefined ? [] : [label])],
      async read() {
        return [...all()].flatMap((deployment) =>
          valuesOf(deployment).flatMap(([value, of]) => {
            if (value == null) return [];
            const labels = { deployment_id: String(deployment.id), deployment: deployment.name };
            const more = label !== undefined && of !== undefined ? { [label]: of } : {};
            return [{ labels: { ...labels, ...more }, value }];
          }),
        );
      },
    };
  }
  const inSeconds = (milliseconds: number | undefined) =>
    milliseconds === undefined ? undefined : milliseconds / 1000;

  return [
    figure('gauge', 'cpu_cores', 'Cores in use, over the last 10 seconds.', ({ newest }) => [
      [newest.cpu_cores],
    ]),
    figure('counter', 'cpu_seconds_total', 'CPU time used.', ({ totals }) => [[totals.cpuSeconds]]),
    figure('gauge', 'memory_bytes', 'Memory in use.', ({ newest }) => [[newest.memory_bytes]]),
    figure('gauge', 'memory_limit_bytes', 'The enforced limit of memory.', ({ newest }) => [
      [newest.memory_limit_bytes],
    ]),
    figure('counter', 'network_received_bytes_total', 'Received.', ({ totals }) => [
      [totals.receivedBytes],
    ]),
    figure('counter', 'network_sent_bytes_total', 'Sent.', ({ totals }) => [[totals.sentBytes]]),
    figure(
      'counter',
      'requests_total',
      'Requests by what became of them.',
      ({ totals }) => Object.entries(totals.counted ?? {}).map(([name, value]) => [value, name]),
      'outcome',
    ),
    figure(
      'gauge',
      'latency_seconds',
      'Time until the app’s answer begins, over the last 10 seconds.',
      ({ newest }) => [
        [inSeconds(newest.latency_p50_ms), '0.5'],
        [inSeconds(newest.latency_p90_ms), '0.9'],
        [inSeconds(newest.latency_p99_ms), '0.99'],
      ],
      'quantile',
    ),
    figure('gauge', 'open_connections', 'Connections of visitors.', ({ newest }) => [
      [newest.open_connections],
    ]),
    figure('counter', 'restarts_total', 'Restarts after a crash.', ({ totals }) => [
      [totals.restarts],
    ]),
  ];
}
