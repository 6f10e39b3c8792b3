import type { Actor } from '@borgos/contracts/caller';
import type { BaseLogger } from 'pino';
import { AppError } from '../errors.ts';
import type { KnownProject, Projects } from '../projects/projects.ts';
import { runChild } from './run-child.ts';
import { ScanFailure } from './scan-failure.ts';
import type { Scans } from './scans.ts';
import type { IgnoredHint } from './zenith/inventory-report.ts';
import type { SyncPlan } from './zenith/plan-sync.ts';
import { findZenithRoots } from './zenith/zenith-roots.ts';

export interface Synced {
  /** Distinct projects that are there. */
  count: number;
  added: number;
  moved: number;
  missing: number;
  /** Which limit has kept it from seeing everything. */
  truncated: string | null;
}

export interface Zenith {
  /**
   * Registers what is found below the roots, and has it scanned. Nothing is removed.
   * @throws AppError ZENITH_PATH_MISSING, UNPROCESSABLE
   */
  sync(actor: Actor, signal: AbortSignal): Promise<Synced>;
}

export interface ZenithRequest {
  /** Real paths. */
  roots: string[];
  /** The same as they are set. */
  folders: string[];
  searchPath: string | undefined;
  known: KnownProject[];
}

export interface ZenithResult {
  plan: SyncPlan;
  count: number;
  truncated: string | null;
  ignoredHints: IgnoredHint[];
}

/** The search itself gives up after a minute. */
const deadlineMs = 90_000;

/** Finds the projects of a Zenith Coder folder and keeps them registered. */
export function createZenith({
  folders,
  projects,
  scans,
  searchPath,
  log,
}: {
  /** As they are set. */
  folders: string[];
  projects: Projects;
  scans: Pick<Scans, 'start'>;
  searchPath: string | undefined;
  log: Pick<BaseLogger, 'info' | 'warn'>;
}): Zenith {
  /** One at a time: two would add the same. */
  let last: Promise<unknown> = Promise.resolve();

  async function sync(actor: Actor, signal: AbortSignal): Promise<Synced> {
    const { roots, missing } = findZenithRoots(folders);
    if (missing.length > 0) {
      throw new AppError(
        'ZENITH_PATH_MISSING',
        `${missing.join(', ')} is no directory that BorgOS can read. Set ZENITH_PATH to where Zenith Coder keeps its projects`,
      );
    }
    const request: ZenithRequest = {
      roots,
      folders,
      searchPath,
      known: await projects.listKnown(),
    };
    const { plan, count, truncated, ignoredHints } = await search(request, signal);
    for (const hint of ignoredHints) log.info(hint, 'a hint of an inventory report was not used');
    const ids = await projects.applySync(plan, actor);
    for (const id of ids) {
      await scans
        .start(id, 'zenith', actor)
        .catch((error) => log.warn({ err: error, project: id }, 'a project was not scanned'));
    }
    return {
      count,
      added: plan.add.length,
      moved: plan.move.length,
      missing: plan.missing.length,
      truncated,
    };
  }

  async function search(request: ZenithRequest, signal: AbortSignal): Promise<ZenithResult> {
    try {
      return await runChild('zenith-child', request, { signal, deadlineMs });
    } catch (error) {
      if (!(error instanceof ScanFailure)) throw error;
      throw new AppError('UNPROCESSABLE', error.message, { cause: error });
    }
  }

  return {
    sync(actor, signal) {
      const turn = last.then(() => sync(actor, signal));
      last = turn.catch(() => {});
      return turn;
    },
  };
}
