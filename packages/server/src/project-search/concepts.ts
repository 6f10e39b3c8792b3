import type { Project } from '@borgos/contracts/projects';
import { moreConcepts, typeConcepts } from './concept-words.ts';

/** What is known of a technology, as the scan recognises it. */
export interface Technology {
  readonly name: string;
  /** `<ecosystem>:<package>` of each package that gives it away, separated by spaces. */
  readonly from?: string | undefined;
  readonly role?: string | undefined;
  readonly implies?: string | undefined;
  readonly group: string;
}

/** Finds what a project is besides what is written of it. */
export type Concepts = (
  project: Pick<Project, 'tech_stack' | 'project_type'>,
) => Map<string, string>;

/** What a role says, in the words in which people ask for it. */
const roleWords: Readonly<Record<string, string>> = {
  frontend: 'web website frontend ui browser app',
  fullstack: 'web website fullstack frontend backend server app',
  server: 'web api backend server rest http app',
  mobile: 'mobile phone app',
  desktop: 'desktop gui app',
  data: 'data analysis analytics',
  infra: 'infrastructure devops cloud',
  cli: 'cli command line terminal tool',
  worker: 'worker background job',
  static: 'static web website site',
};

const ecosystemLanguages: Readonly<Record<string, string>> = {
  npm: 'javascript',
  deno: 'javascript',
  pypi: 'python',
  go: 'go golang',
  cargo: 'rust',
  maven: 'java jvm',
  composer: 'php',
  rubygems: 'ruby',
  nuget: 'dotnet csharp',
  hex: 'elixir',
  pub: 'dart',
  swift: 'swift',
};

/**
 * Most of the vocabulary comes from what the scan knows of each technology: its role, what it
 * brings with it, and the language of the only ecosystem that has it.
 */
export function createConcepts(
  technologies: readonly Technology[],
  technologyKey: (name: string) => string,
): Concepts {
  const words = new Map<string, string[]>();
  const add = (name: string, list: string | undefined) => {
    const key = technologyKey(name);
    const known = words.get(key) ?? [];
    words.set(key, [...new Set([...known, ...(list?.split(' ') ?? [])])]);
  };
  for (const { name, from, role, group } of technologies) {
    add(name, role && roleWords[role]);
    add(name, languageOf(from));
    if (group === 'database') add(name, 'database db storage');
  }
  for (const [names, list] of moreConcepts) for (const name of names.split(' ')) add(name, list);
  for (const { name, implies } of technologies) {
    for (const implied of implies?.split(' ') ?? []) {
      add(name, [implied, ...(words.get(technologyKey(implied)) ?? [])].join(' '));
    }
  }
  return ({ tech_stack, project_type }) => {
    const found = new Map<string, string>();
    const tell = (list: readonly string[], because: string) => {
      for (const word of list) if (!found.has(word)) found.set(word, because);
    };
    for (const name of tech_stack) tell(words.get(technologyKey(name)) ?? [], name);
    if (project_type) tell(typeConcepts[project_type]?.split(' ') ?? [], project_type);
    return found;
  };
}

/** One that several ecosystems have says nothing about the language. */
function languageOf(from: string | undefined): string | undefined {
  const ecosystems = new Set(
    (from?.split(' ') ?? [])
      .map((sign) => sign.slice(0, sign.indexOf(':')))
      .filter((ecosystem) => ecosystem !== 'image' && ecosystem !== 'plugin'),
  );
  const [only = ''] = ecosystems;
  return ecosystems.size === 1 ? ecosystemLanguages[only] : undefined;
}
