import type { ParsedQuery } from '../query/parsed-query.ts';

/** A query with these parts and no other. */
export function queryOf(parts: Partial<ParsedQuery>): ParsedQuery {
  const nothing = { any: [], not: [] };
  return {
    ...{ text: '', words: [], literals: [], regexes: [], notWords: [], caseSensitive: false },
    ...{ languages: nothing, paths: nothing, files: nothing, projects: nothing },
    ...parts,
  };
}
