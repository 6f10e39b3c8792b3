import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentZeroStatus } from '@borgos/contracts/agent-zero';
import type { AgentAdapter } from '../../agents/adapter.ts';
import { AppError } from '../../errors.ts';
import { readAccess } from './access.ts';
import { createAgentZeroAdapter } from './agent-zero-adapter.ts';
import { createAgentZeroProcess, type ProcessOptions } from './agent-zero-process.ts';
import { createChats } from './chats.ts';
import { endAgentZero } from './end-agent-zero.ts';
import { readRecord } from './process-record.ts';
import { createSession } from './session.ts';

export interface AgentZeroOptions
  extends Omit<ProcessOptions, 'directory' | 'folder' | 'isHealthy' | 'beforeStop' | 'onChange'> {
  /** BORGOS_HOME: its folder `agent-zero` has what is known of the process, and its output. */
  home: string;
  directory: string | undefined;
  /** Of one that runs elsewhere; with it no process is started. */
  url: string | undefined;
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
  /** @throws AppError AGENT_ZERO_NOT_CONFIGURED, CONFLICT */
  stop(): Promise<void>;
  /** Calls back on what happens without a call of `start` or `stop`. */
  onChange(callback: (change: Change) => void): void;
  recover(): Promise<void>;
}

const usualPollMs = 700;
const healthMs = 2_000;

/** The one Agent Zero of this BorgOS: its process, if it has one here, and the agent in it. */
export function connectAgentZero(options: AgentZeroOptions): AgentZero {
  const { directory, instance } = options;
  const folder = join(options.home, 'agent-zero');
  const recordFile = join(folder, 'process.json');
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

  const look = () => session.health(AbortSignal.timeout(healthMs)).catch(() => null);
  const agentProcess =
    elsewhere || directory === undefined
      ? null
      : createAgentZeroProcess({
          ...options,
          folder,
          directory,
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
    close: async () => agentProcess?.close(),
    async health() {
      const isThere = agentProcess ? await agentProcess.running() : elsewhere;
      const health = isThere ? await look() : null;
      if (health) return { available: true, reason: null, version: health.version };
      return { available: false, reason: whyNot(Boolean(isThere)), version: null };
    },
    async life() {
      if (!agentProcess) return elsewhere ? (session.runtimeId() ?? undefined) : null;
      const alive = await agentProcess.alive();
      return alive && `${alive.pid}/${alive.startedAt}`;
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
    if (agentProcess) return agentProcess;
    if (!elsewhere) throw new AppError('AGENT_ZERO_NOT_CONFIGURED', notConfigured);
    const message = `Agent Zero runs elsewhere, at ${url}: start and stop it there, or unset BORGOS_AGENT_ZERO_URL`;
    throw new AppError('CONFLICT', message);
  }

  return {
    adapter,
    async status() {
      const process = agentProcess ? await agentProcess.running() : null;
      const running = process !== null || (elsewhere !== undefined && (await look()) !== null);
      return {
        running,
        port,
        process_id: process?.pid ?? null,
        directory: directory ?? null,
        ui_url: running ? (elsewhere?.origin ?? `http://localhost:${port}`) : null,
      };
    },
    start: async () => owned().start(),
    stop: async () => owned().stop(),
    onChange: (callback) => void callbacks.push(callback),
    recover: async () => {
      if (agentProcess) return agentProcess.recover();
      // One that BorgOS has started, before the settings said otherwise.
      const record = await readRecord(recordFile);
      if (!record) return;
      await endAgentZero({ ...options, port: record.port, leader: record.process });
      await rm(recordFile, { force: true });
    },
  };
}

const notConfigured =
  'Agent Zero is not configured: set BORGOS_AGENT_ZERO_DIR to the directory that it is installed in, or BORGOS_AGENT_ZERO_URL to the address of one that runs elsewhere';

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
