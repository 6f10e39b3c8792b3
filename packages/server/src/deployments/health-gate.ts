import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseFailure } from '../errors.ts';
import { type ProbeResult, probe } from './probe.ts';
import type { Instance, Listener, Runtime } from './runtime.ts';
import type { Worker } from './worker.ts';

/** An app that is up soon is seen soon; one that takes long is not asked all the time. */
const firstPauseMs = 5;
const slowestPauseMs = 500;
/**
 * How often the runtime is asked, which costs it more than a probe costs the app: often enough to see
 * an app that has ended before it is started again, whose exit code would then be gone.
 */
const lookMs = 50;

/**
 * Waits until a started instance is healthy and returns it as it then is. Looks at the process as
 * well as at its answers, so that an app that ends is told at once and one that listens elsewhere
 * is told where.
 * @throws ReleaseFailure EXITED, OUT_OF_MEMORY, WRONG_PORT, UNHEALTHY
 */
export async function waitUntilHealthy(
  { runtime, deadlines }: Pick<Worker, 'runtime' | 'deadlines'>,
  started: Instance,
  { path, settle, signal }: { path: string | null; settle: number; signal: AbortSignal },
): Promise<Instance> {
  const startedAt = Date.now();
  let instance = started;
  let lookedAt = startedAt;
  let healthySince: number | undefined;
  for (;;) {
    if (Date.now() - lookedAt >= lookMs) {
      instance = await look(runtime, instance.name);
      lookedAt = Date.now();
    }
    const result: ProbeResult = instance.address
      ? await probe(instance.address, path, signal)
      : { healthy: false, problem: 'has no address yet', refused: true };
    signal.throwIfAborted();

    const now = Date.now();
    const waited = now - startedAt;
    if (result.healthy) {
      healthySince ??= now;
      if (now - healthySince >= settle) return look(runtime, instance.name);
    } else {
      healthySince = undefined;
      if (result.refused && waited >= Math.min(deadlines.wrongPort, deadlines.health)) {
        assertListens(await runtime.listeners(instance.name), instance);
      }
      if (waited >= deadlines.health) throw neverHealthy(instance, waited, path, result.problem);
    }
    const pause = Math.min(Math.max(waited / 20, firstPauseMs), slowestPauseMs);
    await sleep(pause, undefined, { signal });
  }
}

async function look(runtime: Runtime, name: string): Promise<Instance> {
  const instance = await runtime.find(name);
  assertAlive(instance);
  return instance;
}

function neverHealthy(
  { port }: Instance,
  waited: number,
  path: string | null,
  problem: string,
): ReleaseFailure {
  const answer = path ? ` and answer ${path} with 2xx or 3xx` : '';
  return new ReleaseFailure(
    'UNHEALTHY',
    `The app did not become healthy within ${Math.round(waited / 1000)} s: on port ${port} it ${problem}. It must listen on 0.0.0.0 at the port in the environment variable PORT${answer}.`,
  );
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
