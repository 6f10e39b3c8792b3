import type { Node, Tree } from 'web-tree-sitter';
import { type Bracket, balance, closerOf, describeBalance, describeMissing } from './brackets.ts';
import type { FaultAt } from './fault.ts';
import { offsetOf } from './source-text.ts';
import type { Misfit } from './tree-sitter.ts';

/** Also such as `${` and Ruby's `%w(`. */
const bracket = /^(?:[^\w\s]{0,2}\w?[([{]|[)\]}])$/;

/**
 * Says in words what is wrong where the parser failed. Like compilers, it is placed after what came
 * before when something is missing at the end of a line, and else at the token that does not fit.
 */
export function explainMisfit(text: string, tree: Tree, misfit: Misfit): FaultAt {
  const before = offsetOf(text, misfit.row, misfit.column);
  const offset = before + (/^\s*/.exec(text.slice(before, before + 10_000))?.[0].length ?? 0);
  const isAtEnd = offset >= text.length;
  const state = balance(text, bracketsBefore(tree, isAtEnd ? text.length : offset));
  const token = tokenAt(text, offset);
  const isOnNextLine = text.slice(before, offset).includes('\n');
  const opener = state.open.at(-1);

  const missing = (bracket: Bracket, at: number) => describeMissing(text, bracket, at);
  if (state.misfit || (isAtEnd && opener)) {
    const described = describeBalance(text, state);
    if (described) return described;
  }
  if (isAtEnd) return { offset: text.trimEnd().length, message: 'Unexpected end of file' };
  if (/^[)\]}]$/.test(token) && opener && closerOf(opener.sign) !== token) {
    return missing(opener, offset);
  }
  if (/^[)\]}]$/.test(token) && !opener) {
    if (state.suspect) return missing(state.suspect, offset);
    return { offset, message: `Unexpected \`${token}\`: nothing is open here` };
  }
  if (isOnNextLine && opener && opener.sign !== '{' && misfit.admits(closerOf(opener.sign))) {
    return missing(opener, before);
  }
  if (isOnNextLine && misfit.admits(';') && !/[;{}]/.test(text[before - 1] ?? ';')) {
    return { offset: before, message: `Missing \`;\` before ${named(token)}` };
  }
  if (/^(?:["'`]|\/\*)/.test(token) && misfit.symbol === 'ERROR') {
    return { offset, message: `${token === '/*' ? 'A comment' : 'A string'} is not closed` };
  }
  return { offset, message: `Unexpected ${named(token)}` };
}

/** What is wrong with the brackets of a text, whatever else it is. */
export function explainUnbalanced(text: string, tree: Tree): FaultAt | undefined {
  return describeBalance(text, balance(text, bracketsBefore(tree, text.length)));
}

/** The first place in a tree that the parser marked as wrong. */
export function firstErrorOffset(tree: Tree): number {
  const cursor = tree.walk();
  try {
    for (;;) {
      const node: Node = cursor.currentNode;
      if (node.isError || node.isMissing) return node.startIndex;
      if (node.hasError && cursor.gotoFirstChild()) continue;
      while (!cursor.gotoNextSibling()) if (!cursor.gotoParent()) return 0;
    }
  } finally {
    cursor.delete();
  }
}

function* bracketsBefore(tree: Tree, end: number): Generator<Bracket> {
  const cursor = tree.walk();
  try {
    for (;;) {
      if (cursor.startIndex >= end) return;
      if (cursor.gotoFirstChild()) continue;
      // One of no length was put there by the parser, to go on.
      if (bracket.test(cursor.nodeType) && cursor.endIndex > cursor.startIndex) {
        yield { sign: cursor.nodeType, offset: cursor.startIndex };
      }
      while (!cursor.gotoNextSibling()) if (!cursor.gotoParent()) return;
    }
  } finally {
    cursor.delete();
  }
}

function tokenAt(text: string, offset: number): string {
  const rest = text.slice(offset, offset + 24);
  return /^(?:[\p{L}\p{N}_$@]+|\/\*|[^\s])/u.exec(rest)?.[0] ?? '';
}

function named(token: string): string {
  return token === '' ? 'end of line' : `\`${token}\``;
}
