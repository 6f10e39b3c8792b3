import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentCapabilities } from '@borgos/contracts/agents';
import type { BaseLogger } from 'pino';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import type { Projects } from '../projects/projects.ts';
import { AgentFailure } from './adapter.ts';
import { updateTask } from './queue-store.ts';
import { findTask, type TaskRow } from './store.ts';
import { GitFailure } from './worktrees/run-git.ts';
import type { Worktrees } from './worktrees/worktrees.ts';

export interface TaskFolders {
  /**
   * Where the attempt works: a worktree of its project, the one of earlier attempts if there is one;
   * without a project an empty folder. @throws AgentFailure WORKTREE_FAILED
   */
  open(task: TaskRow, capabilities: AgentCapabilities): Promise<string>;
  /** Of a task that has ended: where nothing was changed, there is nothing to review or keep. */
  tidy(taskId: number): Promise<void>;
}

/** The folders that agents work in. */
export function createTaskFolders({
  db,
  home,
  projects,
  worktrees,
  log,
}: {
  db: Db;
  home: string;
  projects: Pick<Projects, 'get' | 'getDirectory'>;
  worktrees: Worktrees;
  log: Pick<BaseLogger, 'warn'>;
}): TaskFolders {
  const ownFolder = (id: number) => join(home, 'agents', 'work', String(id));

  async function openWorktree(task: TaskRow, projectId: number): Promise<string> {
    const directory = await projects.getDirectory(await projects.get(projectId));
    const worktree = await worktrees.open(task.id, directory);
    await updateTask(db, task.id, {
      worktree: worktree.path,
      branch: worktree.branch,
      // Of the first attempt: what later ones add belongs to the same change.
      ...(task.worktree === null && {
        base_branch: worktree.baseBranch,
        base_commit: worktree.baseCommit,
      }),
    });
    return worktree.cwd;
  }

  async function tidyWorktree(task: TaskRow): Promise<void> {
    const { id, worktree, branch, base_commit, project_id } = task;
    if (worktree === null || branch === null || base_commit === null || project_id === null) return;
    const directory = await projects.getDirectory(await projects.get(project_id));
    const opened = await worktrees.find(worktree, directory);
    if (!opened || !(await worktrees.isUntouched(opened, branch, base_commit))) return;
    if (!(await worktrees.remove(opened, branch))) return;
    const none = { worktree: null, branch: null, base_branch: null, base_commit: null };
    await updateTask(db, id, { ...none, review: 'none' });
  }

  return {
    async open(task, { needs_worktree }) {
      try {
        if (task.project_id !== null && needs_worktree) {
          return await openWorktree(task, task.project_id);
        }
        const folder = ownFolder(task.id);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return folder;
      } catch (error) {
        if (!(error instanceof GitFailure || error instanceof AppError)) throw error;
        throw new AgentFailure('WORKTREE_FAILED', error.message, { cause: error });
      }
    },

    async tidy(taskId) {
      try {
        const task = await findTask(db, taskId);
        if (task?.status === 'completed' && task.worktree === null) {
          await rm(ownFolder(taskId), { recursive: true, force: true });
        } else if (task && task.completed_at !== null) await tidyWorktree(task);
      } catch (error) {
        log.warn(
          { err: error, task: taskId },
          'the worktree of a task was not looked at; it stays',
        );
      }
    },
  };
}
