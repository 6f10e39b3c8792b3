import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseFailure } from '../errors.ts';
import { type ProbeResult, probe } from './probe.ts';
import type { Instance, Listener } from './runtime.ts';
import type { Worker } from './worker.ts';

const slowestPollMs = 500;

/**
 * Waits until a started instance is healthy and returns it as it then is. Looks at the process as
 * well as at its answers, so that an app that ends is told at once and one that listens elsewhere
 * is told where.
 * @throws ReleaseFailure EXITED, OUT_OF_MEMORY, WRONG_PORT, UNHEALTHY
 */
export async function waitUntilHealthy(
  { runtime, deadlines }: Pick<Worker, 'runtime' | 'deadlines'>,
  name: string,
  { path, settle, signal }: { path: string | null; settle: number; signal: AbortSignal },
): Promise<Instance> {
  const startedAt = Date.now();
  let healthySince: number | undefined;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, slowestPollMs)) {
    const instance = await runtime.find(name);
    assertAlive(instance);
    const result: ProbeResult = instance.address
      ? await probe(instance.address, path, signal)
      : { healthy: false, problem: 'has no address yet', refused: true };
    signal.throwIfAborted();

    const now = Date.now();
    if (result.healthy) {
      healthySince ??= now;
      if (now - healthySince >= settle) return instance;
    } else {
      healthySince = undefined;
      const waited = now - startedAt;
      if (result.refused && waited >= Math.min(deadlines.wrongPort, deadlines.health)) {
        assertListens(await runtime.listeners(name), instance);
      }
      if (waited >= deadlines.health) {
        throw new ReleaseFailure(
          'UNHEALTHY',
          `The app did not become healthy within ${Math.round(deadlines.health / 1000)} s: on port ${instance.port} it ${result.problem}. It must listen on 0.0.0.0 at the port in the environment variable PORT${path ? ` and answer ${path} with 2xx or 3xx` : ''}.`,
        );
      }
    }
    await sleep(pause, undefined, { signal });
  }
}

function assertAlive(instance: Instance | undefined): asserts instance is Instance {
  if (!instance) {
    throw new ReleaseFailure('EXITED', 'The app was removed by somebody else while it started.');
  }
  if (instance.outOfMemory) {
    throw new ReleaseFailure(
      'OUT_OF_MEMORY',
      'The app was killed because it used more memory than its limit. Raise memory_limit, or let the app use less.',
    );
  }
  // Started again by its restart policy: it has ended before it ever was healthy.
  const ended = instance.state === 'exited' || instance.state === 'restarting';
  if (ended || instance.restarts > 0) {
    const how = instance.exitCode === null ? '' : ` with code ${instance.exitCode}`;
    throw new ReleaseFailure(
      'EXITED',
      `The app ended${how} instead of staying up. Its start command must not return.`,
    );
  }
}

function assertListens(listeners: Listener[], { port }: Instance): void {
  if (listeners.length === 0) return;
  const reachable = listeners.some(
    (listener) => listener.port === port && !isLoopback(listener.host),
  );
  if (reachable) return;
  const places = listeners.slice(0, 5).map(({ host, port }) => `${bracketed(host)}:${port}`);
  throw new ReleaseFailure(
    'WRONG_PORT',
    `The app listens on ${places.join(', ')}, expected 0.0.0.0:${port}. Let it listen on the port in the environment variable PORT and the address in HOST.`,
  );
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
