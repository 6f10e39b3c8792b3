import type { Approval } from '@borgos/contracts/agent-approvals';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

const columns = [
  'id',
  'task_id',
  'attempt',
  'title',
  'kind',
  'details',
  'status',
  'decided_by',
  'created_at',
  'expires_at',
  'decided_at',
] as const;

export interface NewApproval {
  task_id: number;
  attempt: number;
  request_id: string;
  title: string;
  kind: Approval['kind'];
  details: unknown;
  expires_at: Date;
}

/** @returns it, and whether it is new: one that was asked before a restart is the same */
export async function insertApproval(
  db: Db,
  { details, ...fields }: NewApproval,
): Promise<{ approval: Approval; isNew: boolean }> {
  const inserted = await db
    .insertInto('agent_approvals')
    .values({ ...fields, details: JSON.stringify(details ?? null) })
    .onConflict((conflict) => conflict.columns(['task_id', 'attempt', 'request_id']).doNothing())
    .returning(columns)
    .executeTakeFirst();
  if (inserted) return { approval: inserted, isNew: true };
  const approval = await db
    .selectFrom('agent_approvals')
    .select(columns)
    .where('task_id', '=', fields.task_id)
    .where('attempt', '=', fields.attempt)
    .where('request_id', '=', fields.request_id)
    .executeTakeFirstOrThrow();
  return { approval, isNew: false };
}

export async function findApproval(db: Db, id: number): Promise<Approval | undefined> {
  return db.selectFrom('agent_approvals').select(columns).where('id', '=', id).executeTakeFirst();
}

/** @returns it, if it was pending */
export async function decideApproval(
  db: Db,
  id: number,
  status: 'allowed' | 'denied' | 'expired',
  decided_by: string | null,
): Promise<Approval | undefined> {
  return db
    .updateTable('agent_approvals')
    .set({ status, decided_by, decided_at: new Date() })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returning(columns)
    .executeTakeFirst();
}

/** What a task still asked when it ended. */
export async function expireApprovals(db: Db, taskId: number): Promise<void> {
  await db
    .updateTable('agent_approvals')
    .set({ status: 'expired', decided_at: new Date() })
    .where('task_id', '=', taskId)
    .where('status', '=', 'pending')
    .execute();
}

export async function listApprovals(
  db: Db,
  filter: { status?: Approval['status'] | undefined; task_id?: number | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Approval[]; total: number }> {
  let query = db.selectFrom('agent_approvals');
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.task_id) query = query.where('task_id', '=', filter.task_id);
  const items = await query
    .select(columns)
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await query.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}
