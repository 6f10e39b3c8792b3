import type { SearchedProject } from '../code-engine.ts';
import type { Filter, ParsedQuery } from '../query/parsed-query.ts';
import { repositoryNames } from './repositories.ts';

/** A longer list of repositories is not sent: what others hold is then left out of the answer. */
const mostRepositoryText = 50_000;
/** Without weight for who asks in sentences, and in nearly every file. */
const fillers = new Set(
  'a an and are as be by do does for from how i if in is it of on or that the this to we what when where which who why with'.split(
    ' ',
  ),
);

/**
 * What was asked for in the language of Zoekt; `null` when there is nothing to be found in a file.
 * A file must have one of the words and all that is in quotes or slashes. Everything is quoted and
 * has its field, so that nothing of it is taken for an operator.
 */
export function zoektQuery(
  query: ParsedQuery,
  projects: readonly SearchedProject[],
): string | null {
  const contents = [
    ...anyOf(tellingWords(query.words).map((word) => field('content', escapeRegex(word)))),
    ...query.literals.map((literal) => field('content', escapeRegex(literal))),
    ...query.regexes.map((regex) => field('content', regex)),
  ];
  if (contents.length === 0) return null;
  return [
    ...contents,
    ...filtered('lang', query.languages, (language) => language),
    ...filtered('file', query.paths, pathPattern),
    ...filtered('file', query.files, filePattern),
    ...repositories(projects),
    `case:${query.caseSensitive ? 'yes' : 'no'}`,
  ].join(' ');
}

/** Of a question the words that say what it is about. */
export function tellingWords(words: readonly string[]): readonly string[] {
  const telling = words.filter((word) => !fillers.has(word.toLowerCase()));
  return telling.length > 0 ? telling : words;
}

function filtered(name: string, { any, not }: Filter, patternOf: (value: string) => string) {
  return [
    ...anyOf(any.map((value) => field(name, patternOf(value)))),
    ...not.map((value) => `-${field(name, patternOf(value))}`),
  ];
}

/** A group must have a space in it, or its parentheses are taken for those of a pattern. */
function anyOf(parts: readonly string[]): string[] {
  if (parts.length < 2) return [...parts];
  return [`(${parts.join(' or ')})`];
}

function repositories(projects: readonly SearchedProject[]): string[] {
  const names = [...new Set(projects.flatMap(repositoryNames))].map(escapeRegex);
  const pattern = `^(?:.*/)?(?:${names.join('|')})$`;
  return pattern.length > mostRepositoryText ? [] : [field('repo', pattern)];
}

/** A part of the path; `*` stands for anything within a folder, `**` for anything. */
function pathPattern(path: string): string {
  return globPattern(path);
}

/** A part of the file's own name, or the whole of it where there is a `*`. */
function filePattern(file: string): string {
  return file.includes('*') || file.includes('?')
    ? `(?:^|/)${globPattern(file)}$`
    : `${globPattern(file)}[^/]*$`;
}

function globPattern(glob: string): string {
  return glob
    .split(/(\*\*\/?|\*|\?)/)
    .map((part) => {
      if (part.startsWith('**')) return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : escapeRegex(part);
    })
    .join('');
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Within the quotes of Zoekt a backslash takes the next character as it is. */
function field(name: string, value: string): string {
  return `${name}:"${value.replace(/[\\"]/g, '\\$&')}"`;
}
