import type { Actor } from '@borgos/contracts/caller';
import type { ListResult } from '@borgos/contracts/endpoint';
import type { Question } from '@borgos/contracts/mcp';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { storable } from '../errors.ts';
import type { QuestionContext } from './asking.ts';

const columns = [
  'id',
  'query_type',
  'query',
  'context_id',
  'result',
  'model',
  'tokens_used',
  'steps',
  'error',
  'created_at',
] as const;

export interface NewQuestion extends Omit<Question, 'id' | 'created_at'> {
  context: QuestionContext;
  actor: Actor;
}

export async function insertQuestion(db: Db, question: NewQuestion): Promise<number> {
  const { context, result, steps, actor, query, error, ...rest } = question;
  const { id } = await db
    .insertInto('questions')
    .values({
      ...rest,
      query: storable(query),
      error: error && storable(error),
      context: json(context),
      result: result === undefined ? null : json(result),
      steps: json(steps),
      actor: json(actor),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function listQuestions(
  db: Db,
  filter: { context_id?: string | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<Question>> {
  const matching = () => {
    const all = db.selectFrom('questions');
    return filter.context_id === undefined ? all : all.where('context_id', '=', filter.context_id);
  };
  const items = await matching()
    .select(columns)
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await matching()
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return { items, total };
}

export function findQuestion(db: Db, id: number): Promise<Question | undefined> {
  return db.selectFrom('questions').select(columns).where('id', '=', id).executeTakeFirst();
}

/** Of one conversation, the newest first. */
export function listConversation(db: Db, contextId: string, limit: number) {
  return db
    .selectFrom('questions')
    .select(['query', 'result', 'context'])
    .where('context_id', '=', contextId)
    .where('error', 'is', null)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** @returns how many there were, at most `limit` */
export async function deleteQuestionsBefore(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('questions')
    .where('id', 'in', (some) =>
      some
        .selectFrom('questions')
        .select('id')
        .where('created_at', '<', before.toISOString())
        .limit(limit),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** What files and logs say may be what PostgreSQL does not take. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'string' ? storable(part) : part));
}
