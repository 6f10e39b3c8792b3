import type { Token } from './c-tokens.ts';
import type { FaultAt } from './fault.ts';

/** Signs that need something on their right that is no other of them. */
const binary = new Set(
  '= == != <= >= += -= *= /= %= &= |= ^= <<= >>= && || / % ^ | < << ? . ->'.split(' '),
);

const onlyOnce = new Set(
  'break case class enum goto if namespace return static struct switch typedef union using while'.split(
    ' ',
  ),
);

/** Finds tokens side by side that no C or C++ has, however its macros are defined. */
export function findWrongNeighbours(tokens: readonly Token[]): FaultAt | undefined {
  for (let index = 1; index < tokens.length; index++) {
    const token = tokens[index];
    const before = tokens[index - 1];
    if (!token || !before) continue;
    if (/^#\w/.test(token.text)) {
      return { offset: token.offset, message: `There is no directive \`${token.text}\`` };
    }
    if (token.isApart) continue;
    if (isWithoutHash(before, token)) {
      return { offset: before.offset, message: `Missing \`#\` before \`${before.text}\`` };
    }
    const third = tokens[index - 2];
    if (isWrongPair(before, token, third) || isWrongTriple(third, before, token)) {
      const message = `Unexpected \`${token.text}\` after \`${before.text}\``;
      return { offset: token.offset, message };
    }
    if (isWithoutSemicolon(third, before, token, tokens[index + 1])) {
      return {
        offset: before.offset + before.text.length,
        message: `Missing \`;\` before \`${token.text}\``,
      };
    }
  }
  return undefined;
}

function isWrongPair(before: Token, token: Token, third: Token | undefined): boolean {
  if (before.kind === 'number') {
    return token.kind === 'number' || isLowerCase(token) || token.text === '(';
  }
  if (before.text === ']') return token.kind === 'number';
  if (before.text === token.text && onlyOnce.has(token.text)) return true;
  if (before.text === 'if' || before.text === 'switch') {
    return token.kind === 'sign' && !'(!),'.includes(token.text);
  }
  // A macro may be given an operator, C++ may name one, and `&&` also ends a type.
  if (before.kind !== 'sign' || !binary.has(before.text)) return false;
  if (third?.text === 'operator' || third?.text === '(' || third?.text === ',') return false;
  if (third?.text === '[' && before.text === '=') return false;
  if (before.text === '&&') return token.text === ']' || token.text === '||';
  if (token.kind !== 'sign') return false;
  // `<%` and `<:` are other ways to write brackets, `.` may begin a number.
  if (before.text === '<' && '%:'.includes(token.text)) return false;
  return ';}]'.includes(token.text) || (binary.has(token.text) && token.text !== '.');
}

function isWithoutHash(before: Token, token: Token): boolean {
  if (before.text === 'include') return token.text === '<' || token.kind === 'string';
  return ['define', 'undef', 'ifdef', 'ifndef'].includes(before.text) && token.kind === 'word';
}

function isWrongTriple(third: Token | undefined, before: Token, token: Token): boolean {
  if (token.text !== '}') return false;
  if (before.text === 'return') return true;
  if (before.text === 'break' || before.text === 'continue') return third?.text === ';';
  return third?.text === 'return' && (before.kind === 'number' || isLowerCase(before));
}

/** `a = b` with `c = d` after it, where none of the names is likely to be a macro. */
function isWithoutSemicolon(
  third: Token | undefined,
  before: Token,
  token: Token,
  next: Token | undefined,
): boolean {
  if (third?.text !== '=' && third?.text !== 'return') return false;
  if (!isLowerCase(before) || !isLowerCase(token) || keywords.has(before.text)) return false;
  return next?.kind === 'sign' && ['=', '->', '+=', '-=', '++'].includes(next.text);
}

const keywords = new Set(['new', 'delete', 'sizeof', 'typename', 'struct', 'co_await', 'throw']);

/** A word that is hardly a macro. */
function isLowerCase({ kind, text }: Token): boolean {
  return kind === 'word' && /^[a-z]/.test(text);
}
