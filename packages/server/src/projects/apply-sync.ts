import type { Actor } from '@borgos/contracts/caller';
import { type Db, transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import * as store from './sync-store.ts';

/** What makes the projects that are registered those that are there. */
export interface ProjectsSync {
  add: store.FoundProject[];
  move: { id: number; to: store.FoundProject }[];
  /** `isChanged`: there is something to write, as that it is not missing any more. */
  keep: { id: number; found: store.FoundProject; isChanged: boolean }[];
  /** Ids. */
  missing: number[];
}

/** @returns the ids of all that are there */
export async function applySync(db: Db, sync: ProjectsSync, actor: Actor): Promise<number[]> {
  return transaction(db, async (db) => {
    const ids: number[] = [];
    const update = async (id: number, found: store.FoundProject, changed: 'path' | 'zenith_id') => {
      const project = await store.updateFound(db, id, found, { isMoved: changed === 'path' });
      if (!project) return;
      const data = { id, name: project.name, changed: [changed] };
      await appendEvent(db, 'project_updated', data, actor);
    };
    for (const { id, to } of sync.move) {
      await update(id, to, 'path');
      ids.push(id);
    }
    for (const found of sync.add) {
      const project = await store.insertFound(db, found);
      await appendEvent(db, 'project_created', project, actor);
      ids.push(project.id);
    }
    for (const { id, found, isChanged } of sync.keep) {
      if (isChanged) await update(id, found, 'zenith_id');
      ids.push(id);
    }
    for (const { id, name } of await store.markMissing(db, sync.missing)) {
      await appendEvent(db, 'project_updated', { id, name, changed: ['missing_since'] }, actor);
    }
    return ids;
  });
}
