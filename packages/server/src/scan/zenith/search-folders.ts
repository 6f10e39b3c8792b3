import { lstatSync } from 'node:fs';
import path from 'node:path';
import { gitDirectoryAt, type Repository } from '../git/repository.ts';
import { isDependencyFolder, isMarkedAsMade } from '../walk/dependency-folders.ts';
import { type IgnoreLevel, isIgnored } from '../walk/ignore-rules.ts';
import { type Entry, listFolder } from '../walk/list-folder.ts';
import { type ProjectRules, readProjectRules } from '../walk/project-rules.ts';
import { codeOf } from '../walk/read-regular-file.ts';
import type { UserFolders } from '../walk/user-ignore-file.ts';
import { findManifests, isBuiltFolder } from './project-marks.ts';
import { LimitReached, type SearchBudget } from './search-budget.ts';

/** A folder that is a project, as the search met it. */
export interface ProjectFolder {
  /** Real and absolute. */
  path: string;
  /** To the root, with slashes; empty for the root itself. */
  relative: string;
  /** Names of its manifests, the most telling first. */
  manifests: string[];
  /** What it is kept in; `undefined`: nothing that tells of it. */
  repository: Repository | undefined;
  /** Folders in it that have a manifest and are no project: relative to it, with slashes. */
  parts: string[];
}

export interface FolderSearch {
  projects: ProjectFolder[];
  /** The root, if it has `.git` or a manifest itself. */
  rootProject: ProjectFolder | undefined;
  truncated: 'entries' | 'time' | 'depth' | null;
  /** The first 1,000 folders that could not be read. */
  unreadable: string[];
}

interface Place {
  path: string;
  relative: string;
  depth: number;
  rules: ProjectRules;
  level: IgnoreLevel | undefined;
  /** The path from the top of the repository on, as ignore rules want it; a slash at its end. */
  bytes: string;
  /** The path from where the rules were read on; a slash at its end. */
  inRules: string;
  /** Ignored as a whole, and entered only for what git tracks in it nevertheless. */
  onlyTracked: boolean;
  /** What it lies in. */
  project: ProjectFolder | undefined;
}

const mostUnreadable = 1_000;
const mostParts = 10_000;
/** Zenith Coder's own parts. */
const ownParts = new Set(['backend', 'frontend']);

/**
 * The projects below a root: the outermost folders with `.git` or a manifest, within these the ones
 * with a `.git` of their own, and `backend` and `frontend` directly in the root in any case. Hidden,
 * ignored, dependency and build folders are not entered, links not followed.
 *
 * The root is the place to look in, even where it is a repository or has a manifest, as a monorepo
 * has: its children are the projects. It is told apart, since it is the one project where nothing
 * at all lies below it.
 *
 * What lies outside of projects is searched first, so that a large project does not use up what
 * others are found with. The limit of depth is met silently within a project: sources are often
 * deeper, and repositories in them rarely.
 *
 * @param root real path of a directory
 * @throws an `AbortError` once the signal says so
 */
export function searchFolders(
  root: string,
  budget: SearchBudget,
  user: UserFolders | undefined,
): FolderSearch {
  const search: FolderSearch = {
    projects: [],
    rootProject: undefined,
    truncated: null,
    unreadable: [],
  };

  function onUnreadable(folder: string): void {
    if (search.unreadable.length < mostUnreadable) search.unreadable.push(folder);
  }

  function list(place: Place): Entry[] | undefined {
    try {
      const { size } = lstatSync(place.path);
      return listFolder(place.path, size, (count) => {
        budget.onWork();
        return budget.hasLeft(count);
      });
    } catch (error) {
      if (error instanceof LimitReached || error instanceof DOMException) throw error;
      const isGone = ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');
      if (!isGone) onUnreadable(place.path);
      return undefined;
    }
  }

  function rulesOf(folder: string): ProjectRules {
    return readProjectRules(folder, {
      user,
      onUnreadable: () => undefined,
      onWork: budget.onWork,
    });
  }

  /** Looks at a folder. Returns those below it that are to be looked at. */
  function visit(place: Place): Place[] {
    budget.look();
    const entries = list(place);
    if (!entries) return [];
    budget.spend(entries.length);
    const isRoot = place.depth === 0;
    if (!isRoot && isMarkedAsMade(entries)) return [];

    const hasGit = entries.some(({ name }) => name === '.git');
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    const here = hasGit && gitDirectoryAt(place.path) ? withOwnRules(place) : place;
    const manifests = findManifests(files);
    const project = projectAt(here, hasGit, manifests);
    const level = files.includes('.gitignore')
      ? here.rules.enter(here.path, here.bytes.length, here.level)
      : here.level;
    return foldersBelow(
      { ...here, level, project },
      entries,
      isRoot && search.rootProject !== undefined,
    );
  }

  /** Another repository begins here: nothing of what is ignored around it is ignored in it. */
  function withOwnRules(place: Place): Place {
    if (place.depth === 0) return place;
    const rules = rulesOf(place.path);
    const { level, prefix: bytes } = rules;
    return { ...place, rules, level, bytes, inRules: '', onlyTracked: false };
  }

  /** The project that a folder is, or else the one that it lies in. */
  function projectAt(
    place: Place,
    hasGit: boolean,
    manifests: string[],
  ): ProjectFolder | undefined {
    const { relative, project: around } = place;
    const isMarked = hasGit || manifests.length > 0;
    const own: ProjectFolder = {
      path: place.path,
      relative,
      manifests,
      repository: place.rules.repository,
      parts: [],
    };
    if (place.depth === 0) {
      if (isMarked) search.rootProject = own;
      return undefined;
    }
    if (around && !hasGit) {
      if (isMarked && around.parts.length < mostParts) {
        around.parts.push(relative.slice(around.relative.length + 1));
      }
      return around;
    }
    if (!isMarked && !ownParts.has(relative)) return undefined;
    search.projects.push(own);
    return own;
  }

  function foldersBelow(place: Place, entries: Entry[], isRootProject: boolean): Place[] {
    const siblings = new Set(entries.map(({ name }) => name));
    const below: Place[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (!entry.isDirectory() || name.startsWith('.')) continue;
      budget.onWork();
      const bytes = place.bytes + place.rules.bytesOf(entry);
      const isOwnPart = place.depth === 0 && ownParts.has(name);
      if (isDependencyFolder(name, siblings)) continue;
      if ((place.project || isRootProject) && isBuiltFolder(name)) continue;
      const isOut =
        place.onlyTracked || isIgnored(place.level, bytes, place.bytes.length, true, budget.onWork);
      const inRules = place.inRules + name;
      const { folders, repositories } = place.rules.tracked;
      const isForeign = isOut && !folders.has(inRules) && !repositories.has(inRules);
      if (isForeign && !isOwnPart) continue;
      if (entry.lostBytes !== undefined) {
        onUnreadable(path.join(place.path, name));
        continue;
      }
      if (place.depth === budget.depth) {
        if (!place.project && !search.rootProject) search.truncated = 'depth';
        return [];
      }
      below.push({
        ...place,
        path: path.join(place.path, name),
        relative: place.relative + (place.relative && '/') + name,
        depth: place.depth + 1,
        bytes: `${bytes}/`,
        inRules: `${inRules}/`,
        // What is in an own part that is ignored is not of the repository around it.
        rules: isForeign ? { ...place.rules, repository: undefined } : place.rules,
        level: isForeign ? undefined : place.level,
        onlyTracked: isOut && !isForeign,
      });
    }
    return below;
  }

  function rootPlace(): Place {
    const rules = rulesOf(root);
    // Such as in a home whose settings are kept in git: the root was named, so it is not out.
    const level = rules.isIgnored ? undefined : rules.level;
    return {
      path: root,
      relative: '',
      depth: 0,
      rules: rules.isIgnored ? { ...rules, repository: undefined } : rules,
      level,
      bytes: rules.prefix,
      inRules: '',
      onlyTracked: false,
      project: undefined,
    };
  }

  try {
    const inside: Place[] = [];
    searchLevels([rootPlace()], (place) => {
      const below = visit(place);
      inside.push(...below.filter(({ project }) => project));
      return below.filter(({ project }) => !project);
    });
    searchLevels(inside, visit);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    search.truncated = error.limit;
  }
  return search;
}

/** Level by level, so that a search that is cut off has seen what lies near. */
function searchLevels(start: Place[], visit: (place: Place) => Place[]): void {
  for (let places = start; places.length > 0; ) {
    const below: Place[] = [];
    for (const place of places) for (const next of visit(place)) below.push(next);
    places = below;
  }
}
