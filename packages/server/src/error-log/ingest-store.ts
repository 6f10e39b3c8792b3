import type { EventData } from '@borgos/contracts/events';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import type { BoundedError } from './bounded-error.ts';

/** Up to where the output of a deployment was looked through. */
export interface OutputPosition {
  deployment_id: number;
  position: number;
}

/** Of the projects and deployments that errors name, those that there are. */
export interface Places {
  projects: Set<number>;
  /** To their projects. */
  deployments: Map<number, number>;
}

export async function findPlaces(
  db: Db,
  projectIds: number[],
  deploymentIds: number[],
): Promise<Places> {
  const { rows } = await sql<{ id: number; project_id: number | null }>`
    select id, null::integer as project_id from projects where id = any (${projectIds})
    union all
    select id, project_id from deployments where id = any (${deploymentIds})`.execute(db);
  const places: Places = { projects: new Set(), deployments: new Map() };
  for (const { id, project_id } of rows) {
    if (project_id === null) places.projects.add(id);
    else places.deployments.set(id, project_id);
  }
  return places;
}

/** The ids of errors that were logged before, by what their sender calls them. */
export async function findBySource(
  db: Db,
  sources: { project_id: number | null; source_id: string }[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: number; project_id: number; source_id: string }>`
    select e.id, e.project_id, e.source_id
    from json_to_recordset(${JSON.stringify(sources)}::json) as s (project_id integer, source_id text)
    join errors e on e.project_id = s.project_id and e.source_id = s.source_id`.execute(db);
  return new Map(rows.map((row) => [sourceKey(row), row.id]));
}

export function sourceKey(source: { project_id: number | null; source_id: string }): string {
  return `${source.project_id} ${source.source_id}`;
}

export interface UpsertedGroup {
  id: number;
  is_new: boolean;
  is_regression: boolean;
  is_ignored: boolean;
}

/** The groups of errors, in the order given: made where they are new, opened where they are back. */
export async function upsertGroups(
  db: Db,
  groups: { newest: BoundedError; first_seen: string; last_seen: string }[],
  now: Date,
): Promise<UpsertedGroup[]> {
  const given = groups.map(({ newest, first_seen, last_seen }, place) => ({
    place,
    project_id: newest.project_id,
    fingerprint: newest.grouping.fingerprint,
    error_type: newest.error_type,
    title: newest.grouping.title,
    culprit: newest.grouping.culprit,
    grouped_by: newest.grouping.reason,
    severity: newest.severity,
    message: newest.message.slice(0, 1_000).toWellFormed(),
    first_seen,
    last_seen,
  }));
  // In one order for everybody, so that two servers do not wait for each other.
  const { rows } = await sql<UpsertedGroup & { place: number }>`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(given)}::json) as g (
        place integer, project_id integer, fingerprint text, error_type text, title text,
        culprit text, grouped_by jsonb, severity text, message text,
        first_seen timestamptz, last_seen timestamptz)
    ), upserted as (
      insert into error_groups as g (project_id, fingerprint, error_type, title, culprit, grouped_by,
        severity, message, first_seen, last_seen)
      select project_id, fingerprint, error_type, title, culprit, grouped_by,
        severity, message, first_seen, last_seen
      from given order by fingerprint, project_id
      on conflict (fingerprint, project_id) do update set
        severity = excluded.severity,
        message = excluded.message,
        first_seen = least(g.first_seen, excluded.first_seen),
        last_seen = greatest(g.last_seen, excluded.last_seen),
        regressed_at = case when g.status = 'resolved' then ${now} else g.regressed_at end,
        status = case
          when g.status = 'resolved' then 'open'
          when g.status = 'ignored' and g.ignored_until <= ${now} then 'open'
          else g.status end
      returning id, project_id, fingerprint, xmax = 0 as is_new,
        regressed_at is not distinct from ${now} as is_regression, status = 'ignored' as is_ignored
    )
    select u.id, u.is_new, u.is_regression, u.is_ignored, g.place
    from upserted u join given g
      on g.fingerprint = u.fingerprint and g.project_id is not distinct from u.project_id`.execute(
    db,
  );
  const byPlace: UpsertedGroup[] = [];
  for (const { place, ...group } of rows) byPlace[place] = group;
  return byPlace;
}

/** Returns their ids, in order. */
export async function insertErrors(
  db: Db,
  errors: { error: BoundedError; group_id: number }[],
): Promise<number[]> {
  const rows = errors.map(({ error: { grouping: _, context, ...error }, group_id }) => ({
    ...error,
    group_id,
    context,
  }));
  const { rows: inserted } = await sql<{ id: number }>`
    insert into errors (project_id, deployment_id, group_id, error_type, severity, message,
      stack_trace, context, occurred_at, source_id)
    select project_id, deployment_id, group_id, error_type, severity, message,
      stack_trace, context::jsonb, occurred_at, source_id
    from rows from (json_to_recordset(${JSON.stringify(rows)}::json) as (
      project_id integer, deployment_id integer, group_id integer, error_type text, severity text,
      message text, stack_trace text, context text, occurred_at timestamptz, source_id text))
      with ordinality as e (project_id, deployment_id, group_id, error_type, severity, message,
        stack_trace, context, occurred_at, source_id, place)
    order by place
    returning id`.execute(db);
  return inserted.map(({ id }) => id);
}

/** Counts them, so that nobody has to count rows later. */
export async function addCounts(
  db: Db,
  errors: { error: BoundedError; group_id: number }[],
): Promise<void> {
  const counted = errors.map(({ error, group_id }) => ({
    group_id,
    error_type: error.error_type,
    severity: error.severity,
    deployment_id: error.deployment_id ?? 0,
    occurred_at: error.occurred_at,
  }));
  await sql`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(counted)}::json) as g (
        group_id integer, error_type text, severity text, deployment_id integer,
        occurred_at timestamptz)
    ), hours as (
      insert into error_hours as h (group_id, hour, count)
      select group_id, date_trunc('hour', occurred_at), count(*) from given
      group by 1, 2 order by 1, 2
      on conflict (group_id, hour) do update set count = h.count + excluded.count
    )
    insert into error_counts as c (group_id, error_type, severity, deployment_id, count, open)
    select group_id, error_type, severity, deployment_id, count(*), count(*) from given
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (group_id, error_type, severity, deployment_id)
      do update set count = c.count + excluded.count, open = c.open + excluded.open`.execute(db);
}

export async function setPositions(db: Db, positions: OutputPosition[]): Promise<void> {
  if (positions.length === 0) return;
  await sql`
    insert into output_positions (deployment_id, position)
    select distinct on (deployment_id) p.deployment_id, p.position
    from json_to_recordset(${JSON.stringify(positions)}::json) as p (deployment_id integer, position bigint)
    join deployments d on d.id = p.deployment_id
    order by deployment_id, position desc
    on conflict (deployment_id) do update set position = excluded.position`.execute(db);
}

export async function findPosition(db: Db, deploymentId: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('output_positions')
    .select('position')
    .where('deployment_id', '=', deploymentId)
    .executeTakeFirst();
  return row?.position;
}

/** What is told of an error. */
export function told(
  error: BoundedError,
  id: number,
  { id: group_id, ...group }: UpsertedGroup,
): EventData<'error_logged'> {
  const { project_id, deployment_id, error_type, severity, message, grouping } = error;
  return {
    id,
    group_id,
    project_id,
    deployment_id,
    title: grouping.title,
    error_type,
    severity,
    message: message.slice(0, 1_000).toWellFormed(),
    ...group,
  };
}
