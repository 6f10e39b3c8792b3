import { dataStores } from './technologies/data-stores.ts';
import { frontendFrameworks } from './technologies/frontend-frameworks.ts';
import { libraries } from './technologies/libraries.ts';
import { serverFrameworks } from './technologies/server-frameworks.ts';
import { tools } from './technologies/tools.ts';
import type { Technology, TechnologyGroup } from './technology.ts';

export interface KnownTechnology extends Technology {
  readonly group: TechnologyGroup;
}

/** Every technology that is recognised, in the order in which it is named. */
export const technologies: readonly KnownTechnology[] = [
  ...grouped(serverFrameworks, 'framework'),
  ...grouped(frontendFrameworks, 'framework'),
  ...grouped(dataStores, 'database'),
  ...grouped(libraries, 'tool'),
  ...grouped(tools, 'tool'),
];

function grouped(list: readonly Technology[], group: TechnologyGroup): KnownTechnology[] {
  return list.map((technology) => ({ ...technology, group }));
}
