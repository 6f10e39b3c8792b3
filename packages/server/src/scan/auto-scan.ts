import type { BaseLogger } from 'pino';
import { systemActor } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Looked } from './scan-runner.ts';
import type { Scans } from './scans.ts';
import * as store from './store.ts';
import { createProjectWatch } from './watch/project-watch.ts';

export interface AutoScan {
  /** For after each scan: what it has seen is watched from now on. */
  scanned(projectId: number, looked: Looked): void;
  close(): void;
}

const dayMs = 86_400_000;
/** How often it is looked for what was not scanned for a day, a few at a time. */
const lookMs = 600_000;
const mostAtOnce = 10;
const mostAtFirst = 200;
/** After the start, when others need the machine more. */
const firstLookMs = 30_000;

/**
 * Scans projects again by itself: soon after their files change, and once a day otherwise. Only those
 * that somebody has asked to be scanned once.
 */
export function createAutoScan({
  db,
  feed,
  start,
  log,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  start: Scans['start'];
  log: Pick<BaseLogger, 'warn' | 'error'>;
}): AutoScan {
  const watch = createProjectWatch({ log, onChange: (id) => void scan(id, 'change') });
  const endFeed = feed.subscribe((event) => {
    if (event.type === 'project_deleted') watch.remove(event.data.id);
  });
  // What has changed since the last life of the server; and it says what is to be watched.
  const first = setTimeout(() => look(new Date(), mostAtFirst), firstLookMs).unref();
  const timer = setInterval(() => look(new Date(Date.now() - dayMs), mostAtOnce), lookMs).unref();

  async function scan(id: number, trigger: 'change' | 'daily'): Promise<void> {
    try {
      await start(id, trigger, systemActor);
    } catch (error) {
      // It was deleted, or its directory is gone: nobody asked, so nobody is told.
      if (error instanceof AppError) watch.remove(id);
      else log.error({ err: error, project: id }, 'a project could not be scanned again');
    }
  }

  function look(before: Date, most: number): void {
    store.listStale(db, before, most).then(
      async (ids) => {
        for (const id of ids) await scan(id, 'daily');
      },
      (error) => log.error({ err: error }, 'projects to scan again could not be looked for'),
    );
  }

  return {
    scanned(projectId, { directory, result }) {
      const { folders, paths, began, files_read, git_directory } = result;
      watch.set(projectId, {
        root: directory,
        paths: folders,
        files: paths && new Set(paths),
        walkedAt: began,
        gitDirectory: git_directory,
      });
      if (files_read > 0) watch.changed(projectId);
      else watch.nothingChanged(projectId);
    },
    close() {
      clearTimeout(first);
      clearInterval(timer);
      endFeed();
      watch.close();
    },
  };
}
