import { timingSafeEqual } from 'node:crypto';
import type { Actor } from '@borgos/contracts/caller';
import { id } from '@borgos/contracts/fields';
import { type Db, transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { Projects } from '../projects/projects.ts';
import * as store from './key-store.ts';

export interface ProjectDsn {
  dsn: string;
  public_key: string;
}

/** With which the apps of a project report what went wrong. */
export interface ProjectKeys {
  /** @throws AppError NOT_FOUND */
  get(projectId: number): Promise<ProjectDsn>;
  rotate(projectId: number, actor: Actor): Promise<ProjectDsn>;
  /** Whether errors of that project may be reported with that key. */
  check(projectId: number, key: string): Promise<boolean>;
}

/** How long a key that was replaced may still be taken, by another server. */
const freshMs = 5_000;
const mostRemembered = 1_000;

export function createProjectKeys({
  db,
  projects,
  url,
  now,
}: {
  db: Db;
  projects: Pick<Projects, 'get'>;
  url: () => string;
  now: () => number;
}): ProjectKeys {
  const known = new Map<number, { key: string | undefined; until: number }>();

  async function keyOf(projectId: number): Promise<string | undefined> {
    const remembered = known.get(projectId);
    if (remembered && remembered.until > now()) return remembered.key;
    const key = await store.findKey(db, projectId);
    known.delete(projectId);
    known.set(projectId, { key, until: now() + freshMs });
    for (const [oldest] of known) if (known.size > mostRemembered) known.delete(oldest);
    return key;
  }

  function dsnOf(projectId: number, public_key: string): ProjectDsn {
    const { protocol, host } = new URL(url());
    return { dsn: `${protocol}//${public_key}@${host}/${projectId}`, public_key };
  }

  return {
    async get(projectId) {
      await projects.get(projectId);
      return dsnOf(projectId, await store.ensureKey(db, projectId));
    },
    async rotate(projectId, actor) {
      const { name } = await projects.get(projectId);
      const key = await transaction(db, async (db) => {
        const key = await store.replaceKey(db, projectId);
        await appendEvent(db, 'project_dsn_rotated', { id: projectId, name }, actor);
        return key;
      });
      known.delete(projectId);
      return dsnOf(projectId, key);
    },
    async check(projectId, given) {
      if (!id.safeParse(projectId).success) return false;
      const key = await keyOf(projectId);
      if (key === undefined || key.length !== given.length) return false;
      return timingSafeEqual(
        Buffer.from(key),
        Buffer.from(given.padEnd(key.length)).subarray(0, key.length),
      );
    },
  };
}
