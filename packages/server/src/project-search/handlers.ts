import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { ProjectSearch } from './project-search.ts';

export function projectSearchHandlers(
  projectSearch: ProjectSearch,
): Handlers<(typeof api)['projectSearch']> {
  return { search: (asked) => projectSearch.search(asked) };
}
