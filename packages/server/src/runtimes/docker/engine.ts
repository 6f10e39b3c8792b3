import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { z } from 'zod';
import { negotiateApiVersion } from './api-version.ts';
import { isUnreachable, reasonOf, unavailable } from './engine-errors.ts';

/** A Docker Engine that answered, and what matters of its machine. */
export interface Engine {
  readonly socketPath: string;
  readonly apiVersion: string;
  /** `Docker Engine 28.2.2`. */
  readonly description: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Where it keeps images and volumes; `null`: that does not tell of a disk that we see. */
  readonly rootFolder: string | null;
  readonly limits: { enforced: boolean; reason: string | null };
  /**
   * One call to the engine. A call that has no answer within `timeoutMs` (60 s) or whose connection
   * breaks throws `ReleaseFailure` RUNTIME_UNAVAILABLE; the engine's own errors pass unchanged.
   * With `stream`, only the start of the answer must come in that time: the rest may take for ever,
   * so a signal of the caller must end it, together with `expired`, which aborts after that time.
   */
  ask<T>(
    call: (docker: Docker, expired: AbortSignal) => Promise<T>,
    options?: { timeoutMs?: number; stream?: boolean },
  ): Promise<T>;
}

const infoSchema = z.object({
  NCPU: z.number(),
  MemTotal: z.number(),
  MemoryLimit: z.boolean().optional(),
  CpuCfsQuota: z.boolean().optional(),
  DockerRootDir: z.string().optional(),
});

export type FoundDocker =
  | { ok: true; socketPath: string; description: string }
  | { ok: false; reason: string };

/** Looks for an engine that answers, within 3 s a place; never throws. */
export async function findDocker(socketPath?: string): Promise<FoundDocker> {
  const found = await openEngine(socketPath).catch((error: unknown) => error);
  if (found instanceof Error) return { ok: false, reason: found.message };
  const engine = found as Engine;
  return { ok: true, socketPath: engine.socketPath, description: engine.description };
}

/**
 * Opens the engine at `socketPath`, or else at the first of the usual places that answers.
 * Throws `ReleaseFailure` RUNTIME_UNAVAILABLE with the most telling of the reasons.
 */
export async function openEngine(socketPath?: string): Promise<Engine> {
  const failures: unknown[] = [];
  for (const path of socketPath === undefined ? usualSockets() : [socketPath]) {
    try {
      return await connect(path);
    } catch (error) {
      failures.push(error);
    }
  }
  const telling = failures.find((error) => error instanceof Error && !/ENOENT/.test(error.message));
  throw telling ?? failures[0];
}

/** Where Docker Engine, rootless Docker and Docker Desktop put their sockets. */
function usualSockets(): string[] {
  if (process.platform === 'win32') return ['//./pipe/docker_engine'];
  const user = process.getuid?.() ?? 0;
  return [
    '/var/run/docker.sock',
    `/run/user/${user}/docker.sock`,
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
  ];
}

async function connect(socketPath: string): Promise<Engine> {
  const unversioned = createAsk(socketPath, undefined);
  const version = await unversioned((docker) => docker.version(), { timeoutMs: 3_000 });
  const apiVersion = negotiateApiVersion(version.ApiVersion, version.MinAPIVersion ?? '1.12');
  if (apiVersion === null) {
    throw unavailable(
      socketPath,
      new Error(`it is version ${version.Version}; BorgOS needs 20.10 or newer`),
    );
  }
  const ask = createAsk(socketPath, `v${apiVersion}`);
  const answer: unknown = await ask((docker) => docker.info(), { timeoutMs: 10_000 });
  const info = infoSchema.parse(answer);
  return {
    socketPath,
    apiVersion,
    description: `Docker Engine ${version.Version}`,
    cpus: info.NCPU,
    memory: info.MemTotal,
    rootFolder: await visibleFolder(info.DockerRootDir),
    limits: limitsOf(info),
    ask,
  };
}

/** An engine in a virtual machine, or on another one, has a disk of its own. */
async function visibleFolder(folder: string | undefined): Promise<string | null> {
  if (folder === undefined || process.platform !== 'linux') return null;
  return access(folder).then(
    () => folder,
    () => null,
  );
}

function limitsOf(info: z.infer<typeof infoSchema>): Engine['limits'] {
  const missing = [
    info.MemoryLimit === false ? 'memory' : '',
    info.CpuCfsQuota === false ? 'CPU' : '',
  ].filter((name) => name !== '');
  if (missing.length === 0) return { enforced: true, reason: null };
  return {
    enforced: false,
    reason: `Docker Engine has no ${missing.join(' and ')} cgroup controller here, so limits are ignored: delegate the controllers to it (rootless Docker) or enable them in the kernel.`,
  };
}

function createAsk(socketPath: string, version: string | undefined): Engine['ask'] {
  return async (call, { timeoutMs = 60_000, stream = false } = {}) => {
    const docker = createClient(socketPath, version, stream ? undefined : timeoutMs);
    const answered = new AbortController();
    const expired = new AbortController();
    try {
      // The client's own timeout closes the socket, but an answer that is cut in its middle would
      // never settle its promise: hence the race.
      return await Promise.race([
        call(docker, expired.signal),
        expire(timeoutMs, answered.signal, expired),
      ]);
    } catch (error) {
      throw isUnreachable(error) ? unavailable(socketPath, error) : error;
    } finally {
      answered.abort();
    }
  };
}

async function expire(
  timeoutMs: number,
  answered: AbortSignal,
  expired: AbortController,
): Promise<never> {
  await delay(timeoutMs, undefined, { signal: answered });
  expired.abort();
  throw Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' });
}

function createClient(socketPath: string, version?: string, timeout?: number): Docker {
  try {
    return new Docker({
      socketPath,
      version,
      timeout,
      // Else the client would prefer the host of a DOCKER_HOST variable over the socket.
      host: undefined,
      protocol: 'http',
      // A connection of its own for each call: one kept from before a restart of the engine fails.
      headers: { Connection: 'close' },
    });
  } catch (error) {
    throw unavailable(socketPath, new Error(reasonOf(error)));
  }
}
