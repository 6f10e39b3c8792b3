import type { Chunk, FoundDefinition } from './chunk.ts';
import type { Candidate, DefinitionRules } from './definition-rules.ts';

/** A longer definition is several chunks. */
const mostLines = 60;
/** In what is no definition, a blank line near the end is a better place to part. */
const leastLines = 30;
const longestLine = 500;
/** So many comments and decorators at most belong to the definition below them. */
const mostLeading = 40;

interface Look {
  indent: number;
  text: string;
  isCloser: boolean;
}

interface Open {
  definition: FoundDefinition;
  indent: number;
}

/**
 * Splits a file into its definitions, by the look of its lines: fast, and right for code that is
 * indented as usual. Each line is in one chunk; that of a definition within another is in the inner one.
 */
export function splitChunks(lines: readonly string[], rules: DefinitionRules): Chunk[] {
  const owners = ownersOf(lines, rules);
  const chunks: Chunk[] = [];
  let start = 0;
  while (start < lines.length) {
    const owner = owners[start] ?? null;
    let end = start + 1;
    while (end < lines.length && owners[end] === owner && end - start < mostLines) end += 1;
    if (owner === null && end - start === mostLines) end = niceEnd(lines, start, end);
    chunks.push({ start: start + 1, end, definition: owner });
    start = end;
  }
  return chunks;
}

function niceEnd(lines: readonly string[], start: number, end: number): number {
  for (let at = end - 1; at > start + leastLines; at -= 1) {
    if (lines[at]?.trim() === '') return at + 1;
  }
  return end;
}

/** In which definition each line lies. */
function ownersOf(lines: readonly string[], rules: DefinitionRules): (FoundDefinition | null)[] {
  const owners: (FoundDefinition | null)[] = new Array(lines.length).fill(null);
  const stack: Open[] = [];
  let lastFilled = 0;

  const close = (until: number) => {
    const open = stack.pop();
    if (open) open.definition.endLine = Math.max(until, open.definition.line);
  };

  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const indent = indentOf(line);
    if (indent === -1) {
      owners[index] = stack.at(-1)?.definition ?? null;
      continue;
    }
    const text = line.length > longestLine ? line.slice(0, longestLine).trim() : line.trim();
    const isCloser = rules.shape === 'braces' && closes(text);
    const seen =
      stack.length > 0 ? lookPast(lines, index, { indent, text, isCloser }, rules) : null;
    for (let open = stack.at(-1); seen && open && ends(open, seen, rules); open = stack.at(-1)) {
      // The line that closes it is its last; what follows belongs outside.
      if (isCloser && indent === open.indent) {
        owners[index] = open.definition;
        close(index + 1);
        break;
      }
      close(lastFilled);
    }
    const isLastOfOne = owners[index] !== null;
    const found = isLastOfOne
      ? undefined
      : recognise(lines, index, { text, indent, inside: stack.at(-1), rules });
    if (found) {
      while (rules.shape === 'outline' && stack.length > 0) close(index);
      stack.push({ definition: found, indent });
      const first = firstLeading(lines, index, rules, owners, stack.at(-2)?.definition ?? null);
      owners.fill(found, first, index + 1);
      if (isWhole(text, rules, lines[index + 1], indent)) close(index + 1);
    } else if (!isLastOfOne) {
      owners[index] = stack.at(-1)?.definition ?? null;
    }
    lastFilled = index + 1;
  }
  while (stack.length > 0) close(lastFilled);
  return owners;
}

/** Whether a line is behind the end of a definition that is open. */
function ends(open: Open, line: Look, rules: DefinitionRules): boolean {
  const { indent, text, isCloser } = line;
  if (rules.shape === 'outline' || indent > open.indent) return false;
  // The head may go on: `) -> int:`, `): string {`, and `{` on a line of its own.
  if (indent === open.indent && /^[)\]>{]/.test(text)) return false;
  // `} else {` at its indentation is not its end.
  return !(isCloser && indent === open.indent && /^\}\s*(?:else|catch|finally|while)\b/.test(text));
}

/**
 * Comments, preprocessor lines and labels stand at the margin wherever they are: the line after them
 * says whether a definition goes on.
 */
function lookPast(
  lines: readonly string[],
  index: number,
  look: Look,
  rules: DefinitionRules,
): Look {
  let next = look;
  for (let at = index + 1; at < index + mostLeading && isLoose(next.text, rules); at += 1) {
    const line = lines[at];
    if (line === undefined) break;
    const indent = indentOf(line);
    if (indent === -1) continue;
    const text = line.trim();
    next = { indent, text, isCloser: rules.shape === 'braces' && closes(text) };
  }
  if (next.isCloser && next !== look) return { indent: next.indent + 1, text: '', isCloser: false };
  return next === look ? look : { ...next, isCloser: false };
}

function isLoose(text: string, rules: DefinitionRules): boolean {
  if (rules.shape === 'outline') return false;
  return /^(?:#|\/\/|\/\*|\*)/.test(text) || (rules.shape === 'braces' && /^\w+:$/.test(text));
}

function closes(text: string): boolean {
  return text.charCodeAt(0) === 0x7d || /^(?:end\b|fi$|done$|esac$)/.test(text);
}

/** Whether the definition is this line alone. */
function isWhole(
  text: string,
  rules: DefinitionRules,
  next: string | undefined,
  indent: number,
): boolean {
  if (rules.shape !== 'braces') return false;
  if (/\}[;,)]*\s*(?:\/\/.*)?$/.test(text) && text.includes('{')) return true;
  if (!/;\s*$/.test(text)) return false;
  return next === undefined || indentOf(next) <= indent;
}

function recognise(
  lines: readonly string[],
  index: number,
  {
    text,
    indent,
    inside,
    rules,
  }: { text: string; indent: number; inside: Open | undefined; rules: DefinitionRules },
): FoundDefinition | undefined {
  const candidate: Candidate = {
    text,
    indent,
    inside: inside?.definition.kind,
    next: (distance) => lines[index + distance],
  };
  const found = rules.recognise(candidate);
  return found && { ...found, line: index + 1, endLine: index + 1 };
}

/** The first of the comments and decorators directly above. */
function firstLeading(
  lines: readonly string[],
  index: number,
  rules: DefinitionRules,
  owners: readonly (FoundDefinition | null)[],
  outer: FoundDefinition | null,
): number {
  let first = index;
  while (first > 0 && index - first < mostLeading) {
    const above = lines[first - 1] ?? '';
    if (!rules.leading.test(above.trimStart()) || owners[first - 1] !== outer) break;
    if (outer && first === outer.line) break;
    first -= 1;
  }
  return first;
}

/** -1: a blank line. */
function indentOf(line: string): number {
  let indent = 0;
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === 0x20) indent += 1;
    else if (code === 0x09) indent += 4;
    else return code === 0x0d ? -1 : indent;
  }
  return -1;
}
