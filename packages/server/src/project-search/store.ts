import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import type { SearchedProject } from './project-document.ts';

/** Of each project a text that is another one after every change of its row. */
export async function listVersions(db: Db): Promise<Map<number, string>> {
  const rows = await db
    .selectFrom('projects')
    .select(['id', sql<string>`xmin::text || ' ' || ctid::text`.as('version')])
    .execute();
  return new Map(rows.map(({ id, version }) => [id, version]));
}

/** What is searched of these projects; of those that are gone nothing. */
export async function readSearched(
  db: Db,
  ids: readonly number[],
): Promise<(SearchedProject & { version: string })[]> {
  return db
    .selectFrom('projects')
    .select([
      'id',
      'name',
      'path',
      'tech_stack',
      'project_type',
      'is_active',
      'description',
      'readme',
      'dependency_names',
      sql<
        string[]
      >`coalesce(jsonb_path_query_array(metadata, '$.languages[*].name'), '[]'::jsonb)`.as(
        'languages',
      ),
      sql<string>`xmin::text || ' ' || ctid::text`.as('version'),
    ])
    .where('id', 'in', [...ids])
    .execute();
}
