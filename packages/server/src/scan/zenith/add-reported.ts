import path from 'node:path';
import { findRepository } from '../git/repository.ts';
import {
  addIgnored,
  type IgnoredHint,
  type InventoryReport,
  type ReportedProject,
} from './inventory-report.ts';
import { faultOfReported } from './reported-folder.ts';
import { LimitReached, type SearchBudget } from './search-budget.ts';
import type { FolderSearch, ProjectFolder } from './search-folders.ts';

export interface ReportedFolder extends ProjectFolder {
  reported?: ReportedProject;
}

/**
 * What was found, with what a report says of it, and the folders that only the report takes for
 * projects, if they are there and have files in them. A hint never outweighs what was found: within
 * a project, or around one, the report adds nothing. Where there is nothing below the root with its
 * help either, the root is the one project, if it is any.
 */
export function addReported(
  root: string,
  search: FolderSearch,
  report: InventoryReport,
  budget: SearchBudget,
): { folders: ReportedFolder[]; ignored: IgnoredHint[] } {
  const folders = new Map<string, ReportedFolder>();
  const around = new Set<string>();
  function add(folder: ReportedFolder): void {
    folders.set(folder.relative, folder);
    for (const above of foldersAbove(folder.relative)) around.add(above);
  }
  for (const project of search.projects) add(project);
  function lookAt(relative: string): string | undefined {
    try {
      return faultOfReported(root, relative, budget);
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error;
      search.truncated = error.limit;
      return 'a limit was met before it could be looked at';
    }
  }

  const ignored: IgnoredHint[] = [];
  // The outermost first, as in the search.
  const outermostFirst = report.projects.toSorted(
    (a, b) => a.relative.split('/').length - b.relative.split('/').length,
  );
  for (const reported of outermostFirst) {
    const { relative } = reported;
    const found = folders.get(relative);
    if (found) {
      found.reported = reported;
      continue;
    }
    const outer = foldersAbove(relative).find((above) => folders.has(above));
    const reason = outer
      ? `it lies in the project ${outer}`
      : around.has(relative)
        ? 'other projects lie in it'
        : lookAt(relative);
    if (reason) {
      addIgnored(ignored, { what: relative, reason });
      continue;
    }
    const where = path.join(root, relative);
    add({
      path: where,
      relative,
      manifests: [],
      repository: findRepository(where),
      parts: [],
      reported,
    });
  }
  if (folders.size === 0 && search.rootProject && !search.truncated) add(search.rootProject);
  return { folders: [...folders.values()], ignored };
}

/** From the innermost on, the root left out. */
function foldersAbove(relative: string): string[] {
  const above: string[] = [];
  for (let end = relative.lastIndexOf('/'); end > 0; end = relative.lastIndexOf('/', end - 1)) {
    above.push(relative.slice(0, end));
  }
  return above;
}
