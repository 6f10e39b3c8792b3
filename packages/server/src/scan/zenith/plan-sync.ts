import path from 'node:path';
import type { FoundProject } from './find-zenith-projects.ts';
import { makeDistinct } from './project-name.ts';
import { zenithIdOf } from './zenith-id.ts';

/** A project as the database has it. */
export interface KnownProject {
  id: number;
  name: string;
  path: string;
  /** Of its path, links resolved; `null`: there is nothing any more (`lookUpPaths` fills it in). */
  real_path: string | null;
  /** `null`: somebody has registered it by hand. */
  zenith_id: string | null;
  fingerprint: string | null;
  missing_since: string | Date | null;
}

export interface KeptProject {
  id: number;
  /** With the `zenith_id` and `fingerprint` that the project has, or gets now. */
  found: FoundProject;
  wasMissing: boolean;
  /** Whether there is anything to write: an id for one registered by hand, a new fingerprint. */
  isChanged: boolean;
}

export interface SyncPlan {
  /** With a `zenith_id` and a name that no other project has. */
  add: FoundProject[];
  /** Its path becomes `to.path`; `to` has the `zenith_id` that the project keeps. */
  move: { id: number; to: FoundProject }[];
  keep: KeptProject[];
  /** That were not found now, and were not missing before. */
  missing: number[];
}

/**
 * What makes the database say what was found. Pure, and with nothing left to do once it is done.
 *
 * - The path decides first, then the fingerprint: a project of Zenith below a root whose folder is
 *   gone was moved to where its fingerprint turned up. Where two are gone or two turned up with one
 *   fingerprint, as clones have, nobody knows which is which: they are added.
 * - Nothing is ever deleted. What has a `zenith_id`, lies below a root and was not found is missing.
 *
 * @param roots that were searched: real paths, and as they are set
 * @param unsearched folders in them that were not looked through to the end: what exists in there
 *   is not missing
 */
export function planSync(
  found: readonly FoundProject[],
  known: readonly KnownProject[],
  roots: readonly string[],
  unsearched: readonly string[] = [],
): SyncPlan {
  const plan: SyncPlan = { add: [], move: [], keep: [], missing: [] };
  const ids = createIds(known);
  const owners = ownersByPath(known);
  const fresh: FoundProject[] = [];
  const kept = new Set<KnownProject>();
  for (const project of new Map(found.map((one) => [one.path, one])).values()) {
    const owner = owners.get(project.path);
    if (!owner) {
      fresh.push(project);
      continue;
    }
    kept.add(owner);
    plan.keep.push(keep(owner, project, ids));
  }

  const isBelow = ({ path: where }: KnownProject) => isWithin(where, roots);
  const gone = known.filter(
    (one) => !kept.has(one) && one.zenith_id !== null && one.real_path === null && isBelow(one),
  );
  const moved = pairByFingerprint(gone, fresh);
  for (const [project, owner] of moved) {
    const to = { ...project, zenith_id: owner.zenith_id ?? project.zenith_id };
    plan.move.push({ id: owner.id, to });
    kept.add(owner);
  }

  const names = known.map(({ name }) => name);
  const added = fresh.filter((project) => !moved.has(project));
  plan.add = makeDistinct(
    added.map((project) => ({ ...project, zenith_id: ids.free(project) })),
    names,
  );
  const paths = new Set(found.map((one) => one.path));
  plan.missing = known
    .filter((one) => !kept.has(one) && one.zenith_id !== null && one.missing_since === null)
    .filter((one) => isBelow(one) && !paths.has(placeOf(one)))
    .filter((one) => one.real_path === null || !isWithin(one.real_path, unsearched))
    .map(({ id }) => id);
  return plan;
}

function keep(owner: KnownProject, project: FoundProject, ids: Ids): KeptProject {
  const zenith_id = owner.zenith_id ?? ids.free(project);
  // Git may have failed to answer for once: what is known stays.
  const fingerprint = project.fingerprint ?? owner.fingerprint;
  const wasMissing = owner.missing_since !== null;
  return {
    id: owner.id,
    found: { ...project, zenith_id, fingerprint },
    wasMissing,
    isChanged: wasMissing || owner.zenith_id !== zenith_id || owner.fingerprint !== fingerprint,
  };
}

/** One directory may be registered twice, through a link: the one of Zenith is it, or the older. */
function ownersByPath(known: readonly KnownProject[]): Map<string, KnownProject> {
  const owners = new Map<string, KnownProject>();
  const rank = (one: KnownProject) =>
    (one.zenith_id === null ? 2 : 0) + (one.path === placeOf(one) ? 0 : 1);
  for (const one of known.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id)) {
    if (!owners.has(placeOf(one))) owners.set(placeOf(one), one);
  }
  return owners;
}

function placeOf({ path: where, real_path }: KnownProject): string {
  return real_path ?? where;
}

function pairByFingerprint(
  gone: readonly KnownProject[],
  fresh: readonly FoundProject[],
): Map<FoundProject, KnownProject> {
  const from = Map.groupBy(gone, ({ fingerprint }) => fingerprint);
  const pairs = new Map<FoundProject, KnownProject>();
  for (const [fingerprint, projects] of Map.groupBy(fresh, (one) => one.fingerprint)) {
    const owners = from.get(fingerprint) ?? [];
    const [project] = projects;
    const [owner] = owners;
    if (fingerprint === null || projects.length !== 1 || owners.length !== 1) continue;
    if (project && owner) pairs.set(project, owner);
  }
  return pairs;
}

interface Ids {
  free(project: FoundProject): string;
}

/** The id of a path may belong to a project that was moved away from there. */
function createIds(known: readonly KnownProject[]): Ids {
  const taken = new Set(known.map(({ zenith_id }) => zenith_id));
  return {
    free({ path: where, zenith_id }) {
      let id = zenith_id;
      for (let number = 2; taken.has(id); number++) id = zenithIdOf(`${where}\n${number}`);
      taken.add(id);
      return id;
    },
  };
}

function isWithin(where: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const relative = path.relative(folder, where);
    return relative !== '..' && !relative.startsWith('../');
  });
}
