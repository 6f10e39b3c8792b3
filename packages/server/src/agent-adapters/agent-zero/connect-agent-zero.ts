import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentZeroStatus } from '@borgos/contracts/agent-zero';
import type { AgentAdapter } from '../../agents/adapter.ts';
import { AppError } from '../../errors.ts';
import type { Containers } from '../containers.ts';
import { readAccess } from './access.ts';
import { createAgentZeroAdapter } from './agent-zero-adapter.ts';
import { createChats } from './chats.ts';
import { createContainerRunner } from './container-runner.ts';
import { isOf, readRecord, writeRecord } from './life-record.ts';
import { createProcessRunner, type ProcessRunnerOptions } from './process-runner.ts';
import type { Runner, RunnerSettings } from './runner.ts';
import { createSession } from './session.ts';
import { createSupervisor, type SupervisorOptions } from './supervisor.ts';

export interface AgentZeroOptions
  extends Omit<ProcessRunnerOptions, 'directory'>,
    Pick<SupervisorOptions, 'log'> {
  /** BORGOS_HOME: its folder `agent-zero` has what is known of the process, and its output. */
  home: string;
  directory: string | undefined;
  /** With it, Agent Zero is a container. */
  image: string | undefined;
  /** Of one that runs elsewhere; with it nothing is started. */
  url: string | undefined;
  containers: Containers;
  /** Between two looks at a chat, in ms. */
  pollMs?: number;
}

interface Change {
  status: 'started' | 'failed';
  /** Why it failed. */
  reason: string | null;
}

export interface AgentZero {
  adapter: AgentAdapter;
  status(): Promise<AgentZeroStatus>;
  /** @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, PORT_IN_USE, CONFLICT */
  start(): Promise<void>;
  /** @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, CONFLICT */
  stop(): Promise<void>;
  /** Calls back on what happens without a call of `start` or `stop`. */
  onChange(callback: (change: Change) => void): void;
  recover(): Promise<void>;
}

const usualPollMs = 700;
const healthMs = 2_000;
/** For one of former settings, which holds the start of BorgOS up. */
const formerPoliteMs = 10_000;

/** The one Agent Zero of this BorgOS: what runs it, if it is here, and the agent in it. */
export function connectAgentZero(options: AgentZeroOptions): AgentZero {
  const { instance, image, log } = options;
  const folder = join(options.home, 'agent-zero');
  const recordFile = join(folder, 'process.json');
  const directory = options.directory ?? (image === undefined ? undefined : folder);
  const elsewhere = options.url === undefined ? undefined : new URL(options.url);
  const port = elsewhere ? portOf(elsewhere) : options.port;
  const url = elsewhere ? elsewhere.origin : `http://127.0.0.1:${port}`;
  const session = createSession({ url, access });
  const chats = createChats(session);
  const callbacks: ((change: Change) => void)[] = [];

  async function access() {
    // Of one elsewhere the same files may be here, as in a container.
    const here = directory ? await readAccess(directory) : { login: null, apiKey: null };
    if (!elsewhere?.username) return here;
    const user = decodeURIComponent(elsewhere.username);
    return { ...here, login: { user, password: decodeURIComponent(elsewhere.password) } };
  }

  function runnerOf(settings: RunnerSettings): Runner {
    const { image } = settings;
    if (image === null) return createProcessRunner({ ...options, ...settings });
    const workFolder = join(options.home, 'agents', 'work');
    return createContainerRunner({ ...options, ...settings, image, workFolder });
  }

  const look = () => session.health(AbortSignal.timeout(healthMs)).catch(() => null);
  const runner =
    elsewhere || directory === undefined
      ? null
      : runnerOf({ directory, port, image: image ?? null });
  const supervisor =
    runner &&
    createSupervisor({
      runner,
      folder,
      log,
      isHealthy: async () => (await look()) !== null,
      onChange(status, reason) {
        for (const callback of callbacks) callback({ status, reason });
      },
      async beforeStop() {
        const running = await adapter.listRunning();
        const signal = AbortSignal.timeout(healthMs);
        await Promise.allSettled(
          running.map(({ externalRef }) => chats.remove(`${externalRef}-${instance}`, signal)),
        );
      },
    });

  const adapter = createAgentZeroAdapter({
    chats,
    instance,
    isHere: !elsewhere,
    location: elsewhere || directory ? url : null,
    pollMs: options.pollMs ?? usualPollMs,
    close: async () => supervisor?.close(),
    async health() {
      const isThere = supervisor ? await supervisor.running() : elsewhere;
      const health = isThere ? await look() : null;
      if (health) return { available: true, reason: null, version: health.version };
      return { available: false, reason: whyNot(Boolean(isThere)), version: null };
    },
    async life() {
      if (!supervisor) return elsewhere ? (session.runtimeId() ?? undefined) : null;
      const alive = await supervisor.alive();
      return alive && `${alive.container ?? alive.pid}/${alive.startedAt}`;
    },
  });

  function whyNot(isThere: boolean): string {
    if (elsewhere) return `No Agent Zero answers at ${url}, as BORGOS_AGENT_ZERO_URL says`;
    if (directory === undefined) return notConfigured;
    return isThere
      ? 'Agent Zero runs, but does not answer'
      : 'Agent Zero does not run: start it with POST /api/v1/agent-zero/start';
  }

  function owned() {
    if (supervisor) return supervisor;
    if (!elsewhere) throw new AppError('AGENT_ZERO_NOT_CONFIGURED', notConfigured);
    const message = `Agent Zero runs elsewhere, at ${url}: start and stop it there, or unset BORGOS_AGENT_ZERO_URL`;
    throw new AppError('CONFLICT', message);
  }

  return {
    adapter,
    async status() {
      const life = supervisor ? await supervisor.running() : null;
      const running = life !== null || (elsewhere !== undefined && (await look()) !== null);
      return {
        running,
        port,
        process_id: life?.pid ?? null,
        directory: options.directory ?? null,
        ui_url: running ? (elsewhere?.origin ?? `http://localhost:${port}`) : null,
      };
    },
    start: async () => owned().start(),
    stop: async () => owned().stop(),
    onChange: (callback) => void callbacks.push(callback),
    async recover() {
      const record = await readRecord(recordFile);
      if (record && !(runner && isOf(record, runner.settings))) {
        // One that BorgOS has started, before the settings said otherwise.
        await runnerOf(record)
          .end(record.process, formerPoliteMs)
          .catch((error) => log.warn({ err: error }, 'the former Agent Zero was not ended'));
        if (runner) await writeRecord(recordFile, { ...record, process: null });
        else await rm(recordFile, { force: true });
      }
      await supervisor?.recover();
    },
  };
}

const notConfigured =
  'Agent Zero is not configured: set BORGOS_AGENT_ZERO_DIR to the directory that it is installed in, BORGOS_AGENT_ZERO_IMAGE to its image to run it in Docker, or BORGOS_AGENT_ZERO_URL to the address of one that runs elsewhere';

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
