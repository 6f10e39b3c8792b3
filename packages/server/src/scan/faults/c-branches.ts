import type { Piece, Token } from './c-tokens.ts';

/** The tokens with one branch of each `#if`, so that what is opened in several is opened once. */
export function takeBranches(
  pieces: readonly Piece[],
  wanted: 'first' | 'second' | 'last',
): Token[] {
  const tokens: Token[] = [];
  // Where the branch begins in `tokens`; `isTaken`: this branch is read.
  const open: { from: number; isTaken: boolean; hasMoved: boolean; isSettled: boolean }[] = [];
  let skipping = 0;
  for (const piece of pieces) {
    const branch = open.at(-1);
    if (piece.kind === 'if') {
      const isTaken = skipping === 0 && !piece.isNever;
      open.push({ from: tokens.length, isTaken, hasMoved: false, isSettled: skipping > 0 });
      if (!isTaken) skipping += 1;
    } else if (piece.kind === 'else') {
      if (!branch || branch.isSettled) continue;
      if (branch.isTaken && (wanted === 'first' || (wanted === 'second' && branch.hasMoved))) {
        branch.isTaken = false;
        branch.isSettled = true;
        skipping += 1;
      } else if (branch.isTaken) {
        tokens.length = branch.from;
        branch.hasMoved = true;
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

/** The tokens of each branch by themselves, without those of the branches within. */
export function separateBranches(pieces: readonly Piece[]): Token[][] {
  const all: Token[][] = [[]];
  const open: { tokens: Token[]; isNever: boolean }[] = [{ tokens: all[0] ?? [], isNever: false }];
  const enter = (isNever: boolean): void => {
    const tokens: Token[] = [];
    const isWithin = isNever || open.at(-1)?.isNever === true;
    if (!isWithin) all.push(tokens);
    open.push({ tokens, isNever: isWithin });
  };
  for (const piece of pieces) {
    if (piece.kind === 'if') enter(piece.isNever);
    else if (piece.kind === 'else') {
      if (open.length > 1) open.pop();
      enter(false);
    } else if (piece.kind === 'endif') {
      if (open.length > 1) open.pop();
    } else if ('text' in piece) open.at(-1)?.tokens.push(piece);
  }
  return all;
}
