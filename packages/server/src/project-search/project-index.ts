import type { Concepts } from './concepts.ts';
import { documentOf, fieldBits, type SearchedProject } from './project-document.ts';
import { stemOf } from './words.ts';

/** Projects by their words, in memory. */
export interface ProjectIndex {
  readonly projects: ReadonlyMap<number, SearchedProject>;
  /** By project, the fields that a word stands in. */
  readonly postings: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Words by their stem. */
  readonly stems: ReadonlyMap<string, ReadonlySet<string>>;
  /** Puts a project in, in place of what is there of it. */
  put(project: SearchedProject): void;
  remove(id: number): void;
}

export function createProjectIndex(concepts: Concepts): ProjectIndex {
  const projects = new Map<number, SearchedProject>();
  const words = new Map<number, string[]>();
  const postings = new Map<string, Map<number, number>>();
  const stems = new Map<string, Set<string>>();

  function remove(id: number): void {
    for (const word of words.get(id) ?? []) {
      const list = postings.get(word);
      list?.delete(id);
      if (list?.size !== 0) continue;
      postings.delete(word);
      const stem = stemOf(word);
      const forms = stems.get(stem);
      forms?.delete(word);
      if (forms?.size === 0) stems.delete(stem);
    }
    words.delete(id);
    projects.delete(id);
  }

  function addWord(word: string, id: number, fields: number): void {
    let list = postings.get(word);
    if (!list) {
      list = new Map();
      postings.set(word, list);
      const stem = stemOf(word);
      const forms = stems.get(stem);
      if (forms) forms.add(word);
      else stems.set(stem, new Set([word]));
    }
    list.set(id, fields);
  }

  return {
    projects,
    postings,
    stems,
    remove,
    put(project) {
      remove(project.id);
      projects.set(project.id, project);
      const document = documentOf(project, concepts);
      words.set(project.id, [...document.keys()]);
      for (const [word, fields] of document) addWord(word, project.id, fields);
    },
  };
}

/** Those that only stand in prose are too many and too odd to be taken for what was mistyped. */
export const spelledFields = fieldBits
  .filter(([field]) => field !== 'readme')
  .reduce((mask, [, bit]) => mask | bit, 0);
