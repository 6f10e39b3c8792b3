import { type Bracket, balance, describeBalance } from './brackets.ts';
import { findWrongNeighbours } from './c-neighbours.ts';
import { type Piece, readPieces, type Token, UnclosedText } from './c-tokens.ts';
import type { FaultAt, SyntaxCheck } from './fault.ts';

/**
 * Finds in C and C++ only what no macro can make right. What a file means is known only with all its
 * headers, and half of the files of a kernel are wrong to a parser without them. Certain are:
 * brackets that do not match in any branch of the preprocessor, strings and comments without an end,
 * and neighbours such as `= ;` that no macro's use can bring about.
 */
export const checkC: SyntaxCheck = (text, path) => {
  if (/\.in\.[^/]*$/.test(path)) return { skipped: 'it is a template' };
  if (assembly.test(text)) return { skipped: 'it is assembly' };
  let pieces: Piece[];
  try {
    pieces = [...readPieces(text)];
  } catch (error) {
    if (!(error instanceof UnclosedText)) throw error;
    return { faults: [{ offset: error.offset, message: error.message }] };
  }
  const branches = [takeBranches(pieces, 'first'), takeBranches(pieces, 'last')];
  const neighbours = branches.map(findWrongNeighbours);
  const unbalanced = branches.map((tokens) => findUnbalanced(text, tokens));
  const faults = [neighbours, unbalanced].flatMap((found) =>
    found.every((fault) => fault !== undefined) ? found.slice(0, 1) : [],
  );
  // A wrong neighbour is mostly the cause when brackets do not match either.
  return { faults: faults.slice(0, 1) };
};

/** A header may be meant for an assembler. */
const assembly =
  /^[ \t]*\.(?:macro|endm|text|globl|global|section|pushsection|p2align|asciz|altmacro)\b/m;

/** The tokens with one branch of each `#if`, so that what is opened in both is opened once. */
function takeBranches(pieces: readonly Piece[], wanted: 'first' | 'last'): Token[] {
  const tokens: Token[] = [];
  // Where the branch begins in `tokens`; `undefined`: this branch is not taken.
  const open: { from: number; isTaken: boolean; isSettled: boolean }[] = [];
  let skipping = 0;
  for (const piece of pieces) {
    const branch = open.at(-1);
    if (piece.kind === 'if') {
      const isTaken = skipping === 0 && !piece.isNever;
      open.push({ from: tokens.length, isTaken, isSettled: skipping > 0 });
      if (!isTaken) skipping += 1;
    } else if (piece.kind === 'else') {
      if (!branch || branch.isSettled) continue;
      if (wanted === 'first' && branch.isTaken) {
        branch.isTaken = false;
        branch.isSettled = true;
        skipping += 1;
      } else if (wanted === 'last' && branch.isTaken) {
        tokens.length = branch.from;
      } else {
        branch.isTaken = true;
        skipping -= 1;
      }
    } else if (piece.kind === 'endif') {
      if (branch && !branch.isTaken) skipping -= 1;
      open.pop();
    } else if (skipping === 0 && 'text' in piece) {
      tokens.push(piece);
    }
  }
  return tokens;
}

function findUnbalanced(text: string, tokens: readonly Token[]): FaultAt | undefined {
  const state = balance(text, bracketsOf(tokens));
  const fault = describeBalance(text, state);
  const opener = state.misfit ? state.misfit.opener : state.open.at(-1);
  if (!fault || !opener || opener.sign === '{') return fault;
  // A `)` is missed where the statement ends, not where the next bracket closes.
  const end = tokens.find(({ text, offset }) => offset > opener.offset && text === ';');
  return end && end.offset < fault.offset ? { ...fault, offset: end.offset } : fault;
}

function* bracketsOf(tokens: readonly Token[]): Generator<Bracket> {
  for (const { kind, text, offset } of tokens) {
    if (kind === 'sign' && '()[]{}'.includes(text)) yield { sign: text, offset };
  }
}
