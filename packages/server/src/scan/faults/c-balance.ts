import { type Bracket, balance, describeBalance } from './brackets.ts';
import { separateBranches } from './c-branches.ts';
import { findLoneBraces } from './c-reader.ts';
import type { Piece, Token } from './c-tokens.ts';
import type { FaultAt } from './fault.ts';

/**
 * The brackets of one branch that do not match, when those of all the others do. Where they do not
 * in several, one opens what another closes.
 */
export function findUnbalancedBranch(text: string, pieces: readonly Piece[]): FaultAt | undefined {
  const uneven = separateBranches(pieces).filter(isUneven);
  const found = uneven.flatMap((tokens) => findUnbalanced(text, tokens) ?? []);
  return found.length === 1 ? found[0] : undefined;
}

/** Whether more is opened than closed, or less. A branch may be `} else {`. */
function isUneven(tokens: readonly Token[]): boolean {
  let sum = 0;
  for (const { sign } of bracketsOf(tokens)) sum += weights[sign] ?? 0;
  return sum !== 0;
}

// Brackets of two kinds do not make up for each other.
const weights: Record<string, number> = {
  '(': 1,
  ')': -1,
  '[': 1e3,
  ']': -1e3,
  '{': 1e6,
  '}': -1e6,
};

/** What is wrong with the brackets of these tokens, read in their order. */
export function findUnbalanced(text: string, tokens: readonly Token[]): FaultAt | undefined {
  const state = balance(text, bracketsOf(tokens));
  const fault = describeBalance(text, state);
  const opener = state.misfit ? state.misfit.opener : state.open.at(-1);
  if (!fault || !opener || opener.sign === '{') return fault;
  // A `)` is missed where the statement ends, not where the next bracket closes.
  const end = tokens.find(({ text, offset }) => offset > opener.offset && text === ';');
  return end && end.offset < fault.offset ? { ...fault, offset: end.offset } : fault;
}

function* bracketsOf(tokens: readonly Token[]): Generator<Bracket> {
  const lone = findLoneBraces(tokens);
  for (const [index, { kind, text, offset }] of tokens.entries()) {
    if (kind !== 'sign' || !'()[]{}'.includes(text) || lone.has(index)) continue;
    yield { sign: text, offset };
  }
}
