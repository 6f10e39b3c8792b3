import type { Project } from '@borgos/contracts/projects';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

/** A project, as it is known again when it is found on the disk. */
export interface KnownProject
  extends Pick<Project, 'id' | 'name' | 'path' | 'zenith_id' | 'missing_since'> {
  fingerprint: string | null;
}

/** A project that was found on the disk. */
export interface FoundProject {
  path: string;
  name: string;
  zenith_id: string;
  fingerprint: string | null;
  workspaces: string[];
  hints: { tech_stack: string[]; project_type: Project['project_type'] };
}

export async function listKnown(db: Db): Promise<KnownProject[]> {
  return db
    .selectFrom('projects')
    .select(['id', 'name', 'path', 'zenith_id', 'fingerprint', 'missing_since'])
    .orderBy('id')
    .execute();
}

export async function insertFound(
  db: Db,
  { hints, workspaces, ...found }: FoundProject,
): Promise<{ id: number; name: string; path: string }> {
  return db
    .insertInto('projects')
    .values({
      ...found,
      ...hints,
      scan_status: 'not_scanned',
      metadata: JSON.stringify({
        lines_of_code: null,
        test_coverage: null,
        dependencies: null,
        workspaces,
      }),
    })
    .returning(['id', 'name', 'path'])
    .executeTakeFirstOrThrow();
}

/**
 * Writes that a known project is there; only one that was moved gets another path, as the user may
 * have written it in another way than it was found.
 */
export async function updateFound(
  db: Db,
  id: number,
  { path, zenith_id, fingerprint }: FoundProject,
  { isMoved }: { isMoved: boolean },
): Promise<{ name: string } | undefined> {
  return db
    .updateTable('projects')
    .set({
      ...(isMoved && { path }),
      zenith_id,
      fingerprint,
      missing_since: null,
      updated_at: new Date(),
    })
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst();
}

export async function markMissing(db: Db, ids: number[]): Promise<{ id: number; name: string }[]> {
  if (ids.length === 0) return [];
  return db
    .updateTable('projects')
    .set({ missing_since: sql<string>`now()`, updated_at: new Date() })
    .where('id', 'in', ids)
    .where('missing_since', 'is', null)
    .returning(['id', 'name'])
    .execute();
}
