import type { api } from '@borgos/contracts';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import type { ProjectMatch } from '@borgos/contracts/project-search';
import type { ReadCache } from '../database/read-cache.ts';
import type { Db } from '../database/transaction.ts';
import { createConcepts, type Technology } from './concepts.ts';
import { createProjectIndex } from './project-index.ts';
import { rankProjects } from './rank-projects.ts';
import * as store from './store.ts';

type Endpoints = (typeof api)['projectSearch'];

export interface ProjectSearch {
  /** The projects that fit best, as they are in the database now. */
  search(asked: ParsedInput<Endpoints['search']>): Promise<ProjectMatch[]>;
}

/** How many projects are read and taken in at a time, lest the event loop stand still. */
const pageSize = 50;

/**
 * Finds projects by what is known of them. The words of all are kept in memory; before a search,
 * what has changed in the database is taken in, whoever has changed it.
 */
export function createProjectSearch({
  db,
  cached,
  technologies,
  technologyKey,
}: {
  db: Db;
  cached: ReadCache;
  /** What the scan recognises, from which the vocabulary is made. */
  technologies: readonly Technology[];
  technologyKey: (name: string) => string;
}): ProjectSearch {
  const concepts = createConcepts(technologies, technologyKey);
  const index = createProjectIndex(concepts);
  const versions = new Map<number, string>();
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, so that an older state never comes after a newer one. */
  function refresh(): Promise<object> {
    const refreshed = last.then(takeIn);
    last = refreshed.catch(() => {});
    return refreshed;
  }

  async function takeIn(): Promise<object> {
    const current = await store.listVersions(db);
    for (const id of [...versions.keys()]) if (!current.has(id)) forget(id);
    const changed = [...current.keys()].filter((id) => versions.get(id) !== current.get(id));
    for (let from = 0; from < changed.length; from += pageSize) {
      const ids = changed.slice(from, from + pageSize);
      const found = await store.readSearched(db, ids);
      const there = new Set(found.map(({ id }) => id));
      for (const { version, ...project } of found) {
        index.put(project);
        versions.set(project.id, version);
      }
      for (const id of ids) if (!there.has(id)) forget(id);
    }
    return versions;
  }

  function forget(id: number): void {
    index.remove(id);
    versions.delete(id);
  }

  return {
    async search({ query, limit, include_inactive: includeInactive, explain }) {
      // Its key stands for the index: what is given again is that nothing has changed since.
      await cached('project search', refresh);
      const ranked = await rankProjects(
        { index, concepts, technologyKey },
        { query, limit, includeInactive, explain },
      );
      return ranked.map(({ project, score, explanation }) => ({
        id: project.id,
        name: project.name,
        path: project.path,
        relevance_score: score,
        tech_stack: project.tech_stack,
        project_type: project.project_type,
        is_active: project.is_active,
        description: project.description,
        explanation,
      }));
    },
  };
}
