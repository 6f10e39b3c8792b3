import type { ListResult } from '@borgos/contracts/endpoint';
import type { LoggedError, Severity } from '@borgos/contracts/error-log';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { searchWords } from './search-words.ts';

export interface ErrorFilter {
  severity?: Severity[] | undefined;
  project_id?: number | undefined;
  deployment_id?: number | undefined;
  group_id?: number | undefined;
  error_type?: string | undefined;
  text?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  resolved?: boolean | undefined;
}

/** What matches a text is counted up to this: the rest of a million would take a second. */
const mostCounted = 10_000;

export async function listErrors(
  db: Db,
  filter: ErrorFilter,
  page: { limit: number; offset: number },
): Promise<ListResult<LoggedError>> {
  // The page first, newest first by an index; only then what is joined to it.
  const ids = filter.resolved
    ? await listResolved(db, filter, page)
    : await listIds(db, filter, page);
  const total = await countErrors(db, filter);
  if (ids.length === 0) return { items: [], total };
  const items = await shown(db)
    .where('e.id', 'in', ids)
    .orderBy('e.occurred_at', 'desc')
    .orderBy('e.id', 'desc')
    .execute();
  return { items, total };
}

async function listIds(
  db: Db,
  filter: ErrorFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<number[]> {
  let query = matching(db, filter);
  if (filter.resolved === false) {
    // Most are not, so that few more than the page have to be looked at.
    query = query.where(
      sql<boolean>`(select g.resolved_through is null or g.resolved_through < e.id
        from error_groups g where g.id = e.group_id)`,
    );
  }
  const rows = await query
    .select('e.id')
    .orderBy('e.occurred_at', 'desc')
    .orderBy('e.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  return rows.map(({ id }) => id);
}

/** The newest of each group that was ever resolved, and of these the newest. */
async function listResolved(
  db: Db,
  filter: ErrorFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<number[]> {
  let groups = db.selectFrom('error_groups as g').where('g.resolved_through', 'is not', null);
  if (filter.project_id) groups = groups.where('g.project_id', '=', filter.project_id);
  if (filter.group_id) groups = groups.where('g.id', '=', filter.group_id);
  const rows = await groups
    .innerJoinLateral(
      matching(db, filter)
        .select(['e.id', 'e.occurred_at'])
        .whereRef('e.group_id', '=', sql.ref('g.id'))
        .where(sql<boolean>`e.id <= g.resolved_through`)
        .orderBy('e.occurred_at', 'desc')
        .orderBy('e.id', 'desc')
        .limit(limit + offset)
        .as('e'),
      (join) => join.onTrue(),
    )
    .select('e.id')
    .orderBy('e.occurred_at', 'desc')
    .orderBy('e.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  return rows.map(({ id }) => id);
}

export async function findError(db: Db, id: number): Promise<LoggedError | undefined> {
  return shown(db).where('e.id', '=', id).executeTakeFirst();
}

function shown(db: Db) {
  return db
    .selectFrom('errors as e')
    .innerJoin('error_groups as g', 'g.id', 'e.group_id')
    .leftJoin('projects as p', 'p.id', 'e.project_id')
    .leftJoin('deployments as d', 'd.id', 'e.deployment_id')
    .select([
      'e.id',
      'e.project_id',
      'p.name as project_name',
      'e.deployment_id',
      'd.name as deployment_name',
      'e.group_id',
      'g.fingerprint',
      'e.error_type',
      'e.severity',
      'e.message',
      'e.stack_trace',
      'e.context',
      'e.occurred_at',
      sql<string | null>`case when e.id <= g.resolved_through then g.resolved_at end`.as(
        'resolved_at',
      ),
    ]);
}

/** All but whether they are resolved. */
function matching(db: Db, filter: ErrorFilter) {
  let query = db.selectFrom('errors as e');
  if (filter.severity?.length) query = query.where('e.severity', 'in', filter.severity);
  if (filter.project_id) query = query.where('e.project_id', '=', filter.project_id);
  if (filter.deployment_id) query = query.where('e.deployment_id', '=', filter.deployment_id);
  if (filter.group_id) query = query.where('e.group_id', '=', filter.group_id);
  if (filter.error_type) query = query.where('e.error_type', '=', filter.error_type);
  if (filter.since)
    query = query.where('e.occurred_at', '>=', sql<string>`${new Date(filter.since)}`);
  if (filter.until)
    query = query.where('e.occurred_at', '<', sql<string>`${new Date(filter.until)}`);
  if (filter.text !== undefined) query = query.where(containsWords(filter.text));
  return query;
}

/**
 * The type or the message has each word, and one that begins with the last, as it may still be being
 * typed. Without any word nothing matches.
 */
function containsWords(text: string) {
  const words = searchWords(text);
  if (words.length === 0) return sql<boolean>`false`;
  const query = `${words.map((word) => `'${word}'`).join(' & ')}:*`;
  return sql<boolean>`e.words @@ to_tsquery('simple', ${query})`;
}

/** By the counts that are kept, where the filter is one that they know; else by counting. */
async function countErrors(db: Db, filter: ErrorFilter): Promise<number> {
  const { text, since, until, resolved } = filter;
  if (text === undefined && since === undefined && until === undefined) {
    return sumCounts(db, filter);
  }
  let query = matching(db, filter);
  if (resolved !== undefined) {
    query = query.where(
      sql<boolean>`(select coalesce(e.id <= g.resolved_through, false)
        from error_groups g where g.id = e.group_id) = ${resolved}`,
    );
  }
  const counted = text === undefined ? query : query.limit(mostCounted);
  const { total } = await db
    .selectFrom(counted.select('e.id').as('e'))
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return total;
}

async function sumCounts(db: Db, filter: ErrorFilter): Promise<number> {
  const { resolved } = filter;
  const counted =
    resolved === undefined ? sql`c.count` : resolved ? sql`c.count - c.open` : sql`c.open`;
  let query = db
    .selectFrom('error_counts as c')
    .select(sql<number>`coalesce(sum(${counted}), 0)::bigint`.as('total'));
  if (filter.severity?.length) query = query.where('c.severity', 'in', filter.severity);
  if (filter.deployment_id) query = query.where('c.deployment_id', '=', filter.deployment_id);
  if (filter.group_id) query = query.where('c.group_id', '=', filter.group_id);
  if (filter.error_type) query = query.where('c.error_type', '=', filter.error_type);
  if (filter.project_id) {
    query = query.where('c.group_id', 'in', (eb) =>
      eb
        .selectFrom('error_groups as g')
        .select('g.id')
        .where('g.project_id', '=', filter.project_id ?? null),
    );
  }
  return (await query.executeTakeFirstOrThrow()).total;
}

/** To the hour, and so from what is counted already. */
export async function countSince(db: Db, since: Date): Promise<number> {
  const row = await db
    .selectFrom('error_hours')
    .select(sql<number>`coalesce(sum(count), 0)::bigint`.as('total'))
    .where('hour', '>', sql<string>`${since}`)
    .executeTakeFirstOrThrow();
  return row.total;
}
