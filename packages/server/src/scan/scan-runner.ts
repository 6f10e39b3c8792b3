import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Scan } from '@borgos/contracts/scans';
import { systemActor } from '../caller.ts';
import { transaction } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { changesBetween } from './changes.ts';
import { describePlaces } from './places-file.ts';
import { runChild } from './run-child.ts';
import { ScanFailure } from './scan-failure.ts';
import type { ScanProgress, ScanRequest, ScanResult } from './scan-result.ts';
import type { ScansOptions } from './scans.ts';
import { mergeStack } from './stack/merge-stack.ts';
import * as store from './store.ts';

export interface ScanRunner {
  /** There may be a scan to run. */
  wake(): void;
  /** Stops a scan that runs here: it has been ended already. */
  stop(id: number): void;
  /** Takes up what a server that ended has left. */
  recover(): Promise<void>;
  /** Puts back what runs, for the next start. */
  close(): Promise<void>;
}

/** What a scan has seen, and where. */
export interface Looked {
  directory: string;
  result: ScanResult;
}

/** Scans that are kept of a project. */
const kept = 100;
/** A scan that has ended elsewhere is noticed, and progress told, this often. */
const tellMs = 1_000;
const retryMs = 5_000;

class Ended extends Error {
  override name = 'Ended';
}

/** Runs what is asked for, one after the other: a scan alone keeps a small machine busy. */
export function createScanRunner(
  options: ScansOptions & {
    folder: string;
    deadlineMs: number;
    onCompleted: (projectId: number, looked: Looked) => void;
  },
): ScanRunner {
  const { db, projects, deployments, folder, deadlineMs, searchPath, log } = options;
  let running: { id: number; controller: AbortController } | undefined;
  let work: Promise<void> | undefined;
  let again = false;
  let closed = false;
  // What another server on the database has asked for, or left.
  const timer = setInterval(wake, retryMs * 6).unref();

  function wake(): void {
    again = true;
    if (closed) return;
    work ??= runAll()
      .catch((error) => log.error({ err: error }, 'scans could not be run; trying again'))
      .finally(() => {
        work = undefined;
      });
  }

  async function runAll(): Promise<void> {
    while (again && !closed) {
      again = false;
      for (let scan = await store.takeNext(db); scan; scan = await store.takeNext(db)) {
        await run(scan);
        if (closed) return;
      }
    }
  }

  async function run(scan: Scan): Promise<void> {
    const controller = new AbortController();
    running = { id: scan.id, controller };
    try {
      await projects.setScanStatus(db, scan.project_id, 'running');
      const looked = await look(scan, controller.signal);
      await complete(scan, looked.result);
      options.onCompleted(scan.project_id, looked);
    } catch (error) {
      if (error instanceof Ended) return;
      if (closed) await store.requeue(db, [scan.id]);
      else await fail(scan, error);
    } finally {
      running = undefined;
    }
  }

  async function look(scan: Scan, signal: AbortSignal): Promise<Looked> {
    const directory = await projects.getDirectory(await projects.get(scan.project_id));
    const deployed = await deployments.listOfProject(scan.project_id);
    const teller = createTeller(scan);
    const placesFile = join(folder, `${scan.project_id}.places`);
    const whereAtCrash = () => describePlaces(placesFile);
    try {
      const request: ScanRequest = {
        directory,
        searchPath,
        memoryFile: join(folder, `${scan.project_id}.bin`),
        placesFile,
        deployments: deployed.map(({ name, cpu_limit, memory_limit }) => ({
          name,
          cpu_limit,
          memory_limit,
        })),
      };
      const waiting = { signal, deadlineMs, onProgress: teller.tell, whereAtCrash };
      const result: ScanResult = await runChild('scan-child', request, waiting);
      return { directory, result };
    } finally {
      rmSync(placesFile, { force: true });
      await teller.end();
    }
  }

  /** Tells how far a scan is, not more often than somebody can follow. */
  function createTeller(scan: Scan) {
    let newest: ScanProgress | undefined;
    let telling: Promise<void> = Promise.resolve();
    const tellNewest = () => {
      const progress = newest;
      newest = undefined;
      if (progress) telling = telling.then(() => tell(scan, progress)).catch(stopOrLog(scan));
    };
    const timer = setInterval(tellNewest, tellMs);
    return {
      tell: (progress: ScanProgress) => {
        newest = progress;
      },
      async end() {
        clearInterval(timer);
        await telling;
      },
    };
  }

  async function tell({ id, project_id }: Scan, progress: ScanProgress): Promise<void> {
    const { stage, found: files_found, done: files_done } = progress;
    const fields = { stage, files_found, files_done };
    await transaction(db, async (db) => {
      if (!(await store.updateRunning(db, id, fields))) throw new Ended();
      await appendEvent(db, 'scan_progress', { id, project_id, ...fields }, systemActor);
    });
  }

  function stopOrLog({ id }: Scan) {
    return (error: unknown) => {
      if (error instanceof Ended) stop(id);
      else log.warn({ err: error, scan: id }, 'the progress of a scan was not recorded');
    };
  }

  async function complete(scan: Scan, result: ScanResult): Promise<void> {
    const { id, project_id } = scan;
    const { scores, errors, metadata } = result;
    const figures = {
      health_score: scores.health.score,
      vibe_score: scores.vibe.score,
      eco_score: scores.eco.score,
    };
    await transaction(db, async (db) => {
      const before = await store.findLastCompleted(db, project_id);
      const { files_found, files_read, truncated, lines_of_code, errors_found, commit } = result;
      const found = { files_found, files_read, truncated, lines_of_code, errors_found, commit };
      const after = { ...scan, ...found, ...figures };
      const ended = await store.endScan(db, id, {
        status: 'completed',
        files_done: files_found,
        ...found,
        ...figures,
        changes: before ? changesBetween(before, after) : null,
        scores,
      });
      if (!ended) throw new Ended();
      const own = await projects.getOwnFields(db, project_id);
      await projects.recordScan(db, project_id, {
        ...figures,
        errors,
        metadata,
        ...result.texts,
        project_type: own.project_type ?? result.project_type,
        tech_stack: mergeStack(own.tech_stack, result.tech_stack),
      });
      await store.pruneScans(db, project_id, kept);
      const told = { id, project_id, ...figures, lines_of_code, errors_found };
      await appendEvent(db, 'scan_completed', told, systemActor);
    });
  }

  async function fail(scan: Scan, error: unknown): Promise<void> {
    const { id, project_id } = scan;
    const isForeseen = error instanceof ScanFailure || error instanceof AppError;
    if (!isForeseen) log.error({ err: error, scan: id }, 'a scan failed');
    const reason = isForeseen ? error.message : 'An unexpected error occurred; the log has it';
    const isGone = error instanceof AppError && error.code === 'PROJECT_PATH_MISSING';
    await transaction(db, async (db) => {
      const ended = await store.endScan(db, id, { status: 'failed', status_reason: reason });
      if (!ended) return;
      await projects.setScanStatus(db, project_id, isGone ? 'path_missing' : 'failed');
      await appendEvent(db, 'scan_failed', { id, project_id, reason }, systemActor);
    });
  }

  function stop(id: number): void {
    if (running?.id === id) running.controller.abort(new Ended());
  }

  return {
    wake,
    stop,
    async recover() {
      await store.requeue(db);
      wake();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      running?.controller.abort(new Error('the server stops'));
      await work;
    },
  };
}
