import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ControlClient } from './control-client.ts';
import { ANOTHER_RUNS, type ProxyProcess } from './proxy-process.ts';

const START_MS = 15_000;
/** Until it is said that the proxy does not start; it is tried again later. */
const MOST_CRASHES = 3;
const PING_MS = 1_000;
/** Longer than an ending proxy takes to say goodbye to its visitors. */
const HUNG_MS = 4_000;
const POLL_MS = 15;

const proxyInfo = z.object({ pid: z.int(), version: z.string(), routes: z.int() });
type ProxyInfo = z.infer<typeof proxyInfo>;

/** Keeps one proxy running: adopts it or starts it, and starts it again whenever it ends. */
export interface ProxyKeeper {
  /** Resolves when a proxy answers; rejects with what the last one wrote when none comes up. */
  ensure(): Promise<void>;
  pid(): number;
  /** From now on a proxy that ends stays ended. */
  release(): Promise<void>;
  /** After `release`: waits until the proxy's process has ended, at most `timeoutMs`. */
  waitForEnd(timeoutMs: number): Promise<void>;
  /** After `release`: leaves the proxy to itself. */
  leave(): void;
}

export function createProxyKeeper(
  client: ControlClient,
  proxy: ProxyProcess,
  log: Pick<Logger, 'debug' | 'warn' | 'error'>,
): ProxyKeeper {
  const ended = Promise.withResolvers<void>();
  let starting: Promise<void> | undefined;
  let stopWatching: (() => void) | undefined;
  let released = false;
  let pid = 0;
  let isFirstStart = true;

  function ensure(): Promise<void> {
    starting ??= bringUp().finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function bringUp(): Promise<void> {
    const begun = Date.now();
    let child: ChildProcess | undefined;
    let crashes = 0;
    for (;;) {
      const info = await ping();
      if (info) {
        // Another server's proxy was faster; ours would take over when that one ends, unwatched.
        if (child && !hasEnded(child) && child.pid !== info.pid) child.kill();
        return adopt(info);
      }
      if (child && hasEnded(child)) {
        if (child.exitCode === ANOTHER_RUNS) await makeWay(begun);
        else crashes += 1;
        child = undefined;
      }
      if (crashes >= MOST_CRASHES || Date.now() - begun > START_MS) {
        throw new Error(await describeFailure());
      }
      child ??= await start();
      await delay(POLL_MS);
    }
  }

  async function ping(): Promise<ProxyInfo | undefined> {
    try {
      return proxyInfo.parse(await client.call('GET', '/ping', undefined, PING_MS));
    } catch {
      return undefined;
    }
  }

  function adopt(info: ProxyInfo): void {
    if (info.pid !== pid)
      log.debug({ proxy_pid: info.pid, version: info.version, routes: info.routes }, 'proxy is up');
    pid = info.pid;
    if (stopWatching) return;
    stopWatching = client.watch(() => {
      stopWatching = undefined;
      ended.resolve();
      if (!released) void bringBack();
    });
  }

  async function bringBack(): Promise<void> {
    log.warn({ proxy_pid: pid }, 'the proxy ended; starting it again');
    while (!released) {
      try {
        return await ensure();
      } catch (error) {
        log.error({ err: error }, 'the proxy does not start; trying again');
        await delay(1_000, undefined, { ref: false });
      }
    }
  }

  async function start(): Promise<ChildProcess> {
    // Only while nobody is served yet; after a crash every millisecond counts.
    if (isFirstStart) await proxy.prepare();
    isFirstStart = false;
    const child = proxy.start();
    child.on('error', (error) => log.error({ err: error }, 'the proxy cannot be started'));
    return child;
  }

  /** Another proxy holds the directory but does not answer: it is starting, ending, or hangs. */
  async function makeWay(begun: number): Promise<void> {
    if (Date.now() - begun > HUNG_MS) {
      log.warn('a proxy does not answer any more; killing it');
      await proxy.killHolder().catch(() => {});
    }
    await delay(50);
  }

  async function describeFailure(): Promise<string> {
    const lines = await proxy.readLog().catch(() => '');
    return `The proxy did not start. Its last lines:\n${lines}`;
  }

  return {
    ensure,
    pid: () => pid,
    async release() {
      // One that is just being started would be left behind otherwise.
      await starting?.catch(() => {});
      released = true;
    },
    async waitForEnd(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      if (stopWatching)
        await Promise.race([ended.promise, delay(timeoutMs, undefined, { ref: false })]);
      // Its connections break a moment before the process is gone.
      while (isAlive(pid) && Date.now() < deadline) await delay(5);
    },
    leave() {
      stopWatching?.();
      stopWatching = undefined;
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
