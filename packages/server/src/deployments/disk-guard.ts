import { statfs } from 'node:fs/promises';
import { ReleaseFailure } from '../errors.ts';

/** Keeps builds from filling a disk that apps, the database and others live on. */
export interface DiskGuard {
  /**
   * Throws `ReleaseFailure` DISK_FULL unless there is room for a build, also after `tidy`, which is
   * called when there is not.
   */
  assertRoom(tidy: () => Promise<void>): Promise<void>;
  /** Aborts, with the `ReleaseFailure` DISK_FULL, once the room becomes too little for the rest. */
  watch(): DiskWatch;
}

export interface DiskWatch {
  signal: AbortSignal;
  /** Is told the output of the build: a program that finds the disk full says so. */
  hear(text: string): void;
  /** The `ReleaseFailure` of a build that failed by itself, if that was for want of room. */
  explain(error: unknown): Promise<ReleaseFailure | undefined>;
  end(): void;
}

interface Shortage {
  folder: string;
  /** Bytes. */
  free: number;
  needed: number;
}

/** A build begins only with so much room: the smaller of the two. */
const toBegin = { bytes: 2 * 1024 ** 3, share: 0.05 };
/** It is ended below this part of that, so that others have the rest. */
const toGoOn = 0.5;
const watchMs = 500;
/** Not `ENOSPC` alone, which also stands for too many files that are watched. */
const saysFull = /no space left on device|\(ENOSPC\)/i;

/** Over the disks of these folders; one that is not there, or can't be seen, is passed over. */
export function createDiskGuard(folders: string[]): DiskGuard {
  async function findShortage(part: number): Promise<Shortage | undefined> {
    for (const folder of folders) {
      const disk = await statfs(folder).catch(() => undefined);
      if (disk === undefined || disk.blocks === 0) continue;
      const size = disk.blocks * disk.bsize;
      const free = disk.bavail * disk.bsize;
      const needed = part * Math.min(toBegin.bytes, toBegin.share * size);
      if (free < needed) return { folder, free, needed };
    }
    return undefined;
  }

  async function rooms(): Promise<string> {
    const told: string[] = [];
    for (const folder of folders) {
      const disk = await statfs(folder).catch(() => undefined);
      if (disk) told.push(`${folder} has ${mebibytes(disk.bavail * disk.bsize)} free`);
    }
    return told.join(', ');
  }

  return {
    async assertRoom(tidy) {
      if ((await findShortage(1)) === undefined) return;
      await tidy();
      const shortage = await findShortage(1);
      if (shortage) throw diskFull(shortage, 'a build begins only with');
    },

    watch() {
      const abort = new AbortController();
      let looking = false;
      const timer = setInterval(() => {
        if (looking) return;
        looking = true;
        void findShortage(toGoOn)
          .then((shortage) => {
            if (shortage) abort.abort(diskFull(shortage, 'a build is ended below'));
          })
          .finally(() => {
            looking = false;
          });
      }, watchMs);

      let heard = false;
      return {
        signal: abort.signal,
        hear(text) {
          heard ||= saysFull.test(text);
        },
        async explain(error) {
          // What it had written is removed by now, so that the disk itself tells nothing any more.
          if (!(error instanceof Error && (heard || saysFull.test(error.message))))
            return undefined;
          return new ReleaseFailure(
            'DISK_FULL',
            `The disk became full, so the build failed and what it had written was removed; now ${await rooms()}. ${whatNext}\n${error.message}`,
            { cause: error },
          );
        },
        end: () => clearInterval(timer),
      };
    },
  };
}

const whatNext =
  'Delete deployments and volumes that nobody needs (GET /api/v1/volumes), or files of others on that disk (of Docker: `docker system df`), then deploy again; what BorgOS itself can do without is removed by then.';

function diskFull({ folder, free, needed }: Shortage, rule: string): ReleaseFailure {
  return new ReleaseFailure(
    'DISK_FULL',
    `The disk of ${folder} has ${free} bytes (${mebibytes(free)}) free, and ${rule} ${mebibytes(needed)}. ${whatNext}`,
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
