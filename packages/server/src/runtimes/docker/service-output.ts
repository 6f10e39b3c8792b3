import { setTimeout as delay } from 'node:timers/promises';
import type { LogPosition } from '../../app-log/log-position.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engine-errors.ts';
import { createFrameReader } from './log-frames.ts';
import { createLogCursor, type LogCursor, repeatFrom } from './log-position.ts';

const mostPauseMs = 5_000;

export interface FollowOptions {
  id: string;
  /** Unix nanoseconds; `null`: from its start. */
  from: bigint | null;
  /** @param at when the last of it was printed, in Unix nanoseconds */
  write(text: Buffer, at: bigint): Promise<void>;
  /** `null`: it cannot be known at present. */
  isAlive(): Promise<boolean | null>;
  signal: AbortSignal;
}

/**
 * Hands over what a container prints until it has ended or is gone, or the signal is aborted. When
 * the connection breaks, it is made again.
 */
export async function followService(
  openEngine: () => Promise<Engine>,
  { id, from, write, isAlive, signal }: FollowOptions,
): Promise<void> {
  let position = positionAt(from);
  for (let pauseMs = 100; !signal.aborted; ) {
    // Only a copy that began when it had ended is known to be complete.
    const alive = await isAlive();
    try {
      // A new one each time, as each answer of the engine begins with what is known.
      const cursor = createLogCursor(position);
      position = cursor.position;
      await copy(await openEngine(), id, cursor, write, signal);
      if (alive === false) return;
      pauseMs = 100;
    } catch (error) {
      // Nobody can tell what it printed last.
      if (alive === false || statusOf(error) === 404) return;
      pauseMs = Math.min(mostPauseMs, pauseMs * 2);
    }
    // What ends the output of one that lives is its end in most cases, which shows in a moment.
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
}

async function copy(
  engine: Engine,
  id: string,
  cursor: LogCursor,
  write: FollowOptions['write'],
  signal: AbortSignal,
): Promise<void> {
  const stream = await engine.ask(
    (docker, expired) =>
      docker.getContainer(id).logs({
        follow: true,
        stdout: true,
        stderr: true,
        timestamps: true,
        since: repeatFrom(cursor.position),
        abortSignal: AbortSignal.any([signal, expired]),
      }),
    { stream: true },
  );
  const read = createFrameReader();
  for await (const chunk of stream) {
    const data = typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
    const fresh = read(data).filter((message) => cursor.take(message));
    const last = fresh.at(-1);
    if (last) await write(Buffer.concat(fresh.map(({ text }) => text)), BigInt(last.at));
  }
}

function positionAt(from: bigint | null): LogPosition {
  if (from === null) return {};
  const at = String(from).padStart(19, '0');
  return { stdout: { at, count: 0, bytes: 0 }, stderr: { at, count: 0, bytes: 0 } };
}
