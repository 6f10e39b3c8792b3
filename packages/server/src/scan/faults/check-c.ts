import { findUnbalanced, findUnbalancedBranch } from './c-balance.ts';
import { takeBranches } from './c-branches.ts';
import { findStrayDirective } from './c-directives.ts';
import { findWrongNeighbours } from './c-neighbours.ts';
import { createCReader, matchBrackets } from './c-reader.ts';
import { withoutRequirements } from './c-requirements.ts';
import { readStatements } from './c-statements.ts';
import { type Piece, readPieces, type Token, UnclosedText } from './c-tokens.ts';
import { readWordUses } from './c-word-uses.ts';
import type { FaultAt, SyntaxCheck } from './fault.ts';

/**
 * Finds in C and C++ only what no macro can make right. What a file means is known only with all its
 * headers, and half of the files of a kernel are wrong to a parser without them. Certain are:
 * brackets that do not match in any branch of the preprocessor, strings and comments without an end,
 * neighbours such as `= ;`, and statements that fit no rule although nothing in them may be a macro.
 */
export const checkC: SyntaxCheck = (text, path) => {
  if (/\.in\.[^/]*$/.test(path)) return { skipped: 'it is a template' };
  if (/^%%$/m.test(text)) return { skipped: 'it is a template' };
  if (/^[ \t]*!(?:DIR|GCC)\$/m.test(text)) return { skipped: 'it is Fortran' };
  if (assembly.test(text)) return { skipped: 'it is assembly' };
  let pieces: Piece[];
  try {
    pieces = [...readPieces(text)];
  } catch (error) {
    if (!(error instanceof UnclosedText)) throw error;
    return { faults: [{ offset: error.offset, message: error.message }] };
  }
  const unknown = pieces.filter((piece) => 'isDirective' in piece && /^#\w/.test(piece.text));
  if (unknown.length > 2) return { skipped: 'it is another language' };
  const stray = findStrayDirective(text, pieces);
  if (stray) return { faults: [stray] };
  const defined = new Set<string>();
  for (const piece of pieces) if (piece.kind === 'define') defined.add(piece.name);
  const isCpp = looksLikeCpp(path, pieces);
  const branches = [judge(text, takeBranches(pieces, 'first'), defined, isCpp)];
  if (pieces.some(({ kind }) => kind === 'else')) {
    branches.push(judge(text, takeBranches(pieces, 'last'), defined, isCpp));
  }
  // What is opened in neither may be opened in the branch between.
  const between = () => findUnbalanced(text, takeBranches(pieces, 'second'));
  const hasHiddenBraces = pieces.some((piece) => piece.kind === 'define' && piece.isUneven);
  const fault =
    firstCertain(branches, () => !hasHiddenBraces && between() !== undefined) ??
    (hasHiddenBraces ? undefined : findUnbalancedBranch(text, pieces));
  return { faults: fault ? [fault] : [] };
};

interface Judged {
  tokens: readonly Token[];
  faults: readonly FaultAt[];
  unbalanced: FaultAt | undefined;
  doubts: readonly (FaultAt & { isMisplaced: boolean })[];
}

/** A header may be meant for an assembler. */
const assembly =
  /^[ \t]*\.(?:macro|endm|text|globl|global|section|pushsection|p2align|asciz|altmacro)\b/m;

/** What is in no C. */
const cppOnly = new Set(':: constexpr noexcept static_cast const_cast reinterpret_cast'.split(' '));

function looksLikeCpp(path: string, pieces: readonly Piece[]): boolean {
  if (!/\.[ch]$/i.test(path)) return true;
  const isC = /\.c$/i.test(path);
  const tokens = pieces.filter((piece) => 'text' in piece);
  return tokens.some(({ text }, index) => {
    const after = tokens[index + 1]?.text ?? '';
    if (cppOnly.has(text)) return true;
    if (isC)
      return text === 'namespace'
        ? /^\w/.test(after) && tokens[index + 2]?.text === '{'
        : text === 'template' && after === '<';
    if (text === 'const' && (after === '{' || after === ';'))
      return tokens[index - 1]?.text === ')';
    if (text === 'using') return tokens[index + 2]?.text === '=';
    const isBase = [tokens[index - 2], tokens[index - 3]].some((token) => token?.text === 'struct');
    if (text === ':' && isBase) return /^[a-zA-Z]/.test(after);
    if (text === 'class') {
      const isAlone =
        tokens[index - 1]?.text === '(' && after === ')' && tokens[index + 2]?.kind === 'word';
      if (isAlone) return true;
    }
    if (text === '&' && /^[a-z]/.test(after)) {
      const before = tokens[index - 1];
      const isConst = before?.kind === 'word' && tokens[index - 2]?.text === 'const';
      const isLast = [',', ')'].includes(tokens[index + 2]?.text ?? '');
      return isLast && (before?.text === '>' || isConst);
    }
    if (text === 'template') return after === '<';
    if (text === 'class' || text === 'namespace')
      return (/^[A-Za-z_{]/.test(after) && tokens[index - 1]?.kind !== 'word') || after === '{';
    return ['public', 'private', 'protected'].includes(text) && after === ':';
  });
}

function judge(
  text: string,
  all: readonly Token[],
  defined: ReadonlySet<string>,
  isCpp: boolean,
): Judged {
  const tokens = isCpp ? withoutRequirements(all) : all;
  const brackets = matchBrackets(tokens);
  const uses = readWordUses(tokens, brackets.partners, defined);
  const reader = createCReader(tokens, brackets, uses, isCpp);
  // Objective-C has statements of its own.
  if (!tokens.some(({ text }) => text === '@')) readStatements(reader);
  const neighbour = findWrongNeighbours(tokens, brackets.partners);
  const faults = [...reader.faults, ...(neighbour ? [neighbour] : [])].toSorted(
    (a, b) => a.offset - b.offset,
  );
  const doubts = reader.doubts.map((doubt) => ({
    ...doubt,
    isMisplaced: misplaced.test(text.slice(doubt.offset, doubt.offset + 10)),
  }));
  return { tokens, faults, unbalanced: findUnbalanced(text, tokens), doubts };
}

/** What is often met first behind a bracket too many. */
const misplaced = /^(?:[()[\]{}]|(?:if|for|while|do|switch|case|return|else)\b)/;

/** What is wrong in every branch that it is in. */
function firstCertain(
  branches: readonly Judged[],
  areBracketsKnown: () => boolean,
): FaultAt | undefined {
  const [first, last = first] = branches;
  if (!first || !last) return undefined;
  const isIn = ({ tokens }: Judged, offset: number) =>
    tokens.some((token) => token.offset <= offset && offset <= token.offset + token.text.length);
  const isConfirmed = (fault: FaultAt, other: Judged) =>
    other.faults.some(({ offset }) => offset === fault.offset) || !isIn(other, fault.offset);
  const certain = [
    ...first.faults.filter((fault) => isConfirmed(fault, last) && !isProse(first.tokens, fault)),
    ...last.faults.filter((fault) => isConfirmed(fault, first) && !isProse(last.tokens, fault)),
  ].toSorted((a, b) => a.offset - b.offset)[0];
  const { unbalanced } = first;
  if (!unbalanced || !last.unbalanced || !areBracketsKnown()) return certain;
  if (certain && certain.offset <= unbalanced.offset) {
    // It says which bracket is not closed.
    const isSame =
      certain.message.startsWith('Missing `)`') && unbalanced.message.startsWith('Missing `)`');
    return isSame ? { ...unbalanced, offset: certain.offset } : certain;
  }
  // A bracket is missing somewhere: it is where one is met first that fits only if macros allow it.
  return (
    first.doubts.find(({ offset, isMisplaced }) => isMisplaced && offset <= unbalanced.offset) ??
    unbalanced
  );
}

/** Whether a text between two directives is none of the language, as in `#if SOME_DAY`. */
function isProse(tokens: readonly Token[], { offset }: FaultAt): boolean {
  const at = tokens.findIndex((token) => token.offset >= offset);
  if (at < 0) return false;
  const isSign = ({ kind, text }: Token) => kind === 'sign' && ';{}'.includes(text);
  const behind = tokens.slice(at).find((token) => isSign(token) || isLater(token));
  const before = tokens.slice(0, at + 1).findLast((token) => isSign(token) || token.isApart);
  if (!behind) return before?.isApart === true;
  return isLater(behind);

  function isLater(token: Token): boolean {
    return token.isApart && token.offset > offset;
  }
}
