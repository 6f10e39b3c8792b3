import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '@borgos/contracts/projects';
import type { UserFolders } from '../walk/user-ignore-file.ts';
import { addReported, type ReportedFolder } from './add-reported.ts';
import { createFingerprints } from './fingerprints.ts';
import { type IgnoredHint, readInventoryReport } from './inventory-report.ts';
import { matchWorkspaces } from './match-workspaces.ts';
import { asProjectName, makeDistinct } from './project-name.ts';
import { readDeclarations } from './read-declarations.ts';
import {
  createSearchBudget,
  LimitReached,
  type SearchBudget,
  type SearchLimits,
} from './search-budget.ts';
import { searchFolders } from './search-folders.ts';
import { zenithIdOf } from './zenith-id.ts';

export interface FoundProject {
  /** Real and absolute. */
  path: string;
  /** No other one that was found has it. */
  name: string;
  zenith_id: string;
  /** `null`: nothing by which it would be known again once it is moved. */
  fingerprint: string | null;
  /** Folders in it that it declares as its parts: relative, with slashes. */
  workspaces: string[];
  /** What an inventory report says of it: only good until a scan knows better. */
  hints: { tech_stack: string[]; project_type: Project['project_type'] };
}

export interface ZenithSearch {
  /** Each directory once, by path. */
  projects: FoundProject[];
  /** Which limit has kept it from seeing everything: `entries`, `time` or `depth`. */
  truncated: 'entries' | 'time' | 'depth' | null;
  /** Roots that were not searched to the end, and folders that could not be read. */
  unsearched: string[];
  /** What of the inventory reports was not used, and why. */
  ignoredHints: IgnoredHint[];
}

export interface ZenithSearchOptions {
  limits?: Partial<SearchLimits>;
  /** Milliseconds; default: those of the process. */
  now?: () => number;
  /** Once it says so, the search throws an `AbortError`. */
  signal?: { readonly aborted: boolean };
  user?: UserFolders;
  /** Where `git` is looked for, as in `PATH`. */
  searchPath?: string | undefined;
}

/** How many answers of git are waited for at once. */
const mostGits = 4;
const longestGitMs = 10_000;
const ownNames: Record<string, string> = {
  backend: 'Zenith Coder Backend',
  frontend: 'Zenith Coder Frontend',
};

/**
 * The projects below one root or several; `searchFolders` says what counts as one, `addReported`
 * what an inventory report adds. Looks at the folders synchronously, so it belongs in a process of
 * its own; runs nothing but git, follows no link, and writes nothing.
 *
 * @throws an `AbortError` once the signal says so; a root that is not there is `unsearched`.
 */
export async function findZenithProjects(
  roots: string | readonly string[],
  options: ZenithSearchOptions = {},
): Promise<ZenithSearch> {
  const budget = createSearchBudget(options);
  const found: ZenithSearch = { projects: [], truncated: null, unsearched: [], ignoredHints: [] };
  const folders = new Map<string, ReportedFolder>();
  for (const root of [roots].flat()) {
    const real = realPathOf(root);
    if (real) searchRoot(real, { budget, user: options.user, found, folders });
    else found.unsearched.push(root);
  }
  const inOrder = [...folders.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  found.projects = makeDistinct(
    inOrder.map((folder) => describe(folder, budget, found)),
    [],
  );
  await addFingerprints(found, folders, budget, options.searchPath);
  return found;
}

function realPathOf(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

function searchRoot(
  root: string,
  to: {
    budget: SearchBudget;
    user: UserFolders | undefined;
    found: ZenithSearch;
    folders: Map<string, ReportedFolder>;
  },
): void {
  const { budget, found, folders } = to;
  const search = searchFolders(root, budget, to.user);
  const report = readInventoryReport(root);
  found.ignoredHints.push(...report.ignored);
  const reported = addReported(root, search, report, budget);
  found.ignoredHints.push(...reported.ignored);
  for (const folder of reported.folders) {
    // The first root that leads to a folder names it.
    if (!folders.has(folder.path)) folders.set(folder.path, folder);
  }
  const isCut = search.truncated === 'entries' || search.truncated === 'time';
  if (isCut) found.unsearched.push(root);
  found.unsearched.push(...search.unreadable);
  if (isCut || !found.truncated) found.truncated = search.truncated;
}

/** Where a limit is met, the folder's name has to do. */
function describe(folder: ReportedFolder, budget: SearchBudget, found: ZenithSearch): FoundProject {
  try {
    const declared = readDeclarations(folder.path, folder.manifests, budget.look);
    const workspaces = matchWorkspaces(folder.parts, declared.workspaces, budget.onWork);
    return asFound(folder, declared.name, workspaces);
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    found.truncated = error.limit;
    return asFound(folder, undefined, []);
  }
}

/** Zenith's own parts have their names; else the report, a manifest or the folder names it. */
function asFound(
  { path: where, relative, reported }: ReportedFolder,
  declaredName: string | undefined,
  workspaces: string[],
): FoundProject {
  const own = Object.hasOwn(ownNames, relative) ? ownNames[relative] : undefined;
  const names = [own, reported?.name, declaredName, path.basename(where)];
  return {
    path: where,
    name: names.map(asProjectName).find((name) => name !== undefined) ?? 'project',
    zenith_id: zenithIdOf(where),
    fingerprint: null,
    workspaces,
    hints: {
      tech_stack: reported?.tech_stack ?? [],
      project_type: reported?.project_type ?? null,
    },
  };
}

async function addFingerprints(
  found: ZenithSearch,
  folders: ReadonlyMap<string, ReportedFolder>,
  budget: SearchBudget,
  searchPath: string | undefined,
): Promise<void> {
  const fingerprints = createFingerprints({
    searchPath,
    remainingMs: () => Math.min(longestGitMs, budget.remainingMs()),
  });
  const waiting = found.projects.values();
  async function readNext(): Promise<void> {
    for (const project of waiting) {
      budget.look();
      const repository = folders.get(project.path)?.repository;
      if (repository) project.fingerprint = await fingerprints.of(project.path, repository);
    }
  }
  const readers = await Promise.allSettled(Array.from({ length: mostGits }, readNext));
  for (const reader of readers) {
    if (reader.status === 'fulfilled') continue;
    if (!(reader.reason instanceof LimitReached)) throw reader.reason;
    found.truncated = reader.reason.limit;
  }
}
