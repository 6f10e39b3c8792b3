import { describe, expect, test } from 'vitest';
import { technologyKey } from '../scan/stack/merge-stack.ts';
import { technologies } from '../scan/stack/technologies.ts';
import { createConcepts } from './concepts.ts';
import type { SearchedProject } from './project-document.ts';
import { createProjectIndex } from './project-index.ts';
import { rankProjects } from './rank-projects.ts';
import { labelledProjects, labelledQueries } from './testing/labelled-projects.ts';

const concepts = createConcepts(technologies, technologyKey);

function searcher(projects: readonly SearchedProject[]) {
  const index = createProjectIndex(concepts);
  for (const project of projects) index.put(project);
  const search = async (
    query: string,
    { explain = false, limit = 10, includeInactive = false } = {},
  ) => rankProjects({ index, concepts, technologyKey }, { query, limit, includeInactive, explain });
  return { index, search };
}

const { search } = searcher(labelledProjects);

describe('a search for projects', () => {
  test('has the project that is meant first, nearly always', async () => {
    const ranks = await Promise.all(
      labelledQueries.map(async ([query, ...wanted]) => {
        const names = (await search(query)).map(({ project }) => project.name);
        const first = names.findIndex((name) => wanted.includes(name)) + 1;
        return { query, names: names.slice(0, 3), gain: first > 0 ? 1 / first : 0 };
      }),
    );
    const meanReciprocalRank = ranks.reduce((sum, { gain }) => sum + gain, 0) / ranks.length;
    expect(
      meanReciprocalRank,
      JSON.stringify(ranks.filter(({ gain }) => gain < 1)),
    ).toBeGreaterThan(0.95);
  });

  test('gives scores from 0 to 1, best first, and 1 to a whole name', async () => {
    for (const [query] of labelledQueries) {
      const scores = (await search(query, { limit: 100 })).map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(Math.min(...scores)).toBeGreaterThan(0);
      expect(Math.max(...scores)).toBeLessThanOrEqual(1);
    }
    const [first, second] = await search('shop api');
    expect(first).toMatchObject({ project: { name: 'shop-api' }, score: 1 });
    expect(second?.score).toBeLessThan(0.9);
  });

  test('forgives one letter from four on and two from eight on, and ranks what is exact above', async () => {
    const named = (...names: string[]) =>
      searcher(
        names.map((name, index) => ({
          ...{ id: index + 1, name, path: `/p/${index}`, project_type: null, tech_stack: [] },
          ...{
            is_active: true,
            description: null,
            readme: '',
            dependency_names: [],
            languages: [],
          },
        })),
      ).search;
    const search = named('cat', 'lamp', 'lamb', 'warehouse');
    const names = async (query: string) => (await search(query)).map(({ project }) => project.name);
    expect(await names('lamp')).toEqual(['lamp']);
    expect(await names('lemp')).toEqual(['lamp']);
    expect(await names('lapm')).toEqual(['lamp']);
    expect(await names('cut')).toEqual([]);
    expect(await names('warehuose')).toEqual(['warehouse']);
    expect(await names('warhuose')).toEqual(['warehouse']);
    expect(await names('werhuse')).toEqual([]);
    expect(await names('ware')).toEqual(['warehouse']);
    expect(await named('lampshade', 'lamp')('lamp')).toMatchObject([
      { project: { name: 'lamp' }, score: 1 },
      { project: { name: 'lampshade' } },
    ]);
  });

  test('orders what fits equally well by name and id', async () => {
    const base = labelledProjects[0] as SearchedProject;
    const twins = ['b', 'a', 'a'].map((name, index) => ({ ...base, id: 9 - index, name }));
    const { search } = searcher(twins);
    expect((await search('fastapi')).map(({ project }) => project.id)).toEqual([7, 8, 9]);
  });

  test('explains which word was found where, and what stands for it', async () => {
    const [found] = await search('python web', { explain: true });
    expect(found?.project.name).toBe('MyWebApp');
    expect(found?.explanation).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ word: 'web', field: 'name', how: 'exact', because: null }),
        expect.objectContaining({ word: 'python', field: 'tech_stack', term: 'python' }),
      ]),
    );
    const [orders] = await search('web orders', { explain: true });
    expect(orders?.explanation).toContainEqual(
      expect.objectContaining({ word: 'web', field: 'implied', because: 'fastapi' }),
    );
  });

  test('forgets what a project was before it changed, and one that is removed', async () => {
    const base = labelledProjects[0] as SearchedProject;
    const { index, search } = searcher([base]);
    index.put({ ...base, name: 'returns', description: null, readme: '', path: '/x' });
    expect(await search('orders')).toEqual([]);
    expect(await search('returns')).toHaveLength(1);
    index.remove(base.id);
    expect(await search('returns')).toEqual([]);
    expect([index.postings.size, index.stems.size, index.projects.size]).toEqual([0, 0, 0]);
  });

  test('finds nothing for what has no word in it', async () => {
    expect(await search('?! …')).toEqual([]);
  });
});
