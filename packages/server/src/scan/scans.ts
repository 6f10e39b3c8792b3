import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { ProjectScores, Scan } from '@borgos/contracts/scans';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import type { Deployments } from '../deployments/deployments.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Projects } from '../projects/projects.ts';
import { createAutoScan } from './auto-scan.ts';
import { createScanRunner } from './scan-runner.ts';
import * as store from './store.ts';

type Endpoints = (typeof api)['scans'];

export interface Scans {
  /**
   * Durably asks for a scan, or joins the one that is asked for already.
   * @throws AppError NOT_FOUND, PROJECT_PATH_MISSING, PROJECT_PATH_NOT_ALLOWED
   */
  start(projectId: number, trigger: Scan['trigger'], actor: Actor): Promise<Scan>;
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<Scan>>;
  get(projectId: number, id: number): Promise<Scan>;
  /** What was known before stays. One that is over is left as it is. */
  cancel(projectId: number, id: number, actor: Actor): Promise<Scan>;
  /** @throws AppError NOT_FOUND before the first scan was completed */
  scores(projectId: number): Promise<ProjectScores>;
  /** Takes up what an earlier life left, and what is asked for from now on. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export interface ScansOptions {
  db: Db;
  projects: Projects;
  deployments: Pick<Deployments, 'listOfProject'>;
  /** Absolute; what is known of each file is kept in there. */
  home: string;
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
  searchPath: string | undefined;
  feed: Pick<EventFeed, 'subscribe'>;
  /** Whether projects are scanned again by themselves. */
  autoScan: boolean;
  /** How long a scan may take. */
  deadlineMs?: number;
}

const usualDeadlineMs = 10 * 60_000;

/** What is in the projects' files, and how good that is. */
export async function createScans(options: ScansOptions): Promise<Scans> {
  const { db, projects, home, deadlineMs = usualDeadlineMs } = options;
  const folder = join(home, 'scans');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const auto = options.autoScan ? createAutoScan({ ...options, start }) : undefined;
  const runner = createScanRunner({
    ...options,
    folder,
    deadlineMs,
    onCompleted: (projectId, looked) => auto?.scanned(projectId, looked),
  });

  async function get(projectId: number, id: number): Promise<Scan> {
    const scan = await store.findScan(db, projectId, id);
    if (!scan) throw new AppError('NOT_FOUND', `Project ${projectId} has no scan with id ${id}`);
    return scan;
  }

  async function start(projectId: number, trigger: Scan['trigger'], actor: Actor): Promise<Scan> {
    await projects.getDirectory(await projects.get(projectId));
    const scan = await transaction(db, async (db) => {
      const started = await store.insertScan(db, projectId, trigger);
      if (!started) return store.findActive(db, projectId);
      await projects.setScanStatus(db, projectId, 'queued');
      const data = { id: started.id, project_id: projectId, trigger };
      await appendEvent(db, 'scan_started', data, actor);
      return started;
    });
    // The one that was joined has ended in this very moment.
    if (!scan) return start(projectId, trigger, actor);
    runner.wake();
    return scan;
  }

  return {
    get,
    start,

    async list({ id, status, limit, offset = 0 }) {
      await projects.get(id);
      return store.listScans(db, { projectId: id, status }, { limit, offset });
    },

    async cancel(projectId, id, actor) {
      await get(projectId, id);
      const cancelled = await transaction(db, async (db) => {
        const scan = await store.endScan(db, id, {
          status: 'cancelled',
          status_reason: 'It was cancelled',
        });
        if (!scan) return undefined;
        const before = await store.findLastCompleted(db, projectId);
        await projects.setScanStatus(db, projectId, before ? 'completed' : 'not_scanned');
        await appendEvent(db, 'scan_cancelled', { id, project_id: projectId }, actor);
        return scan;
      });
      runner.stop(id);
      return cancelled ?? get(projectId, id);
    },

    async scores(projectId) {
      await projects.get(projectId);
      const scan = await store.findLastCompleted(db, projectId);
      if (!scan?.scores || !scan.finished_at) {
        throw new AppError(
          'NOT_FOUND',
          `Project ${projectId} was not scanned yet: POST /api/v1/projects/${projectId}/scan`,
        );
      }
      return {
        project_id: projectId,
        scan_id: scan.id,
        computed_at: scan.finished_at,
        commit: scan.commit,
        ...scan.scores,
      };
    },

    recover: () => runner.recover(),
    async close() {
      auto?.close();
      await runner.close();
    },
  };
}
