import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AppLogs } from '../../app-log/app-logs.ts';
import type { LineStream } from '../../app-log/log-line.ts';
import { createTurns } from '../turns.ts';
import { type Freeing, openFreeing } from './free-space.ts';
import { type OutputCopy, openOutputCopy } from './output-copy.ts';

/** Whose output it is. */
export interface Printing {
  name: string;
  revision: number;
  generation: number;
  /** The directory of its log. */
  logFile: string;
}

/**
 * Copies what instances print into their logs. Each prints into two files of its own, which goes on
 * when BorgOS is gone; they are read as they grow, and what was read is given back to the disk.
 */
export interface AppOutput {
  /** Goes on where the copy ended; once is enough, more do no harm. */
  follow(instance: Printing): void;
  /** Resolves when all that it printed until now is in its log, or that cannot be. */
  catchUp(instance: Printing): Promise<void>;
  /** Copies the rest of what a stopped instance printed, and removes its files. */
  finish(instance: Printing): Promise<void>;
  close(): Promise<void>;
}

/** The file that an instance appends one of its streams to. */
export function outputFile(
  { logFile, generation }: Pick<Printing, 'logFile' | 'generation'>,
  stream: LineStream,
): string {
  return join(logFile, `g${generation}.${stream}`);
}

/** While an app prints: short, as the order of the two streams is only known from one look to the next. */
const activeMs = 20;
/** After that long without output, it is not looked at until the system tells of more. */
const quietMs = 1_000;
/** Where the system does not tell; where it does, it may miss some. */
const pollMs = { told: 2_000, untold: 100 };
const retryMs = 1_000;

interface Followed {
  instance: Printing;
  copy: Promise<OutputCopy>;
  timer: NodeJS.Timeout | undefined;
  printedAt: number;
  isFailing: boolean;
  isFinished: boolean;
}

export function createAppOutput({
  logs,
  log,
}: {
  logs: AppLogs;
  log: Pick<Logger, 'warn'>;
}): AppOutput {
  const followed = new Map<string, Followed>();
  const turns = createTurns();
  const freeing: Freeing = openFreeing();
  let isClosed = false;

  async function open(instance: Printing): Promise<OutputCopy> {
    const writer = await logs.writer(instance.logFile);
    const { revision, generation } = instance;
    return openOutputCopy({
      files: { stdout: outputFile(instance, 'stdout'), stderr: outputFile(instance, 'stderr') },
      revision,
      generation,
      writer,
      cap: logs.limits.cap,
      freeing,
    });
  }

  function openAnew(entry: Followed): void {
    entry.copy = open(entry.instance);
    entry.copy.catch(() => {});
  }

  function lookAfter(entry: Followed, ms: number): void {
    clearTimeout(entry.timer);
    if (isClosed || entry.isFinished) return;
    entry.timer = setTimeout(() => void look(entry), ms).unref();
  }

  /** @returns whether it could be copied */
  function look(entry: Followed, all = false): Promise<boolean> {
    const { name } = entry.instance;
    return turns.take(name, async () => {
      if (isClosed || entry.isFinished) return true;
      let copy: OutputCopy | undefined;
      try {
        copy = await entry.copy;
        if (await copy.copy(all)) entry.printedAt = performance.now();
        entry.isFailing = false;
        const isQuiet = performance.now() - entry.printedAt > quietMs;
        const isTold = isQuiet && (await copy.watch(() => lookAfter(entry, 0)));
        lookAfter(entry, isQuiet ? pollMs[isTold ? 'told' : 'untold'] : activeMs);
        return true;
      } catch (error) {
        if (!entry.isFailing) {
          log.warn({ err: error, instance: name }, 'the output of an app can not be copied now');
        }
        entry.isFailing = true;
        if (!copy) openAnew(entry);
        lookAfter(entry, retryMs);
        return false;
      }
    });
  }

  function entryOf(instance: Printing): Followed {
    const known = followed.get(instance.name);
    if (known) return known;
    const entry: Followed = {
      instance,
      copy: open(instance),
      timer: undefined,
      printedAt: performance.now(),
      isFailing: false,
      isFinished: false,
    };
    entry.copy.catch(() => {});
    followed.set(instance.name, entry);
    return entry;
  }

  return {
    follow(instance) {
      if (isClosed) return;
      const entry = entryOf(instance);
      entry.printedAt = performance.now();
      lookAfter(entry, 0);
    },
    async catchUp(instance) {
      if (!isClosed) await look(entryOf(instance), true);
    },
    async finish(instance) {
      if (isClosed) return;
      const entry = entryOf(instance);
      await look(entry, true);
      await turns.take(instance.name, async () => {
        entry.isFinished = true;
        clearTimeout(entry.timer);
        followed.delete(instance.name);
        await (await entry.copy.catch(() => undefined))?.close();
        await (await logs.writer(instance.logFile)).forget(instance.generation);
        for (const stream of ['stdout', 'stderr'] as const) {
          await rm(outputFile(instance, stream), { force: true });
        }
      });
    },
    async close() {
      isClosed = true;
      for (const { timer } of followed.values()) clearTimeout(timer);
      await turns.settled();
      for (const { copy } of followed.values()) await (await copy.catch(() => undefined))?.close();
      followed.clear();
    },
  };
}
