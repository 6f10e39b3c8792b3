import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ReleaseFailure } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engine-errors.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { createFrameReader, type LogMessage } from './log-frames.ts';
import { createLogCursor, type LogCursor, repeatFrom } from './log-position.ts';

/** How long the rest of a stopped container's output may take to copy. */
const finishMs = 15_000;

/** Copies the output of containers into files. */
export interface AppLogs {
  /** Follows a container from where its copy ends; once is enough, more do no harm. */
  follow(container: string, file: string): void;
  /** Copies the rest of a stopped container's output, which may then be removed. */
  finish(container: string, file: string): Promise<void>;
  /** The container is removed. */
  forget(container: string, file: string): Promise<void>;
  close(): Promise<void>;
}

interface Follower {
  path: string;
  /** The container started again: what it prints must be read too. */
  again: boolean;
  ended: Promise<void>;
}

export function createAppLogs(options: { engine: Engine; log: Pick<Logger, 'warn'> }): AppLogs {
  const { engine, log } = options;
  const followers = new Map<string, Follower>();
  // One writer a file: a deployment's old and new instance print into the same one for a while.
  const files = new Map<string, Promise<LogFile>>();
  const closing = new AbortController();

  function openOnce(path: string): Promise<LogFile> {
    const found = files.get(path);
    if (found !== undefined) return found;
    const opened = openLogFile(path);
    files.set(path, opened);
    opened.catch(() => files.delete(path));
    return opened;
  }

  /** Copies what the container printed since the last time, until it ends. */
  async function copy(container: string, file: LogFile): Promise<void> {
    const cursor = createLogCursor(file.positionOf(container));
    const stream = await engine.ask(
      (docker, expired) =>
        docker.getContainer(container).logs({
          follow: true,
          stdout: true,
          stderr: true,
          timestamps: true,
          since: repeatFrom(cursor.position),
          abortSignal: AbortSignal.any([closing.signal, expired]),
        }),
      { stream: true },
    );
    const read = createFrameReader();
    for await (const chunk of stream) {
      const bytes = newBytes(read(toBuffer(chunk)), cursor);
      // Waiting here is what slows the engine down when the disk is slow.
      if (bytes.length > 0) await file.append(container, bytes, { ...cursor.position });
    }
  }

  async function run(container: string, path: string, follower: Follower): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        const file = await openOnce(path);
        // Only a copy that began when it had stopped is known to be complete.
        const running = await isRunning(engine, container);
        follower.again = false;
        await copy(container, file);
        failures = 0;
        if (!running && !follower.again) return await file.save();
      } catch (error) {
        if (closing.signal.aborted || statusOf(error) === 404) return;
        if (failures === 0 && !isUnavailable(error)) {
          log.warn({ err: error, container, path }, 'the output of an app can not be copied now');
        }
        failures += 1;
        await delay(Math.min(10_000, 100 * 2 ** failures), null, { signal: closing.signal }).catch(
          () => {},
        );
      }
    }
  }

  function follow(container: string, path: string): Follower {
    const known = followers.get(container);
    if (known !== undefined) return known;
    const follower: Follower = { path, again: false, ended: Promise.resolve() };
    followers.set(container, follower);
    follower.ended = run(container, path, follower).finally(() => followers.delete(container));
    return follower;
  }

  return {
    follow(container, path) {
      if (!closing.signal.aborted) follow(container, path).again = true;
    },
    async finish(container, path) {
      const { ended } = follow(container, path);
      const timeout = new AbortController();
      await Promise.race([
        ended,
        delay(finishMs, null, { signal: timeout.signal }).catch(() => {}),
      ]);
      timeout.abort();
    },
    async forget(container, path) {
      const file = await openOnce(path);
      await file.forget(container);
      if ([...followers.values()].some((follower) => follower.path === path)) return;
      files.delete(path);
      await file.close();
    },
    async close() {
      closing.abort();
      await Promise.all([...followers.values()].map(({ ended }) => ended));
      for (const file of files.values()) await (await file).close();
      files.clear();
    },
  };
}

function newBytes(messages: LogMessage[], cursor: LogCursor): Buffer {
  return Buffer.concat(messages.filter((message) => cursor.take(message)).map(({ text }) => text));
}

function toBuffer(chunk: string | Buffer): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ReleaseFailure && error.code === 'RUNTIME_UNAVAILABLE';
}

async function isRunning(engine: Engine, container: string): Promise<boolean> {
  const { State: state } = await engine.ask((docker) => docker.getContainer(container).inspect());
  return state.Status === 'running' || state.Status === 'paused';
}
