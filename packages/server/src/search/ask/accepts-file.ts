import { basename, matchesGlob } from 'node:path/posix';
import { languageNamed } from '../chunks/rules-of.ts';
import type { Filter, ParsedQuery } from '../query/parsed-query.ts';

type Asked = Pick<ParsedQuery, 'languages' | 'paths' | 'files'>;

/** Whether a file is one that `lang:`, `path:` and `file:` leave. */
export function acceptsFile(query: Asked): (file: { path: string; language: string }) => boolean {
  if (![query.languages, query.paths, query.files].some(isUsed)) return () => true;
  const languages = {
    any: query.languages.any.map(languageNamed),
    not: query.languages.not.map(languageNamed),
  };
  return ({ path, language }) =>
    passes(languages, (wanted) => wanted === language) &&
    passes(query.paths, (wanted) => contains(path, wanted)) &&
    passes(query.files, (wanted) => contains(basename(path), wanted));
}

function isUsed({ any, not }: Filter): boolean {
  return any.length > 0 || not.length > 0;
}

function passes({ any, not }: Filter, fits: (wanted: string) => boolean): boolean {
  return (any.length === 0 || any.some(fits)) && !not.some(fits);
}

/** A part of it, or all of it where there is `*` or `?`. */
function contains(text: string, wanted: string): boolean {
  const lower = text.toLowerCase();
  const pattern = wanted.toLowerCase();
  if (!/[*?]/.test(pattern)) return lower.includes(pattern);
  return matchesGlob(lower, pattern) || matchesGlob(lower, `**/${pattern}`);
}
