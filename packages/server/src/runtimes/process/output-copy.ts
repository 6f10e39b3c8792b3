import { type FSWatcher, fstatSync, ftruncateSync, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { addOutput } from '../../app-log/add-output.ts';
import { createLineBatch } from '../../app-log/line-batch.ts';
import type { LineStream } from '../../app-log/log-line.ts';
import type { LogWriter } from '../../app-log/log-writer.ts';
import type { Freeing } from './free-space.ts';

/** Copies the two files that an instance prints into to its log. */
export interface OutputCopy {
  /**
   * Copies what is new.
   * @param all also a line that has just begun
   * @returns whether there was anything, or more is expected at once
   */
  copy(all: boolean): Promise<boolean>;
  /** Has `onChange` called once, when there is more. Returns `false` where the system does not tell. */
  watch(onChange: () => void): Promise<boolean>;
  close(): Promise<void>;
}

export interface OutputCopyOptions {
  files: Record<LineStream, string>;
  revision: number;
  generation: number;
  writer: LogWriter;
  /** More than that is not kept anyway, and is passed over. */
  cap: number;
  freeing: Freeing;
}

interface Source {
  stream: LineStream;
  file: string;
  handle: FileHandle;
  size: number;
  /** When it was written to last, in Unix nanoseconds. */
  writtenAt: bigint;
  /** Since when its last line is not ended, by `performance.now()`. */
  begunAt: number;
  /** How many bytes of its beginning are given back. */
  freed: number;
}

/** Few enough for the event loop: about 2 ms of lines. */
const chunkBytes = 256 * 1024;
/** A prompt is shown soon, and a line that is written in two goes is one. */
const unendedMs = 250;
const freeAt = 4 * 1024 ** 2;
/** A file system may have files of 16 TiB at most, holes included. */
const largest = 2 ** 40;
const never = Number.POSITIVE_INFINITY;

export async function openOutputCopy({
  files,
  revision,
  generation,
  writer,
  cap,
  freeing,
}: OutputCopyOptions): Promise<OutputCopy> {
  const position = writer.positionOf(generation);
  const sources: Source[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    // Appending makes it; reading and shortening it is all that is done here.
    const handle = await open(files[stream], 'a+', 0o600);
    sources.push({
      ...{ stream, file: files[stream], handle },
      ...{ size: 0, writtenAt: 0n, begunAt: never, freed: 0 },
    });
  }
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let watchers: FSWatcher[] = [];

  const copiedOf = ({ stream }: Source) => position[stream]?.bytes ?? 0;

  async function moveTo(source: Source, bytes: number): Promise<void> {
    const at = position[source.stream]?.at ?? '0'.repeat(19);
    position[source.stream] = { at, count: 0, bytes };
    await writer.move(generation, position);
  }

  async function measure(source: Source): Promise<void> {
    const { size, mtimeNs } = await source.handle.stat({ bigint: true });
    source.size = Number(size);
    source.writtenAt = mtimeNs;
    const copied = copiedOf(source);
    // It was shortened, and BorgOS was killed before it could note that down.
    if (source.size < copied) await moveTo(source, 0);
    else if (source.size - copied > cap) await moveTo(source, source.size - cap);
  }

  /** @returns whether anything was copied */
  async function copyChunk(source: Source, all: boolean): Promise<boolean> {
    const { stream, handle, size, writtenAt } = source;
    const from = copiedOf(source);
    if (from >= size) return false;
    const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, size - from), from);
    const now = performance.now();
    const isLate = now - source.begunAt >= unendedMs;
    const batch = createLineBatch({ revision, generation });
    const next = structuredClone(position);
    const taken = addOutput(batch, next, buffer.subarray(0, bytesRead), {
      stream,
      at: timeOf(writtenAt),
      takeRest: from + bytesRead === size && (all || isLate),
    });
    if (taken > 0) await writer.append(batch, next);
    Object.assign(position, next);
    if (taken === bytesRead) source.begunAt = never;
    else if (taken > 0 || source.begunAt === never) source.begunAt = now;
    return taken > 0;
  }

  /** Gives back to the disk what is copied. */
  async function free(source: Source): Promise<void> {
    const copied = copiedOf(source);
    if (copied - source.freed < freeAt) return;
    if (copied < largest && (await freeing.free(source.file, copied))) {
      source.freed = copied;
      return;
    }
    // Nothing can be lost but what is written between these two calls.
    if (fstatSync(source.handle.fd).size !== copied) return;
    ftruncateSync(source.handle.fd, 0);
    source.freed = 0;
    await moveTo(source, 0);
  }

  function unwatch(): void {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  }

  return {
    async copy(all) {
      unwatch();
      let isAny = false;
      for (const source of sources) await measure(source);
      // Which was written to last has the last word; more is not known of their order.
      const ordered = sources.toSorted((a, b) => (a.writtenAt < b.writtenAt ? -1 : 1));
      for (let isMore = true; isMore; ) {
        isMore = false;
        for (const source of ordered) isMore = (await copyChunk(source, all)) || isMore;
        isAny ||= isMore;
      }
      for (const source of sources) await free(source);
      return isAny || sources.some(({ begunAt }) => begunAt !== never);
    },
    async watch(onChange) {
      unwatch();
      try {
        for (const { file } of sources) {
          const watcher = watch(file, { persistent: false }, () => {
            unwatch();
            onChange();
          });
          watcher.on('error', unwatch);
          watchers.push(watcher);
        }
      } catch {
        unwatch();
        return false;
      }
      // What came just before is not told.
      for (const source of sources) {
        const { size } = await source.handle.stat();
        if (size > copiedOf(source)) {
          unwatch();
          onChange();
          break;
        }
      }
      return true;
    },
    async close() {
      unwatch();
      for (const { handle } of sources) await handle.close();
    },
  };
}

/** A file from the future, or one whose time was set by hand, has that of now. */
function timeOf(writtenAt: bigint): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  const isPlausible = writtenAt > 10n ** 18n && writtenAt <= now + 10n ** 9n;
  return String(isPlausible ? writtenAt : now);
}
