import type { TaskDiff } from '@borgos/contracts/agent-reviews';
import type { AgentTask } from '@borgos/contracts/agent-tasks';
import type { Actor } from '@borgos/contracts/caller';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { createInTurn } from '../in-turn.ts';
import type { Projects } from '../projects/projects.ts';
import { updateTask } from './queue-store.ts';
import type { AgentRegistry } from './registry.ts';
import * as store from './store.ts';
import { appendTaskEvents } from './task-event-store.ts';
import { mergeBranch } from './worktrees/merge-branch.ts';
import { readDiff } from './worktrees/read-diff.ts';
import { GitFailure } from './worktrees/run-git.ts';
import type { Opened, Worktrees } from './worktrees/worktrees.ts';

export interface Reviewed {
  /** `null`: it is gone. */
  branch: string | null;
  commit: string | null;
  merged_into: string | null;
}

/** All of these throw AppError NOT_FOUND, and CONFLICT that says why it cannot be. */
export interface Reviews {
  diff(id: number): Promise<TaskDiff>;
  approve(
    id: number,
    how: { merge: boolean; tree?: string | undefined; message?: string | undefined },
    actor: Actor,
  ): Promise<Reviewed>;
  reject(
    id: number,
    how: { delete_branch: boolean },
    actor: Actor,
  ): Promise<Omit<Reviewed, 'merged_into'>>;
  /** Goes on with the session of a task that has ended. */
  comment(id: number, comment: string, actor: Actor): Promise<AgentTask>;
}

/** A task that has changed something, with where that is. */
interface Changed {
  task: store.TaskRow;
  opened: Opened;
  branch: string;
  baseCommit: string;
}

/** What people decide about the work of agents. One after the other, so that no two change a branch at once. */
export function createReviews({
  db,
  projects,
  worktrees,
  registry,
  requeue,
}: {
  db: Db;
  projects: Pick<Projects, 'get' | 'getDirectory'>;
  worktrees: Worktrees;
  registry: Pick<AgentRegistry, 'find'>;
  requeue(
    id: number,
    actor: Actor,
    prepare: (db: Db, task: store.TaskRow) => Promise<string | null>,
  ): Promise<AgentTask>;
}): Reviews {
  const inTurn = createInTurn();
  const never = new AbortController().signal;

  async function find(id: number): Promise<Changed> {
    const task = await store.findTask(db, id);
    if (!task) throw notFound('Task', id);
    const { worktree, branch, base_commit, project_id } = task;
    if (worktree === null || branch === null || base_commit === null || project_id === null) {
      throw new AppError('CONFLICT', `Task ${id} has changed no files of a project`);
    }
    const directory = await projects.getDirectory(await projects.get(project_id));
    const opened = await worktrees.find(worktree, directory);
    if (opened) return { task, opened, branch, baseCommit: base_commit };
    throw new AppError('CONFLICT', `The worktree of task ${id} is not there any more: ${worktree}`);
  }

  /** @throws AppError CONFLICT when there is nothing to decide about */
  async function findAwaiting(id: number): Promise<Changed> {
    const changed = await find(id);
    const { status, review, completed_at } = changed.task;
    if (completed_at === null) {
      throw new AppError('CONFLICT', `Task ${id} is ${status}: wait for its end, or cancel it`);
    }
    if (review === 'awaiting') return changed;
    throw new AppError('CONFLICT', `Task ${id} is ${review} already`);
  }

  async function record(
    { task }: Changed,
    decision: 'approved' | 'rejected',
    reviewed: Reviewed,
    isRemoved: boolean,
    actor: Actor,
  ): Promise<void> {
    const { id, project_id, agent_type, schedule_id } = task;
    await transaction(db, async (db) => {
      await updateTask(db, id, {
        review: decision,
        branch: reviewed.branch,
        ...(isRemoved && { worktree: null }),
      });
      const about = { id, project_id, agent_type, schedule_id };
      await appendEvent(db, 'task_reviewed', { ...about, decision, ...reviewed }, actor);
    });
  }

  const decide = <T>(work: () => Promise<T>) => inTurn(() => explained(work), never);

  return {
    diff: (id) =>
      explained(async () => {
        const { task, opened, branch, baseCommit } = await find(id);
        const tree = await worktrees.snapshot(opened);
        return {
          task_id: id,
          branch,
          base_branch: task.base_branch,
          base_commit: baseCommit,
          tree,
          ...(await readDiff(opened, baseCommit, tree)),
        };
      }),

    approve: (id, { merge, tree, message }, actor) =>
      decide(async () => {
        const changed = await findAwaiting(id);
        const { task, opened, branch } = changed;
        if (tree !== undefined && tree !== (await worktrees.snapshot(opened))) {
          throw new AppError(
            'CONFLICT',
            `What task ${id} has changed is not what the diff has shown any more: look at it again`,
          );
        }
        const text = message ?? messageOf(task);
        const commit = await worktrees.commit(opened, branch, text);
        const into = merge ? task.base_branch : null;
        const merged =
          into === null
            ? commit
            : await mergeBranch(opened, { from: branch, into, message: `Merge ${branch}` });
        // What is merged needs no branch of its own any more.
        const isRemoved = await worktrees.remove(opened, into === null ? undefined : branch);
        const isKept = into === null || !isRemoved;
        const reviewed = { branch: isKept ? branch : null, commit: merged, merged_into: into };
        await record(changed, 'approved', reviewed, isRemoved, actor);
        return reviewed;
      }),

    reject: (id, { delete_branch }, actor) =>
      decide(async () => {
        const changed = await findAwaiting(id);
        const { task, opened, branch } = changed;
        const commit = await worktrees.commit(opened, branch, messageOf(task));
        const isRemoved = await worktrees.remove(opened, delete_branch ? branch : undefined);
        const isKept = !delete_branch || !isRemoved;
        const kept = { branch: isKept ? branch : null, commit: isKept ? commit : null };
        await record(changed, 'rejected', { ...kept, merged_into: null }, isRemoved, actor);
        return kept;
      }),

    comment: (id, comment, actor) =>
      requeue(id, actor, async (db, task) => {
        const agent = registry.find(task.agent_type);
        if (!agent?.adapter.capabilities.sessions || task.session === null) {
          throw new AppError(
            'CONFLICT',
            `Task ${id} cannot be gone on with, as its agent keeps no session of it. Create another task that says what is to be done`,
          );
        }
        if (task.review === 'approved' || task.review === 'rejected') {
          throw new AppError('CONFLICT', `Task ${id} is ${task.review} already`);
        }
        await appendTaskEvents(db, id, [
          { type: 'comment', data: { text: comment, by: actor.user ?? actor.credential } },
        ]);
        return comment;
      }),
  };
}

/** What git says is for the caller: it is their repository. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw new AppError('CONFLICT', error.message, { cause: error });
  }
}

function messageOf({ id, description, agent_type }: store.TaskRow): string {
  const [line = ''] = description.trim().split('\n');
  const subject = line.length > 72 ? `${line.slice(0, 71)}…` : line;
  return `${subject}\n\nBorgOS task ${id}, done by ${agent_type}.`;
}
