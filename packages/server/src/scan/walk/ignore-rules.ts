import { compileGlob, type Glob, literalLength, lowerAscii, matchesGlob } from './glob.ts';

/** A path cannot be longer, so no pattern need be. */
const longestPattern = 4_096;

/** The patterns of one file, see gitignore(5). */
export interface IgnoreRules {
  /**
   * What the last pattern that matches says: `true` is ignored, `false` taken in again by a `!`,
   * `undefined` that none matches.
   *
   * @param path in bytes (latin1), in small letters if the rules ignore case
   * @param base where in it begins what is relative to the folder of the rules
   * @param nameAt where its last part begins
   * @param onWork called again and again, may throw to end what takes too long
   */
  verdict(
    path: string,
    base: number,
    nameAt: number,
    isDirectory: boolean,
    onWork: () => void,
  ): boolean | undefined;
}

interface Rule {
  /** Later ones win. */
  order: number;
  ignores: boolean;
  onlyDirectories: boolean;
  /** Against the last part of the path only, at any depth. */
  onlyName: boolean;
  /** What the path, or its last part, begins with; the whole of it where `rest` is undefined. */
  literal: string;
  rest: Glob | undefined;
}

/** @returns `undefined` if there is no pattern in it. */
export function parseIgnoreRules(text: Buffer, ignoreCase = false): IgnoreRules | undefined {
  const names = new Map<string, Rule[]>();
  const extensions = new Map<string, Rule[]>();
  const others: Rule[] = [];
  let order = 0;
  for (const line of linesOf(text)) {
    const rule = parseRule(line, order, ignoreCase);
    if (!rule) continue;
    order += 1;
    const extension = extensionOf(line, rule, ignoreCase);
    if (extension !== undefined) {
      append(extensions, extension, rule);
    } else if (!rule.rest) {
      append(names, rule.literal.slice(rule.literal.lastIndexOf('/') + 1), rule);
    } else {
      others.push(rule);
    }
  }
  if (order === 0) return undefined;
  others.reverse();

  return {
    verdict(path, base, nameAt, isDirectory, onWork) {
      let best: Rule | undefined;
      for (const rule of names.get(path.slice(nameAt)) ?? []) {
        if (rule.onlyDirectories && !isDirectory) continue;
        const isMatch =
          rule.onlyName ||
          (path.length - base === rule.literal.length && path.endsWith(rule.literal));
        if (isMatch) best = rule;
      }
      if (extensions.size > 0) {
        const dot = path.lastIndexOf('.');
        for (const rule of (dot >= nameAt && extensions.get(path.slice(dot))) || []) {
          if (rule.onlyDirectories && !isDirectory) continue;
          if (!best || rule.order > best.order) best = rule;
        }
      }
      for (const rule of others) {
        if (best && rule.order < best.order) break;
        if (rule.onlyDirectories && !isDirectory) continue;
        onWork();
        const from = rule.onlyName ? nameAt : base;
        if (!path.startsWith(rule.literal, from)) continue;
        if (matchesGlob(rule.rest as Glob, path, from + rule.literal.length, onWork)) {
          best = rule;
          break;
        }
      }
      return best?.ignores;
    },
  };
}

function append(map: Map<string, Rule[]>, key: string, rule: Rule): void {
  const rules = map.get(key);
  if (rules) rules.push(rule);
  else map.set(key, [rule]);
}

/** As git cuts a file into patterns: BOM, comments, CRLF and trailing spaces are none of them. */
function* linesOf(text: Buffer): Iterable<string> {
  const start = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0;
  for (const line of text.toString('latin1', start).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line.endsWith('\r') ? line.slice(0, -1) : line;
    // git reads it as a C string.
    const end = pattern.indexOf('\0');
    yield withoutTrailingSpaces(end < 0 ? pattern : pattern.slice(0, end));
  }
}

/** A space behind a backslash stays. */
function withoutTrailingSpaces(pattern: string): string {
  if (!pattern.endsWith(' ')) return pattern;
  let end = pattern.length;
  while (pattern[end - 1] === ' ') end -= 1;
  let backslashes = 0;
  while (pattern[end - 1 - backslashes] === '\\') backslashes += 1;
  return pattern.slice(0, backslashes % 2 === 1 ? end + 1 : end);
}

function parseRule(line: string, order: number, ignoreCase: boolean): Rule | undefined {
  const isNegated = line.startsWith('!');
  let pattern = isNegated ? line.slice(1) : line;
  const onlyDirectories = pattern.endsWith('/');
  if (onlyDirectories) pattern = pattern.slice(0, -1);
  const onlyName = !pattern.includes('/');
  if (pattern.startsWith('/')) pattern = pattern.slice(1);
  if (pattern === '' || pattern.length > longestPattern) return undefined;
  // Like git, which compares what is literal first and matches the rest as a pattern of its own:
  // so the `**` of `a/b**/c` stands at a start, and goes over slashes.
  const length = literalLength(pattern);
  const literal = pattern.slice(0, length);
  const rest = length < pattern.length ? compileGlob(pattern.slice(length), ignoreCase) : undefined;
  if (length < pattern.length && !rest) return undefined;
  return {
    order,
    ignores: !isNegated,
    onlyDirectories,
    onlyName,
    literal: ignoreCase ? lowerAscii(literal) : literal,
    rest,
  };
}

/** `.log` of `*.log`, by far the most frequent patterns: found by the end of a name. */
function extensionOf(line: string, rule: Rule, ignoreCase: boolean): string | undefined {
  if (!rule.onlyName) return undefined;
  const extension = /^!?\*(\.[^.*?[\]\\/]+)\/?$/.exec(line)?.[1];
  return extension !== undefined && ignoreCase ? lowerAscii(extension) : extension;
}

/** The rules that hold in a folder: its own, then those of the folders above it. */
export interface IgnoreLevel {
  readonly rules: IgnoreRules;
  /** How long the path of the folder of the rules is, with its slash. */
  readonly base: number;
  readonly above: IgnoreLevel | undefined;
}

/** Whether the nearest rules that say anything about a path say that it is ignored. */
export function isIgnored(
  level: IgnoreLevel | undefined,
  path: string,
  nameAt: number,
  isDirectory: boolean,
  onWork: () => void,
): boolean {
  for (let at = level; at; at = at.above) {
    const verdict = at.rules.verdict(path, at.base, nameAt, isDirectory, onWork);
    if (verdict !== undefined) return verdict;
  }
  return false;
}
