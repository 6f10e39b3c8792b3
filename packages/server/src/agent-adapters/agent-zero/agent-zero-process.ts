import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { createInTurn } from '../../in-turn.ts';
import { scrub } from '../../scrub.ts';
import type { ProcessIdentity } from '../processes.ts';
import { assertPortFree } from './assert-port-free.ts';
import { endAgentZero } from './end-agent-zero.ts';
import {
  agentZeroMarker,
  type Launch,
  launchAgentZero,
  readLastLines,
} from './launch-agent-zero.ts';
import { readRecord, writeRecord } from './process-record.ts';
import { rotateLog } from './rotate-log.ts';

export interface ProcessOptions extends Omit<Launch, 'logFile'> {
  /** Of what is kept of the process: a folder of BORGOS_HOME. */
  folder: string;
  isPortFree(port: number): Promise<boolean>;
  findPortHolder(port: number): Promise<{ pid: number; name: string } | null>;
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
export interface AgentZeroProcess {
  /** `null`: none, or one that does not answer yet. */
  running(): Promise<ProcessIdentity | null>;
  /** Also one that does not answer. */
  alive(): Promise<ProcessIdentity | null>;
  /**
   * Returns when it answers, or after 20 s. One that is there is left.
   * @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, PORT_IN_USE
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Takes up what an earlier life left. */
  recover(): Promise<void>;
  /** Lets go of it: it runs on. */
  close(): Promise<void>;
}

const lookMs = 500;
const startLookMs = 100;
const startMs = 20_000;
const rotateEvery = 10;
const firstDelayMs = 5_000;
const mostCrashes = 5;
/** Who has run that long is taken to be well. */
const wellMs = 600_000;

export function createAgentZeroProcess(options: ProcessOptions): AgentZeroProcess {
  const { directory, port, folder, processes, instance, log } = options;
  const recordFile = join(folder, 'process.json');
  const logFile = join(folder, 'output.log');
  const inTurn = createInTurn();
  const closing = new AbortController();
  let current: ProcessIdentity | null = null;
  let isHealthy = false;
  let wanted = false;
  let crashes = 0;
  let startedAt = 0;
  let restarting: NodeJS.Timeout | undefined;
  let looks = 0;
  let isLooking = false;
  /** Calls of `start` that wait: they tell themselves what becomes of it. */
  let awaited = 0;

  const keep = () => writeRecord(recordFile, { wanted, directory, port, process: current });
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
    if (looked === null) return;
    if (!(await processes.isAlive(looked))) return onExit(looked);
    looks += 1;
    if (looks % rotateEvery === 0) await rotateLog(logFile);
    if (!isHealthy) await becomeHealthy(looked);
  }

  async function becomeHealthy(looked: ProcessIdentity, tells = true): Promise<boolean> {
    const answers = await options.isHealthy();
    // What answers at the port may be another program, once the process is gone.
    if (!answers || current !== looked || !(await processes.isAlive(looked))) return false;
    const isNews = !isHealthy && awaited === 0 && tells;
    isHealthy = true;
    if (isNews) options.onChange('started', null);
    return true;
  }

  /** At once in memory, so that nobody sees it run; the rest when it is its turn. */
  function onExit(exited: ProcessIdentity): void {
    if (current !== exited || closing.signal.aborted) return;
    current = null;
    isHealthy = false;
    const isTold = awaited > 0;
    turn(async () => {
      // The next one is there already: what the last one left was ended before it was started.
      if (current !== null) return;
      await endAgentZero({ ...options, leader: exited, politeMs: 0 });
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
          if (wanted && current === null) await launch();
        }).catch((error) => {
          if (closing.signal.aborted) return;
          notStartedAgain(error);
          crashes += 1;
          if (crashes <= mostCrashes) scheduleRestart();
        });
      },
      firstDelayMs * 2 ** Math.max(0, crashes - 1),
    ).unref();
  }

  function notStartedAgain(error: unknown): void {
    log.warn({ err: error }, 'Agent Zero could not be started again');
    const why = error instanceof Error ? error.message : String(error);
    options.onChange('failed', `Agent Zero could not be started again: ${why}`);
  }

  async function launch(): Promise<ProcessIdentity> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // What a former one has left, which may hold the port.
    await endAgentZero({ ...options, leader: null });
    await assertPortFree(port, options);
    await rotateLog(logFile);
    const child = await launchAgentZero({ ...options, logFile });
    const leader = (await processes.identify(child.pid)) ?? { pid: child.pid, startedAt: 'gone' };
    current = leader;
    isHealthy = false;
    startedAt = performance.now();
    if (child.exitCode !== null || child.signalCode !== null) onExit(leader);
    else child.once('exit', () => onExit(leader));
    await keep();
    log.info({ process: child.pid, port }, 'Agent Zero is started');
    return leader;
  }

  /** @throws AppError AGENT_ZERO_FAILED, CONFLICT */
  async function untilHealthy(leader: ProcessIdentity): Promise<void> {
    const until = performance.now() + startMs;
    while (current === leader && performance.now() < until) {
      if (isHealthy || (await becomeHealthy(leader))) return;
      await wait(startLookMs, undefined, { signal: closing.signal });
    }
    if (current === leader) return;
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
  async function ensureLaunched(): Promise<ProcessIdentity> {
    clearTimeout(restarting);
    if (current !== null && (await processes.isAlive(current))) return current;
    crashes = 0;
    wanted = true;
    try {
      return await launch();
    } catch (error) {
      wanted = false;
      throw error;
    }
  }

  async function stop(): Promise<void> {
    clearTimeout(restarting);
    wanted = false;
    const leader = current;
    if (leader !== null && isHealthy) await options.beforeStop().catch(() => {});
    // From now on nobody is told that it runs, nor is it taken for a crash.
    current = null;
    isHealthy = false;
    await endAgentZero({ ...options, leader });
    if (leader === null) return;
    await keep();
    log.info({ process: leader.pid }, 'Agent Zero is stopped');
  }

  async function alive(): Promise<ProcessIdentity | null> {
    const looked = current;
    return looked && (await processes.isAlive(looked)) ? looked : null;
  }

  return {
    running: async () => (isHealthy ? alive() : null),
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
        const leader = record?.process ?? (await findMarked());
        wanted = record?.wanted ?? false;
        const isSame = record?.directory === directory && record.port === port;
        if (leader && isSame && wanted && (await processes.isAlive(leader))) {
          current = leader;
          startedAt = performance.now();
          // It has been so all along.
          const answers = await becomeHealthy(leader, false);
          log.info({ process: leader.pid, answers }, 'Agent Zero is found again');
          return;
        }
        // Of other settings, or left by one that has died.
        await endAgentZero({ ...options, leader });
        if (!wanted) return;
        await launch().catch((error) => notStartedAgain(error));
      }),
    async close() {
      clearInterval(looking);
      clearTimeout(restarting);
      closing.abort(new Error('BorgOS stops'));
    },
  };

  async function findMarked(): Promise<ProcessIdentity | null> {
    const marked = await processes.marked(agentZeroMarker);
    const first = marked.find(({ value }) => value === instance);
    return first ? processes.identify(first.pid) : null;
  }
}

function endReason(crashes: number, lines: string): string {
  const next =
    crashes <= mostCrashes
      ? 'It is started again'
      : `It has done so ${crashes} times and is not started again: see to it, and start it with POST /api/v1/agent-zero/start`;
  return `Agent Zero has ended by itself. ${next}. What it printed last:\n${lines || '(nothing)'}`;
}
