import type { ListResult } from '@borgos/contracts/endpoint';
import type { ErrorGroup, Severity } from '@borgos/contracts/error-log';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { searchWords } from './search-words.ts';

export interface GroupFilter {
  status?: ErrorGroup['status'] | undefined;
  severity?: Severity[] | undefined;
  project_id?: number | undefined;
  error_type?: string | undefined;
  text?: string | undefined;
  since?: string | undefined;
}

const hourMs = 3_600_000;
const sparklineHours = 24;

export async function listGroups(
  db: Db,
  filter: GroupFilter,
  { limit, offset }: { limit: number; offset: number },
  now: Date,
): Promise<ListResult<ErrorGroup>> {
  const ids = await matching(db, filter, now)
    .select('g.id')
    .orderBy('g.last_seen', 'desc')
    .orderBy('g.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await matching(db, filter, now)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  const items = await readGroups(
    db,
    ids.map(({ id }) => id),
    now,
  );
  return { items, total };
}

export async function findGroup(db: Db, id: number, now: Date): Promise<ErrorGroup | undefined> {
  const [group] = await readGroups(db, [id], now);
  return group;
}

function matching(db: Db, filter: GroupFilter, now: Date) {
  let query = db.selectFrom('error_groups as g');
  if (filter.status) query = query.where(currentStatus(now), '=', filter.status);
  if (filter.severity?.length) query = query.where('g.severity', 'in', filter.severity);
  if (filter.project_id) query = query.where('g.project_id', '=', filter.project_id);
  if (filter.error_type) query = query.where('g.error_type', '=', filter.error_type);
  if (filter.since)
    query = query.where('g.last_seen', '>=', sql<string>`${new Date(filter.since)}`);
  if (filter.text !== undefined) {
    const words = searchWords(filter.text);
    if (words.length === 0) query = query.where(sql<boolean>`false`);
    for (const word of words) {
      // There are few groups, so that no index is needed.
      query = query.where(
        sql<boolean>`concat_ws(' ', g.error_type, g.title, g.message) ~* ${`\\m${word}`}`,
      );
    }
  }
  return query;
}

/** One that was to be ignored for a while is open when that is over. */
function currentStatus(now: Date) {
  return sql<ErrorGroup['status']>`case when g.status = 'ignored' and g.ignored_until <= ${now}
    then 'open' else g.status end`;
}

/** In the order of the ids. */
async function readGroups(db: Db, ids: number[], now: Date): Promise<ErrorGroup[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('error_groups as g')
    .leftJoin('projects as p', 'p.id', 'g.project_id')
    .select([
      'g.id',
      'g.project_id',
      'p.name as project_name',
      'g.fingerprint',
      'g.error_type',
      'g.title',
      'g.culprit',
      'g.severity',
      'g.message',
      currentStatus(now).as('status'),
      sql<number>`(select coalesce(sum(c.count), 0)::bigint from error_counts c
        where c.group_id = g.id)`.as('count'),
      'g.first_seen',
      'g.last_seen',
      'g.grouped_by',
      sql<string | null>`case when g.status = 'resolved' then g.resolved_at end`.as('resolved_at'),
      sql<string | null>`case when g.status = 'ignored' and g.ignored_until > ${now}
        then g.ignored_until end`.as('ignored_until'),
      'g.regressed_at',
    ])
    .where('g.id', 'in', ids)
    .execute();
  const sparklines = await readSparklines(db, ids, now);
  const groups = new Map(
    rows.map((row) => [row.id, { ...row, sparkline: sparklines.get(row.id) ?? noSparkline() }]),
  );
  return ids.flatMap((id) => groups.get(id) ?? []);
}

async function readSparklines(db: Db, ids: number[], now: Date): Promise<Map<number, number[]>> {
  const current = Math.floor(now.getTime() / hourMs);
  const rows = await db
    .selectFrom('error_hours')
    .select(['group_id', 'hour', 'count'])
    .where('group_id', 'in', ids)
    .where('hour', '>', sql<string>`${new Date((current - sparklineHours) * hourMs)}`)
    .execute();
  const sparklines = new Map<number, number[]>();
  for (const { group_id, hour, count } of rows) {
    const line = sparklines.get(group_id) ?? noSparkline();
    const place = Date.parse(hour) / hourMs - current + sparklineHours - 1;
    if (place >= 0 && place < sparklineHours) line[place] = count;
    sparklines.set(group_id, line);
  }
  return sparklines;
}

function noSparkline(): number[] {
  return Array<number>(sparklineHours).fill(0);
}

/** Holds the group until the transaction ends: nothing of it is being logged meanwhile. */
export async function lockGroup(db: Db, id: number) {
  return db
    .selectFrom('error_groups')
    .select(['status', 'ignored_until', 'title', 'project_id'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** All of its errors that there are: who logs one more takes its number only with the group. */
export async function setResolved(db: Db, id: number, now: Date): Promise<void> {
  await db
    .updateTable('error_groups')
    .set({
      status: 'resolved',
      resolved_at: now,
      resolved_through: (eb) =>
        eb.selectFrom('errors').select(({ fn }) => fn.max('errors.id').as('newest')),
      ignored_until: null,
    })
    .where('id', '=', id)
    .execute();
  await db.updateTable('error_counts').set({ open: 0 }).where('group_id', '=', id).execute();
}

export async function setIgnored(db: Db, id: number, until: string | null): Promise<void> {
  await db
    .updateTable('error_groups')
    .set({ status: 'ignored', ignored_until: until })
    .where('id', '=', id)
    .execute();
}

/** What was resolved is so no longer. */
export async function setOpen(db: Db, id: number): Promise<void> {
  await db
    .updateTable('error_groups')
    .set({ status: 'open', ignored_until: null, resolved_at: null, resolved_through: null })
    .where('id', '=', id)
    .execute();
  await db
    .updateTable('error_counts')
    .set(({ ref }) => ({ open: ref('count') }))
    .where('group_id', '=', id)
    .execute();
}
