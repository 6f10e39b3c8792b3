import { basename } from 'node:path';
import type { Orphan } from '@borgos/contracts/agent-orphans';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import type { AgentAdapter } from './adapter.ts';
import { listOpenAttempts } from './queue-store.ts';
import type { AgentRegistry } from './registry.ts';
import { findTask } from './store.ts';
import type { Worktrees } from './worktrees/worktrees.ts';

export interface Orphans {
  list(): Promise<Orphan[]>;
  /** @throws AppError NOT_FOUND, CONFLICT for changes that would be lost */
  remove(key: string, options: { discard_changes: boolean }): Promise<Orphan>;
}

/** What tasks have left behind: agents that work for nobody, and folders that nobody will look at. */
export function createOrphans({
  db,
  home,
  registry,
  worktrees,
}: {
  db: Db;
  home: string;
  registry: Pick<AgentRegistry, 'agents'>;
  worktrees: Worktrees;
}): Orphans {
  /** By the attempt, with those who know it. */
  async function findRuns() {
    const found = new Map<string, { orphan: Orphan; adapters: AgentAdapter[] }>();
    for (const { adapter } of registry.agents) {
      for (const { externalRef, description } of await adapter.listRunning()) {
        const known = found.get(externalRef);
        if (known) {
          known.adapters.push(adapter);
          continue;
        }
        const { taskId } = partsOf(externalRef);
        const orphan: Orphan = {
          key: `run-${externalRef}`,
          kind: 'run',
          description: `${description}, of ${externalRef}`,
          task_id: taskId,
          path: null,
          is_dirty: null,
        };
        found.set(externalRef, { orphan, adapters: [adapter] });
      }
    }
    // Asked afterwards: what has begun in between is among these.
    const open = await listOpenAttempts(db, home);
    for (const { ref } of open) found.delete(ref.externalRef);
    return found;
  }

  async function findFolders(): Promise<Orphan[]> {
    const orphans: Orphan[] = [];
    for (const { path, taskId } of await worktrees.list()) {
      const task = await findTask(db, taskId);
      const isHeld =
        task !== undefined &&
        task.project_id !== null &&
        (task.completed_at === null || task.review === 'awaiting');
      if (isHeld) continue;
      orphans.push({
        key: `worktree-${basename(path)}`,
        kind: 'worktree',
        description: `the worktree of task ${taskId}, which ${task ? 'is reviewed or has no project any more' : 'is gone'}`,
        task_id: taskId,
        path,
        is_dirty: await worktrees.isDirty(path),
      });
    }
    return orphans;
  }

  async function list(): Promise<Orphan[]> {
    const runs = [...(await findRuns()).values()].map(({ orphan }) => orphan);
    return [...runs, ...(await findFolders())];
  }

  return {
    list,
    async remove(key, { discard_changes }) {
      const run = [...(await findRuns()).values()].find(({ orphan }) => orphan.key === key);
      if (run) {
        const externalRef = key.slice('run-'.length);
        const ref = { ...partsOf(externalRef), externalRef, saved: null, position: 0 };
        for (const adapter of run.adapters) await adapter.cancel(ref);
        return run.orphan;
      }
      const folder = (await findFolders()).find((orphan) => orphan.key === key);
      if (!folder?.path) {
        throw new AppError('NOT_FOUND', `There is no orphan ${key}: GET /api/v1/agent/orphans`);
      }
      if (folder.is_dirty && !discard_changes) {
        throw new AppError(
          'CONFLICT',
          `There is something in ${folder.path} that is in no commit. Look at it; to lose it: DELETE /api/v1/agent/orphans/${key}?discard_changes=true`,
        );
      }
      await worktrees.discard(folder.path);
      return folder;
    },
  };
}

function partsOf(externalRef: string): { taskId: number; attempt: number } {
  const [, taskId, attempt] = /^borgos-(\d+)-(\d+)$/.exec(externalRef) ?? [];
  return { taskId: Number(taskId) || 0, attempt: Number(attempt) || 0 };
}
