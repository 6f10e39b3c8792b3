import type { ListResult } from '@borgos/contracts/endpoint';
import type { EventData } from '@borgos/contracts/events';
import type { DeploymentRestart } from '@borgos/contracts/revisions';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

/** The crashes of a deployment's app, as the events tell them; newest first. */
export async function listCrashes(
  db: Db,
  id: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<DeploymentRestart>> {
  // Whatever has a hash is in the audit trail, whose index this reads by.
  const crashes = db
    .selectFrom('events')
    .where('object_id', '=', String(id))
    .where('type', '=', 'deployment_crashed')
    .where('hash', 'is not', null);
  const rows = await crashes
    .select(['data', 'created_at'])
    .orderBy('seq', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await crashes
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  const items = rows.map(({ data, created_at }) => {
    // What tellCrash wrote.
    const crash = data as EventData<'deployment_crashed'>;
    const { revision, exit_code, out_of_memory, restarts } = crash;
    return { revision, exit_code, out_of_memory, restarts, crashed_at: created_at };
  });
  return { items, total };
}
