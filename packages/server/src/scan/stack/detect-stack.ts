import { detectProjectType, type ProjectType } from './detect-project-type.ts';
import { findLanguages } from './find-languages.ts';
import { findTechnologies } from './find-technologies.ts';
import { viewProject } from './project-view.ts';
import type { Evidence, StackInput } from './stack-input.ts';
import { technologies } from './technologies.ts';
import { technologyGroups } from './technology.ts';

const MAX_FOUND = 30;

export interface DetectedStack {
  /** The main language first, then other languages, frameworks, databases and tools. */
  readonly tech_stack: string[];
  /** `null` where there is nothing that would tell. */
  readonly project_type: ProjectType | null;
  /** One for each of `tech_stack`, in its order. */
  readonly evidence: Evidence[];
}

/**
 * What a project is made of, from the names of its files, what its manifests ask for, its lines of
 * code, and a few files that are opened. The same project always gives the same answer. Executes
 * nothing, never throws unless `read` does.
 */
export function detectStack(input: StackInput): DetectedStack {
  const project = viewProject(input);
  const languages = findLanguages(project);
  const found = findTechnologies(project);
  const order = [...languages.names];
  for (const group of technologyGroups) {
    for (const { name, group: own } of technologies) {
      if (own === group && found.has(name)) order.push(name);
    }
  }
  const stack = [...new Set([...order, ...found.keys()])].slice(0, MAX_FOUND);
  return {
    tech_stack: stack,
    project_type: detectProjectType(project, found, languages),
    evidence: stack.map((technology) => ({ technology, file: found.get(technology) ?? null })),
  };
}
