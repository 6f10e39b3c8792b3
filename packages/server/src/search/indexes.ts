import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AnyEvent } from '@borgos/contracts/events';
import type { IndexState } from '@borgos/contracts/search';
import type { BaseLogger } from 'pino';
import { systemActor } from '../caller.ts';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import type { Projects } from '../projects/projects.ts';
import { createIndexProcess, IndexFailure } from './index/index-process.ts';
import type { IndexProgress, IndexResult } from './index/update-index.ts';

export interface Indexes {
  /** Where a project's index is, or will be: absolute. */
  fileOf(projectId: number): string;
  stateOf(projectId: number): IndexState;
  /** Makes it true to the project's files, when its turn comes. */
  enqueue(projectId: number): void;
  /** Looks at every project, as files may have changed while nobody looked. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** What failed is tried again this often: a disk may have room again. */
const retryMs = 60_000;
const tellMs = 1_000;

interface Known {
  state: IndexState;
  /** Whether it was looked through for damage in this life of the server. */
  isSound: boolean;
}

/** Keeps an index for each project, and makes one after the other true to the project's files. */
export function createIndexes({
  db,
  feed,
  projects,
  home,
  log,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  projects: Projects;
  home: string;
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
}): Indexes {
  const folder = path.join(home, 'indexes');
  const known = new Map<number, Known>();
  const queue = new Set<number>();
  const indexing = createIndexProcess();
  let running: { id: number; controller: AbortController } | undefined;
  let work: Promise<void> | undefined;
  let closed = false;
  const endFeed = feed.subscribe(onEvent);
  const timer = setInterval(retry, retryMs).unref();

  function fileOf(projectId: number): string {
    return path.join(folder, `${projectId}.db`);
  }

  function knownOf(id: number): Known {
    const found = known.get(id) ?? { state: emptyState(), isSound: false };
    known.set(id, found);
    return found;
  }

  function onEvent(event: AnyEvent): void {
    if (event.type === 'project_created') enqueue(event.data.id);
    else if (event.type === 'project_deleted') forget(event.data.id);
    else if (event.type === 'project_updated' && event.data.changed.includes('path')) {
      enqueue(event.data.id);
    } else if (event.type === 'scan_completed') enqueue(event.data.project_id);
    // Files have changed: who searches should not wait for the scan, which takes longer.
    else if (event.type === 'scan_started' && event.data.trigger === 'change') {
      enqueue(event.data.project_id);
    }
  }

  function enqueue(id: number): void {
    if (closed) return;
    const { state } = knownOf(id);
    if (state.updated_at === null && state.status !== 'building') state.status = 'queued';
    queue.add(id);
    work ??= runAll().finally(() => {
      work = undefined;
      if (queue.size > 0 && !closed) enqueue([...queue][0] ?? 0);
    });
  }

  function retry(): void {
    for (const [id, { state }] of known) if (state.status === 'failed') enqueue(id);
  }

  async function runAll(): Promise<void> {
    for (const id of queue) {
      queue.delete(id);
      if (closed) return;
      try {
        await run(id);
      } catch (error) {
        log.error({ err: error, project: id }, 'the index of a project could not be looked after');
      }
    }
  }

  async function run(id: number): Promise<void> {
    const controller = new AbortController();
    running = { id, controller };
    const { state, isSound } = knownOf(id);
    const isFirst = state.updated_at === null;
    const teller = createTeller(id, state);
    try {
      const directory = await projects.getDirectory(await projects.get(id));
      if (isFirst) Object.assign(state, { status: 'building', files_done: 0, reason: null });
      const request = { directory, file: fileOf(id), isUnknown: !isSound };
      const options = { signal: controller.signal, onProgress: teller.tell };
      const result = await indexing.run(request, options);
      await teller.end();
      await complete(id, result, isFirst);
    } catch (error) {
      await teller.end();
      if (controller.signal.aborted) await afterAbort(id);
      else await fail(id, error);
    } finally {
      running = undefined;
    }
  }

  async function complete(id: number, result: IndexResult, isFirst: boolean): Promise<void> {
    const own = knownOf(id);
    own.isSound = true;
    const { filesDone, filesTotal, bytes, truncated, rebuilt } = result;
    own.state = {
      status: 'ready',
      files_done: filesDone,
      files_total: filesTotal,
      bytes,
      updated_at: new Date().toISOString(),
      reason: truncated ? `the limit of ${truncated} was met: the rest is left out` : null,
    };
    if (rebuilt) log.warn({ project: id, reason: rebuilt }, 'an index was made anew');
    if (!isFirst && result.filesChanged === 0 && !rebuilt) return;
    const told = { project_id: id, files_done: filesDone, files_total: filesTotal, bytes };
    await appendEvent(db, 'index_completed', told, systemActor);
  }

  async function fail(id: number, error: unknown): Promise<void> {
    // It was deleted before its turn came.
    if (error instanceof AppError && error.code === 'NOT_FOUND') {
      known.delete(id);
      return;
    }
    const isForeseen = error instanceof IndexFailure || error instanceof AppError;
    const reason = isForeseen ? error.message : 'an unexpected error occurred; the log has it';
    const own = knownOf(id);
    own.isSound = false;
    const isNew = own.state.status !== 'failed' || own.state.reason !== reason;
    own.state = { ...own.state, status: 'failed', reason };
    if (!isNew) return;
    if (!(error instanceof AppError)) log.error({ err: error, project: id }, 'an index failed');
    await appendEvent(db, 'index_failed', { project_id: id, reason }, systemActor);
  }

  /** Tells how far an index is, not more often than somebody can follow. */
  function createTeller(id: number, state: IndexState) {
    let newest: IndexProgress | undefined;
    let telling: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      const progress = newest;
      newest = undefined;
      if (!progress) return;
      const { filesDone: files_done, filesTotal: files_total } = progress;
      const told = { project_id: id, files_done, files_total };
      telling = telling
        .then(() => appendEvent(db, 'index_progress', told, systemActor))
        .catch((error) =>
          log.warn({ err: error, project: id }, 'the progress of an index was not recorded'),
        );
    }, tellMs);
    return {
      tell(progress: IndexProgress) {
        newest = progress;
        state.files_done = progress.filesDone;
        state.files_total = progress.filesTotal;
      },
      async end() {
        clearInterval(timer);
        await telling;
      },
    };
  }

  function forget(id: number): void {
    queue.delete(id);
    if (running?.id === id) running.controller.abort(new Error('the project was deleted'));
    else void removeFiles(id);
  }

  async function afterAbort(id: number): Promise<void> {
    if (!closed) await removeFiles(id);
  }

  async function removeFiles(id: number): Promise<void> {
    known.delete(id);
    const endings = ['', '-wal', '-shm', '-journal'];
    try {
      await Promise.all(endings.map((ending) => rm(fileOf(id) + ending, { force: true })));
    } catch (error) {
      log.warn({ err: error, project: id }, 'the index of a deleted project could not be removed');
    }
  }

  return {
    fileOf,
    enqueue,
    stateOf: (id) => ({ ...(known.get(id)?.state ?? emptyState()) }),
    async start() {
      const all = await projects.listKnown();
      const ids = new Set(all.map(({ id }) => id));
      for (const name of await readdir(folder).catch(() => [])) {
        const id = Number(/^(\d+)\.db$/.exec(name)?.[1] ?? Number.NaN);
        if (id && !ids.has(id)) await removeFiles(id);
      }
      for (const id of ids) enqueue(id);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      endFeed();
      queue.clear();
      running?.controller.abort(new Error('the server stops'));
      await work;
      await indexing.close();
    },
  };
}

function emptyState(): IndexState {
  return {
    status: 'queued',
    files_done: 0,
    files_total: 0,
    bytes: 0,
    updated_at: null,
    reason: null,
  };
}
