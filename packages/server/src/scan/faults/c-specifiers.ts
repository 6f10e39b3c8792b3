import type { Expressions } from './c-expressions.ts';
import type { CReader } from './c-reader.ts';
import type { Token } from './c-tokens.ts';
import {
  aggregates,
  baseTypes,
  infixWords,
  onceOnly,
  onlyCpp,
  qualifiers,
  withGroup,
} from './c-words.ts';

export type Scope = 'file' | 'block' | 'struct' | 'parameter';

export interface Bodies {
  readBlock(): void;
  readMembers(): void;
}

export interface Specifiers {
  /** Whether it is known which type it is. */
  hasBase: boolean;
  /** Words that may be types or what is declared. */
  names: Token[];
  hasMacro: boolean;
  count: number;
}

export interface SpecifierReader {
  /** Reads `static const T` and the like, up to what is declared; its name may be the last. */
  readSpecifiers(scope: Scope): Specifiers;
  /** Reads `a`, and in C++ `a<b>::c`, `~a` and `operator +`. */
  readName(): Token;
  isAggregate(text: string): boolean;
  isQualifier(text: string): boolean;
  isBase(text: string): boolean;
}

/** They do not go together with any other. */
const alone = new Set(['void', 'char', 'float', '_Bool', 'wchar_t']);
/** What may follow the parameters of a function. */
export const afterFunction = new Set(
  'const volatile noexcept override final mutable throw try requires __restrict'.split(' '),
);

export function createSpecifierReader(
  reader: CReader,
  { read, skipGroup, skipTemplate }: Expressions,
  { readMembers }: Bodies,
): SpecifierReader {
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;
  const isKnown = (text: string) => isCpp || !onlyCpp.has(text);
  const isAggregate = (text: string) => aggregates.has(text) && isKnown(text);
  const isQualifier = (text: string) => qualifiers.has(text) && isKnown(text);
  const isBase = (text: string) => baseTypes.has(text) && isKnown(text);

  /** Reads `a`, and in C++ `a<b>::c`, `~a` and `operator +`. */
  function readName(): Token {
    const token = next();
    if (!isCpp) return token;
    if (token.text === 'operator') {
      readOperatorName();
      return token;
    }
    if (is('<') && !skipTemplate()) return token;
    while (is('::')) {
      next();
      if (is('*')) return token;
      take('template');
      take('~');
      if (take('operator')) {
        readOperatorName();
        return token;
      }
      if (is('(')) refuse(peek());
      if (!isWord(peek())) doubt();
      next();
      if (is('<')) skipTemplate();
    }
    return token;
  }

  function readOperatorName(): void {
    if (peek().kind === 'string') {
      next();
      if (isWord(peek())) next();
    } else if (take('(')) take(')');
    else if (take('[')) take(']');
    else if (isWord(peek())) while (!is('(') && !is(';') && peek().text !== '') next();
    else while (peek().kind === 'sign' && !is('(') && peek().text !== '') next();
    if (is('<')) skipTemplate();
  }

  function readSpecifiers(scope: Scope): Specifiers {
    const found: Specifiers = { hasBase: false, names: [], hasMacro: false, count: 0 };
    const seen = new Set<string>();
    for (;;) {
      const token = peek();
      const { text } = token;
      if (is('[') && is('[', 1)) {
        skipGroup();
        continue;
      }
      if (isCpp && (is('::') || is('~'))) {
        next();
        continue;
      }
      if (!isWord(token)) return found;
      if (isCpp && infixWords.has(text)) return found;
      found.count += 1;
      if (isAggregate(text)) {
        if (found.hasBase && !isCpp && found.names.length === 0 && !found.hasMacro) refuse(token);
        readAggregate(found);
        continue;
      }
      if (onlyCpp.has(text) && !isCpp) {
        found.names.push(next());
        continue;
      }
      if (isBase(text)) {
        const isSecond = [...seen].some(
          (other) =>
            isBase(other) &&
            (alone.has(other) || alone.has(text) || (other === text && text !== 'long')),
        );
        const isComplex = seen.has('_Complex') || text === '_Complex';
        const isChar =
          ['signed', 'unsigned'].some((sign) => text === sign || seen.has(sign)) &&
          (text === 'char' || seen.has('char'));
        if (found.names.length > 0 && !found.hasMacro) {
          // Names before may be macros such as `noinline`.
          if (!found.hasBase) doubt();
          scope === 'parameter' ? refuse(token) : miss(';');
        }
        if (isSecond && !isComplex && (!isChar || seen.has(text)))
          found.hasMacro ? doubt() : refuse(token);
        seen.add(text);
        found.hasBase = true;
        next();
        continue;
      }
      if (isQualifier(text)) {
        if (isCpp && text === 'const' && peek(-1).text === text && peek(-1).kind === 'word')
          refuse(token);
        if (onceOnly.has(text) && seen.has(text)) found.hasMacro ? doubt() : refuse(token);
        if (onceOnly.has(text) && found.hasBase && found.names.length > 0 && !found.hasMacro)
          miss(';');
        seen.add(text);
        if (text === 'auto') found.hasBase = isCpp;
        next();
        if ((text === 'explicit' || text === 'noexcept') && is('(')) skipGroup();
        if (text === 'extern' && peek().kind === 'string') next();
        continue;
      }
      if (withGroup.has(text)) {
        next();
        if (is('(')) skipGroup();
        if (/typeof|decltype/.test(text)) found.hasBase = true;
        continue;
      }
      if (isCpp && (text === 'namespace' || text === 'using')) doubt();
      if (isCpp && (text === 'template' || text === 'requires' || text === 'concept')) doubt();
      if (uses.mayBeMacro(token)) {
        found.hasMacro = true;
        readName();
        if (is('(') && isAggregate(peek(1).text) && is(')', 2)) {
          // `ALIGNED16(struct) a {`
          const keyword = peek(1).text;
          reader.moveTo(reader.at + 3);
          readTagged(found, keyword);
        } else if (is('(') && isMacroCall()) {
          skipGroup();
        }
        continue;
      }
      const name = readName();
      // A name such as `std::string` is known to be no variable.
      found.names.push(is(name.text, -1) ? name : { ...name, text: `${name.text}::` });
      if (isCpp && text === 'operator') return found;
    }
  }

  /** Whether what follows the parentheses goes on with specifiers. */
  function isMacroCall(): boolean {
    const close = reader.partnerOf(reader.at);
    if (close === undefined) return false;
    const after = peek(close + 1 - reader.at);
    if (afterFunction.has(after.text)) return false;
    return isWord(after) || after.text === '*' || after.text === '&';
  }

  function readAggregate(found: Specifiers): void {
    readTagged(found, next().text);
  }

  /** Reads what follows `struct`, `enum` and the like. */
  function readTagged(found: Specifiers, text: string): void {
    found.hasBase = true;
    if (text === 'enum' && (is('class') || is('struct')) && isCpp) next();
    let hasName = false;
    if (isCpp) take('::');
    for (;;) {
      if (is('[') && is('[', 1)) skipGroup();
      else if (withGroup.has(peek().text)) {
        next();
        if (is('(')) skipGroup();
      } else if (isWord(peek()) && uses.mayBeMacro(peek()) && isBeforeName()) {
        next();
        if (is('(')) skipGroup();
        hasName = true;
      } else break;
    }
    if (isWord(peek()) && !isBase(peek().text) && !isQualifier(peek().text)) {
      readName();
      hasName = true;
      if (isCpp && is('final')) next();
    }
    if (is(':') && isCpp) {
      while (!is('{') && !is(';') && peek().text !== '' && !is('}') && !is(')')) {
        if (is('(')) skipGroup();
        else next();
      }
    }
    // `struct attribute a {`
    if (hasName && isWord(peek()) && is('{', 1)) doubt();
    if (is('{')) {
      if (text === 'enum') readEnumerators();
      else readMembers();
      return;
    }
    if (!hasName && (!isCpp || is(';'))) isWord(peek()) ? doubt() : refuse(peek());
  }

  /** Whether a word after `struct` is a macro's, because the name comes behind it. */
  function isBeforeName(): boolean {
    if (is('(', 1)) {
      const close = reader.partnerOf(reader.at + 1);
      const after = close === undefined ? undefined : peek(close + 1 - reader.at);
      return after !== undefined && (isWord(after) || after.text === '{');
    }
    if (!isWord(peek(1))) return false;
    return (
      isWord(peek(2)) ||
      (['{', ':', ';', '::', '<'].includes(peek(2).text) && (isCpp || is('{', 2)))
    );
  }

  function readEnumerators(): void {
    next();
    while (!take('}')) {
      const token = peek();
      if (token.text === '') doubt();
      if (!isWord(token)) {
        if (token.isApart || (!is('=') && !is(',') && token.kind !== 'number')) doubt();
        refuse(token);
      }
      next();
      while (isWord(peek()) || is('(') || (is('[') && is('[', 1))) {
        if (isWord(peek())) {
          if (peek().text === peek(-1).text) refuse(peek());
          if (
            !uses.mayBeMacro(peek()) &&
            !uses.mayBeMacro(peek(-1)) &&
            !is(')', -1) &&
            !withGroup.has(peek().text)
          )
            miss(',');
          next();
        } else skipGroup();
      }
      if (peek().kind === 'number') refuse(peek());
      if (take('=')) {
        if (peek().kind === 'number' && isWord(peek(1)) && is('=', 2)) {
          next();
          miss(',');
        }
        read();
      }
      if (is('}') || take(',')) continue;
      if (peek(-1).kind === 'number' && isWord(peek())) miss(',');
      if (!isWord(peek()) && peek().kind === 'sign' && '=;'.includes(peek().text)) refuse(peek());
      doubt();
    }
  }

  return { readSpecifiers, readName, isAggregate, isQualifier, isBase };
}

function isWord(token: Token): boolean {
  return token.kind === 'word';
}
