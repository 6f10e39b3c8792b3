import { sql } from 'kysely';
import { constraintOf, type Db } from '../database/transaction.ts';
import { notFound } from '../errors.ts';

export async function findKey(db: Db, projectId: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('project_keys')
    .select('key')
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  return row?.key;
}

/** Made when somebody first asks for it. */
export async function ensureKey(db: Db, projectId: number): Promise<string> {
  await db
    .insertInto('project_keys')
    .values({ project_id: projectId })
    .onConflict((conflict) => conflict.column('project_id').doNothing())
    .execute()
    .catch((error) => refuse(error, projectId));
  return (await findKey(db, projectId)) ?? refuse(undefined, projectId);
}

export async function replaceKey(db: Db, projectId: number): Promise<string> {
  const newKey = sql<string>`replace(gen_random_uuid()::text, '-', '')`;
  const row = await db
    .insertInto('project_keys')
    .values({ project_id: projectId })
    .onConflict((conflict) => conflict.column('project_id').doUpdateSet({ key: newKey }))
    .returning('key')
    .executeTakeFirst()
    .catch((error) => refuse(error, projectId));
  return row?.key ?? refuse(undefined, projectId);
}

/** The project was deleted in this very moment. */
function refuse(error: unknown, projectId: number): never {
  if (error === undefined || constraintOf(error) === 'project_keys_project_id_fkey') {
    throw notFound('Project', projectId);
  }
  throw error;
}
