import type { Project } from '@borgos/contracts/projects';
import { sql } from 'kysely';
import { constraintOf, type Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';

const columns = [
  'id',
  'name',
  'path',
  'zenith_id',
  'project_type',
  'tech_stack',
  'health_score',
  'vibe_score',
  'eco_score',
  'errors',
  'metadata',
  'missing_since',
  'is_active',
  'scan_status',
  'last_scan_at',
  'created_at',
  'updated_at',
] as const;

export interface ProjectFilter {
  active?: boolean | undefined;
  project_type?: Project['project_type'] | undefined;
  tech_stack?: string[] | undefined;
  name?: string | undefined;
  path?: string | undefined;
}

export interface ProjectFields {
  name: string;
  path: string;
  /** These two: as the user gave them. */
  project_type: Project['project_type'];
  tech_stack: string[];
  is_active: boolean;
  scan_status: Project['scan_status'];
}

/** What a scan found. */
export interface ScannedProject
  extends Pick<Project, 'health_score' | 'vibe_score' | 'eco_score' | 'errors' | 'metadata'> {
  /** These two: where the user gave none. */
  project_type: Project['project_type'];
  tech_stack: string[];
  /** These three: for who looks for the project; lists do not carry them. */
  description: string | null;
  readme: string;
  dependency_names: string[];
}

/** More would make the list of many projects a matter of megabytes. */
const mostListedErrors = 20;
const listedErrors = sql<Project['errors']>`jsonb_path_query_array(errors, ${sql.lit(
  `$[0 to ${mostListedErrors - 1}]`,
)})`;

export async function listProjects(
  db: Db,
  filter: ProjectFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: Project[]; total: number }> {
  const rows = await matching(db, filter)
    .select(columns)
    .select(listedErrors.as('errors'))
    // In one statement, so that the page and the total are of the same moment.
    .select(sql<number>`count(*) over ()`.as('total'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const items = rows.map(({ total: _, ...project }) => project);
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (offset > 0 ? await countProjects(db, filter) : 0);
  return { items, total };
}

export async function countProjects(db: Db, filter: ProjectFilter = {}): Promise<number> {
  const row = await matching(db, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

function matching(db: Db, filter: ProjectFilter) {
  let query = db.selectFrom('projects');
  if (filter.active !== undefined) query = query.where('is_active', '=', filter.active);
  if (filter.project_type) query = query.where('project_type', '=', filter.project_type);
  if (filter.tech_stack?.length) {
    query = query.where('tech_stack', '@>', sql<string[]>`${filter.tech_stack}::text[]`);
  }
  if (filter.path) query = query.where('path', '=', filter.path);
  if (filter.name) {
    query = query.where(sql<boolean>`position(lower(${filter.name}) in lower(name)) > 0`);
  }
  return query;
}

export async function findProject(db: Db, id: number): Promise<Project | undefined> {
  return db.selectFrom('projects').select(columns).where('id', '=', id).executeTakeFirst();
}

export async function insertProject(db: Db, fields: ProjectFields): Promise<Project> {
  return db
    .insertInto('projects')
    .values({
      ...fields,
      own_project_type: fields.project_type,
      own_tech_stack: fields.tech_stack,
    })
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch((error) => translate(error, fields.path));
}

/** Changes the fields given; `undefined` when there is no such project. */
export async function updateProject(
  db: Db,
  id: number,
  fields: Partial<ProjectFields>,
): Promise<Project | undefined> {
  return db
    .updateTable('projects')
    .set({
      ...fields,
      ...(fields.project_type !== undefined && { own_project_type: fields.project_type }),
      ...(fields.tech_stack && { own_tech_stack: fields.tech_stack }),
      updated_at: new Date(),
    })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst()
    .catch((error) => translate(error, fields.path ?? ''));
}

export async function updateScanStatus(
  db: Db,
  id: number,
  scan_status: Project['scan_status'],
): Promise<void> {
  await db.updateTable('projects').set({ scan_status }).where('id', '=', id).execute();
}

/** What the user wrote of the project; `undefined` when there is no such project. */
export async function findOwnFields(
  db: Db,
  id: number,
): Promise<Pick<ProjectFields, 'project_type' | 'tech_stack'> | undefined> {
  return db
    .selectFrom('projects')
    .select(['own_project_type as project_type', 'own_tech_stack as tech_stack'])
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function updateScanned(
  db: Db,
  id: number,
  { errors, metadata, ...fields }: ScannedProject,
): Promise<void> {
  await db
    .updateTable('projects')
    .set({
      ...fields,
      errors: JSON.stringify(errors),
      metadata: JSON.stringify(metadata),
      scan_status: 'completed',
      last_scan_at: new Date(),
    })
    .where('id', '=', id)
    .execute();
}

/** Returns the project's name; `undefined` when there is no such project. */
export async function deleteProject(db: Db, id: number): Promise<{ name: string } | undefined> {
  return db
    .deleteFrom('projects')
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
    .catch((error) => {
      if (constraintOf(error) !== 'deployments_project_id_fkey') throw error;
      throw new AppError(
        'PROJECT_HAS_DEPLOYMENTS',
        `Project ${id} has deployments. Delete them first: DELETE /api/v1/deployments/{id}; they are listed at /api/v1/deployments?project_id=${id}`,
        { cause: error },
      );
    });
}

function translate(error: unknown, path: string): never {
  if (constraintOf(error) !== 'projects_path_key') throw error;
  throw new AppError('PROJECT_EXISTS', `A project with path ${path} exists already`, {
    cause: error,
  });
}
