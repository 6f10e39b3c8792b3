import type { FaultAt } from './fault.ts';
import { createLocator } from './source-text.ts';

/** A bracket in a text. */
export interface Bracket {
  sign: string;
  offset: number;
}

export interface Balance {
  /** What is open at the end, outermost first. */
  open: Bracket[];
  /** The one that lacks its closing sign, as far as the indentation tells. */
  suspect: Bracket | undefined;
  /** The first closing sign that does not fit, and what is open there, if anything. */
  misfit: { closer: Bracket; opener: Bracket | undefined } | undefined;
}

const closers: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

export function closerOf(opener: string): string {
  return closers[opener.at(-1) ?? ''] ?? '';
}

/** Matches the brackets of a text in their order, up to the first that does not fit. */
export function balance(text: string, brackets: Iterable<Bracket>): Balance {
  const open: Bracket[] = [];
  let suspect: Bracket | undefined;
  for (const bracket of brackets) {
    if (closerOf(bracket.sign)) {
      open.push(bracket);
      continue;
    }
    const opener = open.at(-1);
    if (!opener || closerOf(opener.sign) !== bracket.sign) {
      return { open, suspect, misfit: { closer: bracket, opener } };
    }
    open.pop();
    // A closing sign further left than the line of what it closes was meant for something outside.
    if (!suspect && bracket.sign === '}' && isFirstOnLine(text, bracket.offset)) {
      if (indentOf(text, bracket.offset) < indentOf(text, opener.offset)) suspect = opener;
    }
  }
  return { open, suspect, misfit: undefined };
}

function indentOf(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at - start;
}

/** Whether there is only white space before it on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return text.lastIndexOf('\n', offset - 1) + 1 + indentOf(text, offset) === offset;
}

/** What is wrong with the brackets in words; `undefined`: they match. */
export function describeBalance(
  text: string,
  { open, suspect, misfit }: Balance,
): FaultAt | undefined {
  if (misfit) {
    const { closer, opener } = misfit;
    if (opener) return describeMissing(text, opener, closer.offset);
    if (suspect) return describeMissing(text, suspect, closer.offset);
    return {
      offset: closer.offset,
      message: `Unexpected \`${closer.sign}\`: nothing is open here`,
    };
  }
  const unclosed = open.at(-1);
  return unclosed && describeMissing(text, suspect ?? unclosed, text.trimEnd().length);
}

export function describeMissing(text: string, { sign, offset: opened }: Bracket, offset: number) {
  const { line } = createLocator(text)(opened);
  const message = `Missing \`${closerOf(sign)}\` to close \`${sign}\` on line ${line}`;
  return { offset, message };
}
