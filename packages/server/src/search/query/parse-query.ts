import { AppError } from '../../errors.ts';
import type { Filter, ParsedQuery } from './parsed-query.ts';

/** A pattern that is longer is refused: what it costs grows with it. */
const longestPattern = 1_000;
/** So many quoted texts, patterns, filters and words of each kind at most. */
const mostOfEach = 32;
const mostWords = 200;
const opening: Record<string, string> = { '"': '"', '“': '”', '„': '“', '«': '»' };

/**
 * Takes apart what a person typed: words, `"as it is"`, `/pattern/`, and `lang:`, `path:`, `file:`,
 * `project:`, `case:yes`, `-word`. Whatever is not one of these is a word: nothing is refused for its form.
 * @throws AppError VALIDATION_FAILED for a pattern that is none, or is too long
 */
export function parseQuery(text: string): ParsedQuery {
  const query: ParsedQuery = {
    text,
    words: [],
    literals: [],
    regexes: [],
    notWords: [],
    languages: emptyFilter(),
    paths: emptyFilter(),
    files: emptyFilter(),
    projects: emptyFilter(),
    caseSensitive: false,
  };
  for (const token of tokensOf(text.replaceAll('\0', ' '))) take(query, token);
  for (const list of [query.words, query.notWords]) list.splice(mostWords);
  for (const list of [query.literals, query.regexes, ...filterLists(query)])
    list.splice(mostOfEach);
  return query;
}

interface Token {
  kind: 'plain' | 'literal' | 'regex';
  text: string;
}

function* tokensOf(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const sign = text[at] ?? '';
    if (/\s/.test(sign)) {
      at += 1;
      continue;
    }
    const closing = opening[sign];
    const quoted = closing === undefined ? undefined : until(text, at + 1, closing, false);
    if (quoted) {
      if (quoted.content !== '') yield { kind: 'literal', text: quoted.content };
      at = quoted.end;
      continue;
    }
    const pattern = sign === '/' ? until(text, at + 1, '/', true) : undefined;
    if (pattern && pattern.content !== '') {
      yield { kind: 'regex', text: pattern.content };
      at = pattern.end;
      continue;
    }
    const [word = sign] = /^(?:-?\w+:(?:"[^"]*"|\S*)|\S+)/.exec(text.slice(at, at + 4_096)) ?? [];
    yield { kind: 'plain', text: word };
    at += word.length;
  }
}

/** What stands before the sign that closes; a backslash takes its meaning away. */
function until(
  text: string,
  from: number,
  closing: string,
  isPattern: boolean,
): { content: string; end: number } | undefined {
  let content = '';
  for (let at = from; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    // A path such as /usr/lib is no pattern: behind one is a space or the end.
    if (sign === closing && (!isPattern || /^(?:\s|$)/.test(text.slice(at + 1, at + 2)))) {
      return { content, end: at + 1 };
    }
    if (sign === '\\' && at + 1 < text.length) {
      const next = text[at + 1] ?? '';
      const isEscaped = next === closing || (!isPattern && next === '\\');
      content += isEscaped ? next : sign + next;
      at += 1;
    } else content += sign;
  }
  return undefined;
}

function take(query: ParsedQuery, { kind, text }: Token): void {
  if (kind === 'literal') query.literals.push(text);
  else if (kind === 'regex') query.regexes.push(validPattern(text));
  else takePlain(query, text);
}

function takePlain(query: ParsedQuery, text: string): void {
  const [, minus, name = '', quoted] = /^(-?)(\w+):(.+)$/.exec(text) ?? [];
  const value = quoted?.replace(/^"(.*)"$/, '$1') ?? '';
  const filter = filterNamed(query, name.toLowerCase());
  if (filter && value !== '') {
    filter[minus ? 'not' : 'any'].push(...value.split(',').filter((one) => one !== ''));
  } else if (name.toLowerCase() === 'case' && value !== '') {
    query.caseSensitive = /^(?:yes|true|on|1)$/i.test(value);
  } else if (/^-[^\s-]/.test(text)) {
    query.notWords.push(text.slice(1));
  } else query.words.push(text);
}

function filterNamed(query: ParsedQuery, name: string): Filter | undefined {
  if (name === 'lang' || name === 'language') return query.languages;
  if (name === 'path') return query.paths;
  if (name === 'file') return query.files;
  return name === 'project' ? query.projects : undefined;
}

function validPattern(pattern: string): string {
  if (pattern.length > longestPattern) {
    throw new AppError(
      'VALIDATION_FAILED',
      `A pattern may have ${longestPattern} characters, and this one has ${pattern.length}. Search for a part of it`,
    );
  }
  try {
    compilePattern(pattern, false);
  } catch (error) {
    const why =
      error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '';
    throw new AppError(
      'VALIDATION_FAILED',
      `/${pattern}/ is no regular expression: ${why}. To search for it as it is, put it in quotes`,
    );
  }
  return pattern;
}

/** As JavaScript understands it. It may take for ever: only for a thread that can be ended. */
export function compilePattern(pattern: string, caseSensitive: boolean): RegExp {
  const flags = caseSensitive ? 'g' : 'gi';
  try {
    return new RegExp(pattern, `${flags}u`);
  } catch {
    return new RegExp(pattern, flags);
  }
}

function emptyFilter(): Filter {
  return { any: [], not: [] };
}

function filterLists({ languages, paths, files, projects }: ParsedQuery): string[][] {
  return [languages, paths, files, projects].flatMap(({ any, not }) => [any, not]);
}
