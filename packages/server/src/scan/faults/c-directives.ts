import { isFirstOnLine } from './brackets.ts';
import type { Piece, Token } from './c-tokens.ts';
import type { FaultAt } from './fault.ts';

/** Directives that are none, lack their `#`, or do not match. */
export function findStrayDirective(text: string, pieces: readonly Piece[]): FaultAt | undefined {
  let depth = 0;
  /** At which depth what is never read began. */
  let never = 0;
  let unfinished: FaultAt | undefined;
  for (const [index, piece] of pieces.entries()) {
    const { kind, offset } = piece;
    if (kind === 'if') {
      depth += 1;
      if (piece.isNever && never === 0) never = depth;
      unfinished = { offset, message: '`#if` without an `#endif`' };
    }
    if (kind === 'else' && depth === 0) return { offset, message: '`#else` without an `#if`' };
    if (kind === 'endif') {
      if (depth === 0) return { offset, message: '`#endif` without an `#if`' };
      depth -= 1;
    }
    if (kind !== 'if' && depth <= never && (kind === 'else' || depth < never)) never = 0;
    if (!('text' in piece) || never > 0) continue;
    if (isCommentWithout(text, piece, pieces, index)) {
      return { offset, message: `Unexpected \`${piece.text}\`: is this a comment?` };
    }
    if (piece.isDirective) {
      return { offset, message: `There is no directive \`${piece.text}\`` };
    }
    const next = pieces[index + 1];
    if (next && 'text' in next && isWithoutHash(text, piece, next, pieces[index + 2])) {
      return { offset, message: `Missing \`#\` before \`${piece.text}\`` };
    }
  }
  return depth > 0 ? unfinished : undefined;
}

function isWithoutHash(text: string, piece: Token, next: Token, third: Piece | undefined): boolean {
  if (!hashed.has(piece.text) || !isFirstOnLine(text, piece.offset)) return false;
  if (text.slice(piece.offset, next.offset).includes('\n')) return false;
  if (piece.text !== 'include') return next.kind === 'word';
  if (next.kind === 'string') return true;
  return next.text === '<' && third !== undefined && 'text' in third && third.kind === 'word';
}

const hashed = new Set(['include', 'define', 'undef', 'ifdef', 'ifndef', 'elif']);

/** `/ a comment` or `* a comment`, where a statement begins. */
function isCommentWithout(
  text: string,
  token: Token,
  pieces: readonly Piece[],
  index: number,
): boolean {
  if (token.kind !== 'sign' || (token.text !== '/' && token.text !== '*')) return false;
  const before = pieces[index - 1];
  const isFirst = !before || !('text' in before);
  if (!isFirst && !(before.kind === 'sign' && ';{}'.includes(before.text))) return false;
  if (!isFirstOnLine(text, token.offset)) return false;
  if (token.text === '/') return true;
  const words = [1, 2, 3].filter((distance) => pieces[index + distance]?.kind === 'word').length;
  return words === 3 || (words > 1 && index === 0);
}
