import type { api } from '@borgos/contracts';
import type { Approval } from '@borgos/contracts/agent-approvals';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { EventFeed } from '../events/feed.ts';
import type { PermissionAnswer, PermissionRequest } from './adapter.ts';
import * as approvalStore from './approval-store.ts';
import { boundedData } from './bounded-event.ts';
import * as store from './store.ts';

type Endpoints = (typeof api)['agentApprovals'];

export interface Approvals {
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<Approval>>;
  /** @throws AppError NOT_FOUND, CONFLICT when it was decided otherwise or too late */
  decide(id: number, decision: PermissionAnswer, actor: Actor): Promise<Approval>;
  /**
   * What the policy of the task says, or else a person: waits until there is an answer, or the time
   * is over, which is a no.
   */
  ask(
    task: store.TaskRow,
    request: PermissionRequest,
    signal: AbortSignal,
  ): Promise<{ answer: PermissionAnswer; by: string }>;
  close(): void;
}

const mostTitle = 500;

/** The questions of agents: rows, so that a restart forgets none. */
export function createApprovals({
  db,
  feed,
  waitSeconds,
  scrub,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  waitSeconds: number;
  scrub: <T>(value: T) => T;
}): Approvals {
  const waiting = new Map<number, () => void>();
  const endFeed = feed.subscribe((event) => {
    if (event.type === 'task_approval_decided') waiting.get(event.data.approval_id)?.();
  });

  async function get(id: number): Promise<Approval> {
    const approval = await approvalStore.findApproval(db, id);
    if (!approval) throw notFound('Approval', id);
    return approval;
  }

  async function settle(
    id: number,
    status: 'allowed' | 'denied' | 'expired',
    actor: Actor,
  ): Promise<Approval | undefined> {
    return transaction(db, async (db) => {
      const by = actor === systemActor ? null : nameOf(actor);
      const approval = await approvalStore.decideApproval(db, id, status, by);
      const task = approval && (await store.findTask(db, approval.task_id));
      if (!task) return approval;
      const { title } = approval;
      const data = { ...aboutOf(task), approval_id: id, title, status };
      await appendEvent(db, 'task_approval_decided', data, actor);
      return approval;
    });
  }

  async function record(task: store.TaskRow, request: PermissionRequest): Promise<Approval> {
    return transaction(db, async (db) => {
      const { title, details } = boundedData({ ...request }, scrub);
      const { approval, isNew } = await approvalStore.insertApproval(db, {
        task_id: task.id,
        attempt: task.attempt,
        request_id: request.id.slice(0, 500),
        title: String(title).slice(0, mostTitle).toWellFormed(),
        kind: request.kind,
        details,
        expires_at: new Date(Date.now() + waitSeconds * 1000),
      });
      if (isNew) {
        const { id: approval_id, title, kind, expires_at } = approval;
        const data = { ...aboutOf(task), approval_id, title, kind, expires_at };
        await appendEvent(db, 'task_approval_requested', data, systemActor);
      }
      return approval;
    });
  }

  /** Until it is decided, its time is over, or the attempt is aborted. */
  async function untilDecided(
    { id, expires_at }: Approval,
    signal: AbortSignal,
  ): Promise<Approval> {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(id, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    const timer = setTimeout(resolve, Math.max(0, Date.parse(expires_at) - Date.now()));
    try {
      // It may have been decided before anybody waited.
      const approval = await get(id);
      if (approval.status !== 'pending' || signal.aborted) return approval;
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
    if (!signal.aborted) await settle(id, 'expired', systemActor);
    return get(id);
  }

  return {
    list: ({ limit, offset = 0, ...filter }) =>
      approvalStore.listApprovals(db, filter, { limit, offset }),

    async decide(id, decision, actor) {
      const status = decision === 'allow' ? 'allowed' : 'denied';
      const approval = (await settle(id, status, actor)) ?? (await get(id));
      if (approval.status === status) return approval;
      throw new AppError(
        'CONFLICT',
        `Approval ${id} is ${approval.status} already${approval.status === 'expired' ? ': nobody answered in time, or its task has ended' : ''}`,
      );
    },

    async ask(task, request, signal) {
      const byPolicy = answerOf(task, request);
      if (byPolicy) return { answer: byPolicy, by: 'policy' };
      const approval = await untilDecided(await record(task, request), signal);
      signal.throwIfAborted();
      const answer = approval.status === 'allowed' ? 'allow' : 'deny';
      return { answer, by: approval.decided_by ?? approval.status };
    },

    close: endFeed,
  };
}

/** `undefined`: a person has to say. */
function answerOf(
  { permission_policy }: store.TaskRow,
  { kind }: PermissionRequest,
): PermissionAnswer | undefined {
  switch (permission_policy) {
    case 'allow_all':
      return 'allow';
    case 'allow_reads':
      return kind === 'read' ? 'allow' : undefined;
    case 'ask':
      return undefined;
  }
}

/** What events say of a task. */
function aboutOf({ id, project_id, agent_type, schedule_id }: store.TaskRow) {
  return { id, project_id, agent_type, schedule_id };
}

function nameOf({ user, credential }: Actor): string {
  return user ?? credential;
}
