import type { Declarations } from './c-declarations.ts';
import type { Expressions } from './c-expressions.ts';
import type { CReader } from './c-reader.ts';
import { aggregates, baseTypes, infixWords, prefixWords, qualifiers } from './c-words.ts';

export interface Conditions {
  /** Reads the parentheses after `if`, `while` and `switch`. @throws a misfit */
  readCondition(): void;
  /** Reads the parentheses after `for`. @throws a misfit */
  readFor(): void;
}

export function createConditions(
  reader: CReader,
  { read, skipGroup }: Expressions,
  { readDeclaration, isDeclaration }: Declarations,
): Conditions {
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;

  function readCondition(): void {
    while (isCpp && (is('constexpr') || is('consteval'))) next();
    if (is('{') && is('consteval', -1)) return;
    if (!is('(')) {
      if (peek().kind === 'word' && uses.mayBeMacro(peek())) {
        next();
        if (is('(')) skipGroup();
        return;
      }
      refuse(peek());
    }
    next();
    if (is(')')) refuse(peek());
    if (isCpp) {
      if (take(';')) doubt();
      const start = reader.at;
      if (isDeclaration()) {
        const close = reader.partnerOf(start - 1);
        if (close === undefined) doubt();
        else if (isWordPair() && !isInitialized(close)) refuse(peek(1));
        else reader.moveTo(close + 1);
        return;
      }
    }
    read({ hasCommas: true, isGroup: true });
    if (isCpp && is(';')) {
      reader.moveTo(reader.at + 1);
      read({ hasCommas: true, isGroup: true });
    }
    if (!take(')')) is(';') || is('{') ? miss(')') : refuse(peek());
  }

  function isWordPair(): boolean {
    if (isSpecial(peek().text) || isSpecial(peek(1).text)) return false;
    return peek().kind === 'word' && peek(1).kind === 'word';
  }

  /** Whether what is declared as a condition has the value that it needs. */
  function isInitialized(close: number): boolean {
    for (let index = reader.at; index < close; index++) {
      const token = peek(index - reader.at);
      if (['=', '{', ';', ':'].includes(token.text) || uses.mayBeMacro(token)) return true;
    }
    return false;
  }

  function readFor(): void {
    if (!is('(')) {
      if (uses.mayBeMacro(peek())) doubt();
      refuse(peek());
    }
    const close = reader.partnerOf(reader.at);
    next();
    if (isDeclaration()) {
      if (isCpp) {
        let colon = reader.at;
        const stop = close ?? colon;
        while (colon < stop && ![':', ';'].includes(peek(colon - reader.at).text)) colon += 1;
        if (peek(colon - reader.at).text === ':' || is('auto') || is('[')) {
          if (close === undefined) doubt();
          else reader.moveTo(close + 1);
          return;
        }
      }
      readDeclaration('block');
    } else {
      read({ hasCommas: true, mayBeEmpty: true });
      if (is(':') && isCpp) doubt();
      if (!take(';')) {
        if (is(')') && uses.mayBeMacro(peek(-1))) doubt();
        if (is(')') && peek(-1).text === ')') doubt();
        is(')') ? refuse(peek()) : miss(';');
      }
    }
    read({ hasCommas: true, mayBeEmpty: true });
    if (!take(';')) is(')') ? refuse(peek()) : miss(';');
    read({ hasCommas: true, mayBeEmpty: true });
    if (!take(')')) is('{') ? miss(')') : refuse(peek());
  }

  return { readCondition, readFor };
}

function isSpecial(text: string): boolean {
  return [aggregates, baseTypes, infixWords, prefixWords, qualifiers].some((words) =>
    words.has(text),
  );
}
