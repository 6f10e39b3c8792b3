import { searchedFields } from '@borgos/contracts/project-search';
import type { Project } from '@borgos/contracts/projects';
import type { Concepts } from './concepts.ts';
import { wordsOf, wordsOfName } from './words.ts';

/** A project as it is searched. */
export interface SearchedProject
  extends Pick<Project, 'id' | 'name' | 'path' | 'tech_stack' | 'project_type' | 'is_active'> {
  description: string | null;
  readme: string;
  dependency_names: string[];
  /** As the line counter names them. */
  languages: string[];
}

export type SearchedField = (typeof searchedFields)[number];

/** How much it tells that a word stands there, 0 to 1. */
export const fieldWeights: Readonly<Record<SearchedField, number>> = {
  name: 1,
  tech_stack: 0.9,
  project_type: 0.8,
  languages: 0.8,
  implied: 0.75,
  description: 0.75,
  dependencies: 0.65,
  path: 0.55,
  readme: 0.5,
};

/** The bit of a field in the mask of those that a word stands in. */
export const fieldBits: readonly [SearchedField, number][] = searchedFields.map((field, index) => [
  field,
  1 << index,
]);

/** That the other fields say so, too, makes it surer. */
const secondShare = 0.08;

/** By the mask of the fields that a word stands in: the best one, and a little of the next. */
export const worthOfFields: readonly number[] = Array.from(
  { length: 1 << searchedFields.length },
  (_, mask) => {
    const [first = 0, second = 0] = fieldBits
      .filter(([, bit]) => (mask & bit) !== 0)
      .map(([field]) => fieldWeights[field])
      .sort((a, b) => b - a);
    return first + (1 - first) * secondShare * second;
  },
);

/** All words of a project, with the fields that each stands in. */
export function documentOf(project: SearchedProject, concepts: Concepts): Map<string, number> {
  const words = new Map<string, number>();
  const texts: Record<SearchedField, string[]> = {
    name: wordsOfName(project.name),
    tech_stack: project.tech_stack.flatMap(wordsOfName),
    project_type: project.project_type ? [project.project_type] : [],
    languages: project.languages.flatMap(wordsOf),
    implied: [...concepts(project).keys()],
    description: wordsOf(project.description ?? ''),
    dependencies: project.dependency_names.flatMap(wordsOfName),
    // What lies above is where most projects are.
    path: project.path.split('/').slice(-3).flatMap(wordsOfName),
    readme: wordsOf(project.readme),
  };
  for (const [field, bit] of fieldBits) {
    for (const word of texts[field]) words.set(word, (words.get(word) ?? 0) | bit);
  }
  return words;
}
