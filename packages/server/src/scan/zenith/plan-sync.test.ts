import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FoundProject } from './find-zenith-projects.ts';
import { lookUpPaths } from './look-up-paths.ts';
import { type KnownProject, planSync, type SyncPlan } from './plan-sync.ts';
import { makeZenithTree } from './testing/zenith-tree.ts';
import { zenithIdOf } from './zenith-id.ts';

const now = '2026-01-01T00:00:00.000Z';

function foundAt(path: string, fingerprint: string | null = null): FoundProject {
  return {
    path,
    name: path.split('/').at(-1) ?? '',
    zenith_id: zenithIdOf(path),
    fingerprint,
    workspaces: [],
    hints: { tech_stack: [], project_type: null },
  };
}

function knownAt(id: number, path: string, fields: Partial<KnownProject> = {}): KnownProject {
  return {
    id,
    name: `project ${id}`,
    path,
    real_path: path,
    zenith_id: zenithIdOf(path),
    fingerprint: null,
    missing_since: null,
    ...fields,
  };
}

/** What the database would hold after a plan was carried out. */
function apply(plan: SyncPlan, known: readonly KnownProject[]): KnownProject[] {
  let nextId = Math.max(0, ...known.map(({ id }) => id)) + 1;
  const after = known.map((one): KnownProject => {
    const { zenith_id, fingerprint } = plan.keep.find(({ id }) => id === one.id)?.found ?? one;
    const kept = plan.keep.some(({ id }) => id === one.id);
    const to = plan.move.find(({ id }) => id === one.id)?.to;
    if (to) return { ...one, path: to.path, zenith_id: to.zenith_id, missing_since: null };
    if (kept) return { ...one, zenith_id, fingerprint, missing_since: null };
    return plan.missing.includes(one.id) ? { ...one, missing_since: now } : one;
  });
  for (const { name, path, zenith_id, fingerprint } of plan.add) {
    after.push(knownAt(nextId++, path, { name, zenith_id, fingerprint }));
  }
  return after;
}

function isNothing({ add, move, keep, missing }: SyncPlan): boolean {
  const written = keep.filter(({ isChanged }) => isChanged);
  return add.length + move.length + missing.length + written.length === 0;
}

describe('planSync', () => {
  test('adds what nobody knows', () => {
    const plan = planSync([foundAt('/r/a'), foundAt('/r/b')], [], ['/r']);
    expect(plan).toMatchObject({ move: [], keep: [], missing: [] });
    expect(plan.add.map(({ path }) => path)).toEqual(['/r/a', '/r/b']);
  });

  test('gives one that was registered by hand its id, also through a link, and nothing else', () => {
    const byHand = knownAt(1, '/home/link', { real_path: '/r/a', zenith_id: null });
    const plan = planSync([foundAt('/r/a', 'f')], [byHand], ['/r']);
    expect(plan).toMatchObject({
      add: [],
      keep: [{ id: 1, wasMissing: false, isChanged: true, found: { fingerprint: 'f' } }],
    });
    expect(apply(plan, [byHand])).toEqual([
      { ...byHand, zenith_id: zenithIdOf('/r/a'), fingerprint: 'f' },
    ]);
  });

  test('knows by its fingerprint one that was moved: it keeps its id', () => {
    const known = knownAt(7, '/r/a', { real_path: null, fingerprint: 'f' });
    const plan = planSync([foundAt('/r/b', 'f')], [known], ['/r']);
    expect(plan).toMatchObject({
      add: [],
      move: [{ id: 7, to: { path: '/r/b', zenith_id: zenithIdOf('/r/a') } }],
      missing: [],
    });
  });

  test('takes a copy for a new one, as long as the first is there', () => {
    const known = knownAt(7, '/r/a', { fingerprint: 'f' });
    const plan = planSync([foundAt('/r/a', 'f'), foundAt('/r/b', 'f')], [known], ['/r']);
    expect(plan).toMatchObject({ add: [{ path: '/r/b' }], move: [], keep: [{ id: 7 }] });
    // Also where it is no project any more, or was not looked at.
    const other = planSync([foundAt('/r/b', 'f')], [known], ['/r'], ['/r']);
    expect(other).toMatchObject({ add: [{ path: '/r/b' }], move: [], missing: [] });
  });

  test.each([
    ['two are gone', ['/r/a', '/r/b'], ['/r/c']],
    ['two turned up', ['/r/a'], ['/r/c', '/r/d']],
    ['clones changed places', ['/r/a', '/r/b'], ['/r/c', '/r/d']],
  ])('does not guess which is which where %s with one fingerprint', (_, before, after) => {
    const known = before.map((path, index) =>
      knownAt(index + 1, path, { real_path: null, fingerprint: 'f' }),
    );
    const plan = planSync(
      after.map((path) => foundAt(path, 'f')),
      known,
      ['/r'],
    );
    expect(plan.move).toEqual([]);
    expect(plan.add.map(({ path }) => path)).toEqual(after);
    expect(plan.missing).toEqual(known.map(({ id }) => id));
  });

  test('without a fingerprint nothing was moved', () => {
    const plan = planSync([foundAt('/r/b')], [knownAt(1, '/r/a', { real_path: null })], ['/r']);
    expect(plan).toMatchObject({ add: [{ path: '/r/b' }], move: [], missing: [1] });
  });

  test('marks only what is of Zenith and below a root, and only once', () => {
    const gone = { real_path: null };
    const known = [
      knownAt(1, '/r/a', gone),
      knownAt(2, '/r/b', { ...gone, zenith_id: null }),
      knownAt(3, '/elsewhere/c', gone),
      knownAt(4, '/r/d', { ...gone, missing_since: now }),
      knownAt(5, '/r/no-project-any-more'),
      knownAt(6, '/r2/e', gone),
      knownAt(7, '/r/..x', gone),
    ];
    expect(planSync([], known, ['/r']).missing).toEqual([1, 5, 7]);
  });

  test('does not mark what lies where it could not look, unless it is gone', () => {
    const known = [
      knownAt(1, '/r/locked/a'),
      knownAt(2, '/r/locked/b', { real_path: null }),
      knownAt(3, '/r/open/c'),
    ];
    expect(planSync([], known, ['/r'], ['/r/locked']).missing).toEqual([2, 3]);
    expect(planSync([], known, ['/r'], ['/r']).missing).toEqual([2]);
  });

  test('one that comes back is not missing any more, wherever it does', () => {
    const known = knownAt(1, '/r/a', { real_path: null, missing_since: now, fingerprint: 'f' });
    const back = planSync([foundAt('/r/a', 'f')], [{ ...known, real_path: '/r/a' }], ['/r']);
    expect(back.keep).toMatchObject([{ id: 1, wasMissing: true, isChanged: true }]);
    const elsewhere = planSync([foundAt('/r/b', 'f')], [known], ['/r']);
    expect(elsewhere.move).toMatchObject([{ id: 1 }]);
    expect(apply(elsewhere, [known])[0]?.missing_since).toBe(null);
  });

  test('a new project where a moved one was has an id and a name of its own', () => {
    const moved = knownAt(1, '/r/b', { zenith_id: zenithIdOf('/r/a'), name: 'A' });
    const plan = planSync([foundAt('/r/a'), foundAt('/r/b')], [moved], ['/r']);
    expect(plan.add).toMatchObject([{ path: '/r/a', name: 'a (r)' }]);
    expect(plan.add[0]?.zenith_id).toMatch(/^[0-9a-f]{10}$/);
    expect(plan.add[0]?.zenith_id).not.toBe(zenithIdOf('/r/a'));
  });

  test('forgets no fingerprint because git does not answer for once', () => {
    const known = knownAt(1, '/r/a', { fingerprint: 'f' });
    const plan = planSync([foundAt('/r/a')], [known], ['/r']);
    expect(isNothing(plan)).toBe(true);
    expect(plan.keep[0]?.found.fingerprint).toBe('f');
  });

  test('of one directory that is registered twice, the one of Zenith is it', () => {
    const known = [
      knownAt(1, '/home/link', { real_path: '/r/a', zenith_id: null }),
      knownAt(2, '/r/a'),
      knownAt(3, '/r/link', { real_path: '/r/a' }),
    ];
    const plan = planSync([foundAt('/r/a')], known, ['/r', '/home']);
    expect(plan).toMatchObject({ add: [], keep: [{ id: 2, isChanged: false }], missing: [] });
  });
});

describe('whatever is found and known', () => {
  const folders = ['/r/a', '/r/b', '/r/c/d', '/r/c', '/s/a', '/s/b', '/other/a', '/other/b'];
  const fingerprint = fc.constantFrom(null, 'f', 'g', 'h');
  const world = fc
    .record({
      found: fc.uniqueArray(fc.tuple(fc.constantFrom(...folders.slice(0, 6)), fingerprint), {
        selector: ([path]) => path,
      }),
      others: fc.subarray(folders),
      unsearched: fc.subarray(['/r', '/r/c', '/s']),
      known: fc.uniqueArray(
        fc.record({
          path: fc.constantFrom(...folders, '/link/1', '/link/2'),
          target: fc.constantFrom(...folders),
          // Of the path where it was first seen, or none.
          seen: fc.option(fc.constantFrom(...folders)),
          fingerprint,
          isMissing: fc.boolean(),
        }),
        { selector: ({ path }) => path },
      ),
    })
    .map(({ found, others, unsearched, known }) => {
      const there = new Set([...found.map(([path]) => path), ...others]);
      const seen = new Set<string>();
      const rows = known.map((one, index) => {
        const target = one.path.startsWith('/link') ? one.target : one.path;
        const isFree = one.seen !== null && !seen.has(one.seen);
        if (one.seen !== null) seen.add(one.seen);
        return knownAt(index + 1, one.path, {
          real_path: there.has(target) ? target : null,
          zenith_id: isFree && one.seen !== null ? zenithIdOf(one.seen) : null,
          fingerprint: isFree ? one.fingerprint : null,
          missing_since: isFree && one.isMissing ? now : null,
        });
      });
      return { found: found.map(([path, mark]) => foundAt(path, mark)), known: rows, unsearched };
    });
  const roots = ['/r', '/s'];
  const planOf = ({
    found,
    known,
    unsearched,
  }: typeof world extends fc.Arbitrary<infer W> ? W : never) =>
    planSync(found, known, roots, unsearched);

  test('a second run changes nothing', () => {
    fc.assert(
      fc.property(world, (one) => {
        const known = apply(planOf(one), one.known);
        expect(isNothing(planOf({ ...one, known }))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('ids never change their owner, and no two projects share an id or a path', () => {
    fc.assert(
      fc.property(world, (one) => {
        const after = apply(planOf(one), one.known);
        for (const [index, before] of one.known.entries()) {
          expect(after[index]?.id).toBe(before.id);
          if (before.zenith_id) expect(after[index]?.zenith_id).toBe(before.zenith_id);
        }
        const ids = after.flatMap(({ zenith_id }) => zenith_id ?? []);
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(after.map(({ path }) => path)).size).toBe(after.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test('each project that was found is added, moved or kept, once', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { add, move, keep } = planOf({ ...one, found: [...one.found, ...one.found] });
        const paths = [
          ...add.map(({ path }) => path),
          ...move.map(({ to }) => to.path),
          ...keep.map(({ found }) => found.path),
        ];
        expect(paths.toSorted()).toEqual(one.found.map(({ path }) => path).toSorted());
      }),
      { numRuns: 2_000 },
    );
  });

  test('what lies outside of the roots, or was registered by hand, is never marked or moved', () => {
    fc.assert(
      fc.property(world, (one) => {
        const { move, missing } = planOf(one);
        for (const id of [...move.map(({ id }) => id), ...missing]) {
          const project = one.known.find((known) => known.id === id);
          expect(project?.zenith_id).not.toBe(null);
          expect(project?.path).toMatch(/^\/[rs]\//);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('on real folders', () => {
  async function sync(tree: ReturnType<typeof makeZenithTree>, known: KnownProject[]) {
    const { projects, unsearched } = await tree.find();
    const there = await lookUpPaths(known);
    const plan = planSync(projects, there, [tree.root], unsearched);
    return { plan, known: apply(plan, there), count: projects.length };
  }

  test('projects come, are moved, copied, go and come back, and keep their ids', async () => {
    using tree = makeZenithTree();
    tree.commit('a');
    tree.commit('b');
    const first = await sync(tree, []);
    expect(first.plan.add.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(isNothing((await sync(tree, first.known)).plan)).toBe(true);

    mkdirSync(tree.path('new'));
    renameSync(tree.path('a'), tree.path('new/a'));
    const moved = await sync(tree, first.known);
    expect(moved.plan).toMatchObject({
      add: [],
      move: [{ id: 1, to: { path: tree.path('new/a'), zenith_id: first.plan.add[0]?.zenith_id } }],
      missing: [],
    });

    cpSync(tree.path('new/a'), tree.path('a'), { recursive: true });
    const copied = await sync(tree, moved.known);
    expect(copied.plan).toMatchObject({ add: [{ path: tree.path('a') }], move: [], missing: [] });
    expect(copied.count).toBe(3);

    renameSync(tree.path('b'), tree.path('../b'));
    const gone = await sync(tree, copied.known);
    expect(gone.plan).toMatchObject({ add: [], move: [], missing: [2] });
    expect(isNothing((await sync(tree, gone.known)).plan)).toBe(true);

    renameSync(tree.path('../b'), tree.path('b'));
    const back = await sync(tree, gone.known);
    expect(back.plan.keep).toContainEqual(expect.objectContaining({ id: 2, wasMissing: true }));
    expect(isNothing((await sync(tree, back.known)).plan)).toBe(true);
  });

  test('a path that is a link is looked up, one with nothing behind it is gone', async () => {
    using tree = makeZenithTree({ 'a/x': '' });
    symlinkSync(tree.path('a'), tree.path('link'));
    const paths = ['a', 'link', 'a/x/y', 'none'].map((name) => ({ path: tree.path(name) }));
    const real = async () => (await lookUpPaths(paths)).map(({ real_path }) => real_path);
    expect(await real()).toEqual([tree.path('a'), tree.path('a'), null, null]);
    rmSync(tree.path('a'), { recursive: true });
    expect(await real()).toEqual([null, null, null, null]);
  });
});
