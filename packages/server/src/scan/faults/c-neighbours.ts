import type { Token } from './c-tokens.ts';
import type { FaultAt } from './fault.ts';

/** Signs that need something on their right that is no other of them. */
const binary = new Set(
  '= == != <= >= += -= *= /= %= &= |= ^= <<= >>= && || / % ^ | < << ? . ->'.split(' '),
);

const onlyOnce = new Set(
  'break case class do else enum goto if namespace return static struct switch typedef union using while'.split(
    ' ',
  ),
);

/** Finds tokens side by side that no C or C++ has, however its macros are defined. */
export function findWrongNeighbours(
  tokens: readonly Token[],
  partners: readonly (number | undefined)[],
): FaultAt | undefined {
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    const before = tokens[index - 1];
    if (!token || !before) continue;
    if (token.text === '(' && /^[A-Z][A-Z0-9_]*$/.test(before.text)) {
      // Code of another language is given to a macro whole.
      const close = partners[index] ?? index;
      const isCode = tokens
        .slice(index, Math.min(close, index + 400))
        .some(({ text }) => text === ';');
      if (isCode) index = close;
    }
    if (token.isApart) continue;
    if (isTwice(before, token, tokens[index - 2], tokens[index + 1])) {
      return { offset: token.offset, message: `Unexpected \`${token.text}\` after itself` };
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
  // Scripts within macros know `===`.
  if (token.text === '=' && token.offset === before.offset + before.text.length) return false;
  // `<%` and `<:` are other ways to write brackets, `.` may begin a number.
  if (before.text === '<' && '%:'.includes(token.text)) return false;
  return ';}]'.includes(token.text) || (binary.has(token.text) && token.text !== '.');
}

/** The same word twice, where it cannot be both a type and what is declared with it. */
function isTwice(before: Token, token: Token, third?: Token, after?: Token): boolean {
  if (before.text !== token.text || token.kind !== 'word' || !after) return false;
  if (singleTypes.has(token.text)) return true;
  // No function has the name of a type, and a macro is called or not.
  if (after.text === '(') {
    return !tagged.has(third?.text ?? '') && token.text !== 'long' && !token.text.startsWith('__');
  }
  if (!isLowerCase(token) || tagged.has(third?.text ?? '') || token.text === 'long') return false;
  return operators.has(after.text) || operands.has(third?.text ?? '');
}

const words = (list: string) => new Set(list.split(' '));
const singleTypes = words('int char void float double short unsigned signed');
const operators = words('+ - / % == != <= >= < || . -> += -= ? |');
const operands = words('= == != <= >= + - / % ! return || += -= ?');

const tagged = new Set(
  'struct union enum class typename new interface friend sizeof defined ::'.split(' '),
);

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
