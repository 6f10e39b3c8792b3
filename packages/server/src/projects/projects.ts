import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { EndpointInput, ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { Project } from '@borgos/contracts/projects';
import type { ReadCache } from '../database/read-cache.ts';
import type { Db } from '../database/transaction.ts';
import { transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { applySync, type ProjectsSync } from './apply-sync.ts';
import type { ScannedProject } from './store.ts';
import * as store from './store.ts';
import { type KnownProject, listKnown } from './sync-store.ts';

export type { KnownProject } from './sync-store.ts';

type Endpoints = (typeof api)['projects'];

export interface Projects {
  list(filter: ParsedInput<Endpoints['list']>): Promise<ListResult<Project>>;
  get(id: number): Promise<Project>;
  create(fields: ParsedInput<Endpoints['create']>, actor: Actor): Promise<Project>;
  update(
    id: number,
    fields: Omit<EndpointInput<Endpoints['update']>, 'id'>,
    actor: Actor,
  ): Promise<Project>;
  delete(id: number, actor: Actor): Promise<void>;
  /** These three: of a scan, in its transaction. */
  setScanStatus(db: Db, id: number, status: Project['scan_status']): Promise<void>;
  getOwnFields(db: Db, id: number): Promise<Pick<Project, 'project_type' | 'tech_stack'>>;
  recordScan(db: Db, id: number, scanned: ScannedProject): Promise<void>;
  /** Every project, as it is known again when it is found on the disk. */
  listKnown(): Promise<KnownProject[]>;
  /** Registers what was found, and marks what was not. @returns the ids of all that are there */
  applySync(sync: ProjectsSync, actor: Actor): Promise<number[]>;
  count(): Promise<number>;
  /**
   * The project's directory with symlinks resolved, for reading or building it.
   * @throws AppError PROJECT_PATH_MISSING, PROJECT_PATH_NOT_ALLOWED
   */
  getDirectory(project: Pick<Project, 'path'>): Promise<string>;
}

/** The directories that BorgOS knows. `roots`: where they may lie; `[]` is anywhere. */
export function createProjects({
  db,
  cached,
  roots,
}: {
  db: Db;
  cached: ReadCache;
  roots: string[];
}): Projects {
  return {
    list: ({ limit, offset = 0, ...filter }) =>
      cached(`projects ${JSON.stringify([limit, offset, filter])}`, () =>
        store.listProjects(db, filter, { limit, offset }),
      ),
    count: () => store.countProjects(db),

    async get(id) {
      const project = await store.findProject(db, id);
      if (!project) throw notFound('Project', id);
      return project;
    },

    async create(fields, actor) {
      const scan_status = await scanStatusOf(fields.path, roots);
      return transaction(db, async (db) => {
        const project = await store.insertProject(db, { ...fields, is_active: true, scan_status });
        await appendEvent(
          db,
          'project_created',
          {
            id: project.id,
            name: project.name,
            path: project.path,
          },
          actor,
        );
        return project;
      });
    },

    async update(id, fields, actor) {
      const scan_status = fields.path ? await scanStatusOf(fields.path, roots) : undefined;
      return transaction(db, async (db) => {
        const project = await store.updateProject(db, id, {
          ...fields,
          ...(scan_status && { scan_status }),
        });
        if (!project) throw notFound('Project', id);
        await appendEvent(
          db,
          'project_updated',
          {
            id,
            name: project.name,
            changed: Object.keys(fields),
          },
          actor,
        );
        return project;
      });
    },

    async delete(id, actor) {
      await transaction(db, async (db) => {
        const deleted = await store.deleteProject(db, id);
        if (!deleted) throw notFound('Project', id);
        await appendEvent(db, 'project_deleted', { id, name: deleted.name }, actor);
      });
    },

    setScanStatus: store.updateScanStatus,
    async getOwnFields(db, id) {
      const fields = await store.findOwnFields(db, id);
      if (!fields) throw notFound('Project', id);
      return fields;
    },
    recordScan: store.updateScanned,
    listKnown: () => listKnown(db),
    applySync: (sync, actor) => applySync(db, sync, actor),

    async getDirectory(project) {
      const directory = await findDirectory(project.path);
      if (!directory) {
        throw new AppError(
          'PROJECT_PATH_MISSING',
          `The project’s directory ${project.path} does not exist or is not a directory that BorgOS can read`,
        );
      }
      assertAllowed(directory, roots);
      return directory;
    },
  };
}

async function scanStatusOf(
  directory: string,
  roots: string[],
): Promise<'not_scanned' | 'path_missing'> {
  const real = await findDirectory(directory);
  // A path that does not exist yet is judged as it is written, and again when it is used.
  assertAllowed(real ?? directory, roots);
  return real ? 'not_scanned' : 'path_missing';
}

/** The real path of a directory; `undefined` when there is none that can be looked at. */
async function findDirectory(directory: string): Promise<string | undefined> {
  try {
    const real = await realpath(directory);
    return (await stat(real)).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

function assertAllowed(directory: string, roots: string[]): void {
  const allowed = roots.some((root) => {
    const relative = path.relative(root, directory);
    return relative !== '..' && !relative.startsWith(`..${path.sep}`);
  });
  if (roots.length === 0 || allowed) return;
  throw new AppError(
    'PROJECT_PATH_NOT_ALLOWED',
    `${directory} lies outside of the directories that projects may lie in: ${roots.join(', ')} (BORGOS_PROJECT_ROOTS)`,
  );
}
