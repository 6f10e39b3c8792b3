import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { addOutput } from '../../app-log/add-output.ts';
import type { AppLogs } from '../../app-log/app-logs.ts';
import { createLineBatch, type LineBatch } from '../../app-log/line-batch.ts';
import { ReleaseFailure } from '../../errors.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engine-errors.ts';
import { createFrameReader, type LogMessage } from './log-frames.ts';
import { createLogCursor, type LogCursor, repeatFrom } from './log-position.ts';

/** How long the rest of a stopped container's output may take to copy. */
const finishMs = 15_000;
const gatherMs = 10;
/** How much may wait to be written, in bytes. */
const mostWaiting = 256 * 1024;

/** Whose output it is, and where it goes. */
export interface Printing {
  revision: number;
  generation: number;
  /** The directory of its log. */
  logFile: string;
}

/** Copies the output of containers into logs. */
export interface ContainerLogs {
  /** Follows a container from where its copy ends; once is enough, more do no harm. */
  follow(container: string, printing: Printing): void;
  /** Copies the rest of a stopped container's output, which may then be removed. */
  finish(container: string, printing: Printing): Promise<void>;
  /** The container is removed. */
  forget(printing: Printing): Promise<void>;
  close(): Promise<void>;
}

interface Follower {
  /** The container started again: what it prints must be read too. */
  again: boolean;
  ended: Promise<void>;
}

export function createContainerLogs({
  engine,
  logs,
  log,
}: {
  engine: Engine;
  logs: AppLogs;
  log: Pick<Logger, 'warn'>;
}): ContainerLogs {
  const followers = new Map<string, Follower>();
  const closing = new AbortController();

  /** Copies what the container printed since the last time, until it ends. */
  async function copy(container: string, printing: Printing): Promise<void> {
    const writer = await logs.writer(printing.logFile);
    const cursor = createLogCursor(writer.positionOf(printing.generation));
    let batch = createLineBatch(printing);
    let writing: Promise<void> | undefined;
    let failure: { error: unknown } | undefined;

    /** The engine sends each line by itself: what came while some are written is written together. */
    async function write(): Promise<void> {
      try {
        await delay(gatherMs);
        while (batch.size > 0) {
          const full = batch;
          batch = createLineBatch(printing);
          await writer.append(full, cursor.position);
        }
      } catch (error) {
        failure = { error };
      } finally {
        writing = undefined;
      }
    }

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
    try {
      for await (const chunk of stream) {
        addNew(batch, read(toBuffer(chunk)), cursor);
        writing ??= write();
        // Waiting here is what slows the engine down when the disk is slow.
        if (batch.size > mostWaiting) await writing;
        if (failure) throw failure.error;
      }
    } finally {
      // Who copies next begins behind it.
      await writing;
    }
    if (failure) throw failure.error;
  }

  async function run(container: string, printing: Printing, follower: Follower): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      try {
        // Only a copy that began when it had stopped is known to be complete.
        const running = await isRunning(engine, container);
        follower.again = false;
        await copy(container, printing);
        failures = 0;
        if (!running && !follower.again) return;
      } catch (error) {
        if (closing.signal.aborted || statusOf(error) === 404) return;
        if (failures === 0 && !isUnavailable(error)) {
          const { logFile } = printing;
          log.warn(
            { err: error, container, logFile },
            'the output of an app can not be copied now',
          );
        }
        failures += 1;
        await delay(Math.min(10_000, 100 * 2 ** failures), null, { signal: closing.signal }).catch(
          () => {},
        );
      }
    }
  }

  function follow(container: string, printing: Printing): Follower {
    const known = followers.get(container);
    if (known !== undefined) return known;
    const follower: Follower = { again: false, ended: Promise.resolve() };
    followers.set(container, follower);
    follower.ended = run(container, printing, follower).finally(() => followers.delete(container));
    return follower;
  }

  return {
    follow(container, printing) {
      if (!closing.signal.aborted) follow(container, printing).again = true;
    },
    async finish(container, printing) {
      const { ended } = follow(container, printing);
      const timeout = new AbortController();
      await Promise.race([
        ended,
        delay(finishMs, null, { signal: timeout.signal }).catch(() => {}),
      ]);
      timeout.abort();
    },
    async forget({ logFile, generation }) {
      await (await logs.writer(logFile)).forget(generation);
    },
    async close() {
      closing.abort();
      await Promise.all([...followers.values()].map(({ ended }) => ended));
    },
  };
}

function addNew(batch: LineBatch, messages: LogMessage[], cursor: LogCursor): void {
  for (const message of messages) {
    const { text, stream, at } = message;
    // A piece of a longer line has no newline; the cursor counts it as one message.
    if (cursor.take(message)) addOutput(batch, {}, text, { stream, at, takeRest: true });
  }
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
