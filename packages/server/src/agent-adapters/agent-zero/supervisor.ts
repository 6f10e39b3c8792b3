import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { createInTurn } from '../../in-turn.ts';
import { scrub } from '../../scrub.ts';
import { readRecord, writeRecord } from './life-record.ts';
import { readLastLines } from './read-last-lines.ts';
import { rotateLog } from './rotate-log.ts';
import type { Life, Runner } from './runner.ts';

export interface SupervisorOptions {
  runner: Runner;
  /** Of what is kept of its life: a folder of BORGOS_HOME. */
  folder: string;
  isHealthy(): Promise<boolean>;
  /** Called on what happens without a call of `start` or `stop`. */
  onChange(status: 'started' | 'failed', reason: string | null): void;
  /** Ends the tasks in it. */
  beforeStop(): Promise<void>;
  log: {
    info(data: object, text: string): void;
    warn(data: object, text: string): void;
  };
}

/** An Agent Zero that BorgOS starts, looks after, and finds again after its own restart. */
export interface Supervisor {
  /** `null`: none, or one that does not answer yet. */
  running(): Promise<Life | null>;
  /** Also one that does not answer. */
  alive(): Promise<Life | null>;
  /**
   * Returns when it answers, or after 20 s. One that is there is left.
   * @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, PORT_IN_USE
   */
  start(): Promise<void>;
  /** @throws AppError AGENT_ZERO_FAILED */
  stop(): Promise<void>;
  /** Takes up what an earlier life of BorgOS left. */
  recover(): Promise<void>;
  /** Lets go of it: it runs on. */
  close(): Promise<void>;
}

/** For one that is found at the start of BorgOS, and is not to run. */
const recoverPoliteMs = 10_000;
const lookMs = 500;
const startLookMs = 100;
const startMs = 20_000;
const rotateMs = 5_000;
const firstDelayMs = 5_000;
const mostCrashes = 5;
/** Who has run that long is taken to be well. */
const wellMs = 600_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { runner, folder, log } = options;
  const recordFile = join(folder, 'process.json');
  const logFile = join(folder, 'output.log');
  const inTurn = createInTurn();
  const closing = new AbortController();
  let current: Life | null = null;
  let isHealthy = false;
  let wanted = false;
  let crashes = 0;
  let startedAt = 0;
  let restarting: NodeJS.Timeout | undefined;
  let lookedAt = 0;
  let rotatedAt = 0;
  let isLooking = false;
  /** Calls of `start` that wait: they tell themselves what becomes of it. */
  let awaited = 0;

  const keep = () => writeRecord(recordFile, { wanted, ...runner.settings, process: current });
  const notEnded = (error: unknown) => log.warn({ err: error }, 'Agent Zero has left something');
  const turn = <T>(work: () => Promise<T>) => inTurn(work, closing.signal);

  const looking = setInterval(() => {
    if (isLooking || current === null) return;
    isLooking = true;
    look()
      .catch((error) => log.warn({ err: error }, 'Agent Zero could not be looked after'))
      .finally(() => {
        isLooking = false;
      });
  }, lookMs).unref();

  async function look(): Promise<void> {
    const looked = current;
    const now = performance.now();
    if (looked === null || (isHealthy && now - lookedAt < runner.lookMs)) return;
    lookedAt = now;
    if ((await runner.isAlive(looked)) === false) return onExit(looked);
    if (now - rotatedAt > rotateMs) {
      rotatedAt = now;
      await rotateLog(logFile);
    }
    if (!isHealthy) await becomeHealthy(looked);
  }

  async function becomeHealthy(looked: Life, tells = true): Promise<boolean> {
    const answers = await options.isHealthy();
    // What answers at the port may be another program, once it is gone.
    if (!answers || (await runner.isAlive(looked)) === false || current !== looked) return false;
    const isNews = !isHealthy && awaited === 0 && tells;
    isHealthy = true;
    if (isNews) options.onChange('started', null);
    return true;
  }

  /** Makes it the one that is looked after. */
  function take(life: Life, ended: Promise<void> | null): void {
    current = life;
    isHealthy = false;
    startedAt = performance.now();
    void ended?.then(() => onExit(life));
  }

  /** At once in memory, so that nobody sees it run; the rest when it is its turn. */
  function onExit(exited: Life): void {
    if (current !== exited || closing.signal.aborted) return;
    current = null;
    isHealthy = false;
    const isTold = awaited > 0;
    turn(async () => {
      // The next one is there already: what the last one left was ended before it was started.
      if (current !== null) return;
      // What cannot be ended now is ended before the next one is started.
      await runner.end(exited, 0).catch(notEnded);
      await keep();
      if (!wanted) return;
      if (performance.now() - startedAt > wellMs) crashes = 0;
      crashes += 1;
      const lines = scrub(await readLastLines(logFile));
      log.warn({ crashes, lines }, 'Agent Zero has ended by itself');
      if (!isTold) options.onChange('failed', endReason(crashes, lines));
      if (crashes <= mostCrashes) scheduleRestart();
    }).catch((error) => {
      if (!closing.signal.aborted)
        log.warn({ err: error }, 'the end of Agent Zero was not settled');
    });
  }

  function scheduleRestart(): void {
    clearTimeout(restarting);
    restarting = setTimeout(
      () => {
        turn(async () => {
          if (wanted && current === null) await launchAgain();
        }).catch((error) => {
          if (!closing.signal.aborted) log.warn({ err: error }, 'Agent Zero is not started again');
        });
      },
      firstDelayMs * 2 ** Math.max(0, crashes - 1),
    ).unref();
  }

  /** Not by a call, so that it is tried again when it fails. */
  async function launchAgain(): Promise<void> {
    try {
      await launch();
    } catch (error) {
      if (closing.signal.aborted) return;
      log.warn({ err: error }, 'Agent Zero could not be started again');
      const why = error instanceof Error ? error.message : String(error);
      options.onChange('failed', `Agent Zero could not be started again: ${why}`);
      crashes += 1;
      if (crashes <= mostCrashes) scheduleRestart();
    }
  }

  async function launch(): Promise<Life> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // What a former one has left, which may hold the port.
    await runner.end(null, 0);
    await rotateLog(logFile);
    const { life, ended } = await runner.launch(logFile);
    take(life, ended);
    await keep();
    log.info({ life, port: runner.settings.port }, 'Agent Zero is started');
    return life;
  }

  /** @throws AppError AGENT_ZERO_FAILED, CONFLICT */
  async function untilHealthy(life: Life): Promise<void> {
    const until = performance.now() + startMs;
    while (current === life && performance.now() < until) {
      if (isHealthy || (await becomeHealthy(life))) return;
      await wait(startLookMs, undefined, { signal: closing.signal });
    }
    if (current === life) return;
    if (!wanted) throw new AppError('CONFLICT', 'Agent Zero was stopped while it started');
    // It would not do better by itself.
    wanted = false;
    clearTimeout(restarting);
    const lines = scrub(await readLastLines(logFile));
    throw new AppError(
      'AGENT_ZERO_FAILED',
      `Agent Zero ended while it started. What it printed last, of ${logFile}:\n${lines || '(nothing)'}`,
    );
  }

  /** One that is there is left. */
  async function ensureLaunched(): Promise<Life> {
    clearTimeout(restarting);
    const isWanted = wanted;
    wanted = true;
    if (current !== null && (await runner.isAlive(current)) !== false) {
      // It could not be stopped.
      if (!isWanted) await keep();
      return current;
    }
    crashes = 0;
    try {
      return await launch();
    } catch (error) {
      wanted = false;
      throw error;
    }
  }

  async function stop(): Promise<void> {
    clearTimeout(restarting);
    const life = current;
    const isNews = wanted || life !== null;
    wanted = false;
    // First of all: BorgOS may end before it has, and is not to start it again then.
    if (isNews) await keep();
    if (life !== null && isHealthy) await options.beforeStop().catch(() => {});
    // From now on nobody is told that it runs, nor is it taken for a crash.
    current = null;
    isHealthy = false;
    try {
      await runner.end(life);
    } catch (error) {
      current = life;
      throw error;
    }
    if (life === null) return;
    await keep();
    log.info({ life }, 'Agent Zero is stopped');
  }

  async function alive(): Promise<Life | null> {
    const looked = current;
    return looked && (await runner.isAlive(looked)) !== false ? looked : null;
  }

  async function running(): Promise<Life | null> {
    const looked = isHealthy ? current : null;
    if (looked === null) return null;
    const lives = (await runner.isAlive(looked)) ?? (await options.isHealthy());
    return lives ? looked : null;
  }

  return {
    running,
    alive,
    async start() {
      awaited += 1;
      try {
        await untilHealthy(await turn(ensureLaunched));
      } finally {
        awaited -= 1;
      }
    },
    stop: () => turn(stop),
    recover: () =>
      turn(async () => {
        const record = await readRecord(recordFile);
        const life = record?.process ?? (await runner.find());
        wanted = record?.wanted ?? false;
        if (life && wanted && (await runner.isAlive(life)) !== false) {
          take(life, runner.adopt(life, logFile));
          // It has been so all along.
          const answers = await becomeHealthy(life, false);
          log.info({ life, answers }, 'Agent Zero is found again');
          return;
        }
        // Not wanted, or left by one that has died.
        await runner.end(life, recoverPoliteMs).catch(notEnded);
        if (wanted) await launchAgain();
      }),
    async close() {
      clearInterval(looking);
      clearTimeout(restarting);
      closing.abort(new Error('BorgOS stops'));
      runner.close();
    },
  };
}

function endReason(crashes: number, lines: string): string {
  const next =
    crashes <= mostCrashes
      ? 'It is started again'
      : `It has done so ${crashes} times and is not started again: see to it, and start it with POST /api/v1/agent-zero/start`;
  return `Agent Zero has ended by itself. ${next}. What it printed last:\n${lines || '(nothing)'}`;
}
