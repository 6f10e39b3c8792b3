/**
 * The rules of a `.dockerignore`, with the semantics of Docker's own matcher, as BuildKit uses it:
 * the classic builder overlooks what a `!` rule that begins with a wildcard would bring back.
 * Matching simulates the pattern as an automaton, in time linear in the path, because the file comes
 * with the project: as a regular expression, a hostile pattern could hold the event loop for minutes.
 */
export interface DockerIgnore {
  /** How many rules there are: the length of what `match` answers. */
  readonly size: number;
  /**
   * Which rules match `path` or one of its parent folders (a match of a folder holds for all in
   * it), and whether the path is left out. `parent` is the answer for the parent folder.
   */
  match(path: string, parent: IgnoreMatch | null): IgnoreMatch;
  /** Whether a `!` rule could bring back something inside of this folder, which is left out. */
  mayRestoreInside(folder: string): boolean;
}

export interface IgnoreMatch {
  ignored: boolean;
  rules: Uint8Array;
}

type Token =
  | { kind: 'character'; code: number }
  | { kind: 'one' }
  | { kind: 'class'; negated: boolean; ranges: [number, number][] }
  | { kind: 'segment' }
  | { kind: 'folders' }
  | { kind: 'rest' };

interface Rule {
  restores: boolean;
  tokens: Token[];
  /** Whether the whole path matches. */
  matches: (path: string) => boolean;
}

const slash = 47;

/** Throws an `Error` that names the line whose pattern is malformed. */
export function parseDockerIgnore(text: string): DockerIgnore {
  const rules: Rule[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    if (line.startsWith('#') || trimmed === '') continue;
    const restores = trimmed.startsWith('!');
    const pattern = cleanPattern(restores ? trimmed.slice(1).trim() : trimmed);
    const tokens = pattern === '' ? null : tokenize(pattern);
    if (tokens === null) {
      throw new Error(`line ${index + 1} of .dockerignore is not a valid pattern: ${trimmed}`);
    }
    rules.push({ restores, tokens, matches: matcherOf(tokens) });
  }
  return {
    size: rules.length,
    match: (path, parent) => matchRules(rules, path, parent),
    mayRestoreInside: (folder) =>
      rules.some((rule) => rule.restores && simulate(rule.tokens, `${folder}/`) !== 'dead'),
  };
}

/**
 * A rule that would change nothing for a folder isn't asked, and so doesn't hold for what is in it:
 * after `a/b`, `!a` does not bring back `a/b`. So does Docker.
 */
function matchRules(rules: Rule[], path: string, parent: IgnoreMatch | null): IgnoreMatch {
  const matches = new Uint8Array(rules.length);
  let ignored = false;
  for (const [index, rule] of rules.entries()) {
    const inherited = parent?.rules[index] === 1;
    if (!inherited && (rule.restores !== ignored || !rule.matches(path))) continue;
    matches[index] = 1;
    ignored = !rule.restores;
  }
  return { ignored, rules: matches };
}

/** Plain names, at the top or at any depth, are what most rules are: those are compared as text. */
function matcherOf(tokens: Token[]): Rule['matches'] {
  const anywhere = tokens[0]?.kind === 'folders';
  const plain = tokens.slice(anywhere ? 1 : 0);
  if (!plain.every((token) => token.kind === 'character')) {
    return (path) => simulate(tokens, path) === 'match';
  }
  const text = plain.map((token) => String.fromCodePoint(token.code)).join('');
  if (!anywhere) return (path) => path === text;
  return (path) => path.endsWith(text) && (path === text || path.at(-text.length - 1) === '/');
}

/** As Go's `filepath.Clean`, then without the leading slash: rules are relative to the project. */
function cleanPattern(pattern: string): string {
  if (pattern === '') return '';
  const parts: string[] = [];
  const absolute = pattern.startsWith('/');
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!absolute) parts.push(part);
  }
  return parts.join('/') || '.';
}

/** `null` when the pattern is malformed. */
function tokenize(pattern: string): Token[] | null {
  const characters = Array.from(pattern);
  const tokens: Token[] = [];
  // Docker compares `**` and plain text as a suffix, so that `**.log` also matches `a.log`.
  const suffix = /^\*\*[^*?[\]\\/][^*?[\]\\]*$/u.test(pattern);
  let index = 0;
  while (index < characters.length) {
    const character = characters[index] ?? '';
    index += 1;
    if (character === '*' && characters[index] === '*') {
      index += 1;
      if (characters[index] === '/') index += 1;
      const open = suffix || index >= characters.length;
      tokens.push({ kind: open ? 'rest' : 'folders' });
    } else if (character === '*') {
      tokens.push({ kind: 'segment' });
    } else if (character === '?') {
      tokens.push({ kind: 'one' });
    } else if (character === '[') {
      const parsed = parseClass(characters, index);
      if (parsed === null) return null;
      tokens.push(parsed.token);
      index = parsed.next;
    } else {
      const literal = character === '\\' ? characters[index++] : character;
      if (literal === undefined) return null;
      tokens.push({ kind: 'character', code: codeOf(literal) });
    }
  }
  return tokens;
}

function parseClass(characters: string[], from: number): { token: Token; next: number } | null {
  let index = from;
  const negated = characters[index] === '^';
  if (negated) index += 1;
  const ranges: [number, number][] = [];
  const bound = (): number | null => {
    let character = characters[index++];
    if (character === undefined || character === '-' || character === ']') return null;
    if (character === '\\') character = characters[index++];
    return character === undefined ? null : codeOf(character);
  };
  while (ranges.length === 0 || characters[index] !== ']') {
    const low = bound();
    if (low === null) return null;
    let high: number | null = low;
    if (characters[index] === '-') {
      index += 1;
      high = bound();
    }
    if (high === null) return null;
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', negated, ranges }, next: index + 1 };
}

/**
 * Runs the automaton over the whole text: `match`, `dead` when no longer text could match either,
 * or `open`. State `2i` stands before token i, `2i + 1` inside of a `folders` that has begun.
 */
function simulate(tokens: Token[], text: string): 'match' | 'open' | 'dead' {
  const end = tokens.length * 2;
  let states = new Set<number>();
  enter(tokens, 0, states);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) index += 1;
    const next = new Set<number>();
    for (const state of states) advance(tokens, state, code, next);
    if (next.size === 0) return 'dead';
    states = next;
  }
  return states.has(end) ? 'match' : 'open';
}

/** Adds the state before token `index`, and those behind the tokens that may match nothing. */
function enter(tokens: Token[], index: number, states: Set<number>): void {
  for (let at = index; ; at += 1) {
    states.add(at * 2);
    const kind = tokens[at]?.kind;
    if (kind !== 'segment' && kind !== 'folders' && kind !== 'rest') return;
  }
}

function advance(tokens: Token[], state: number, code: number, next: Set<number>): void {
  const index = state >> 1;
  const token = tokens[index];
  if (token === undefined) return;
  switch (token.kind) {
    case 'character':
      if (token.code === code) enter(tokens, index + 1, next);
      return;
    case 'one':
      if (code !== slash) enter(tokens, index + 1, next);
      return;
    case 'class':
      if (token.ranges.some(([low, high]) => code >= low && code <= high) !== token.negated) {
        enter(tokens, index + 1, next);
      }
      return;
    case 'segment':
      if (code !== slash) enter(tokens, index, next);
      return;
    case 'rest':
      enter(tokens, index, next);
      return;
    case 'folders':
      next.add(index * 2 + 1);
      if (code === slash) enter(tokens, index + 1, next);
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
