import type { CReader } from './c-reader.ts';
import type { Token } from './c-tokens.ts';

export interface ExpressionContext {
  /** A comma is an operator, not the end. */
  hasCommas?: boolean;
  /** It is in parentheses. */
  isGroup?: boolean;
  mayBeEmpty?: boolean;
  /** What a macro is given may as well be a type, an operator or a statement. */
  isArgument?: boolean;
}

export const infix = new Set(
  '+ - * / % & | ^ && || == != < > <= >= << >> = += -= *= /= %= &= |= ^= <<= >>= <=>'.split(' '),
);

/** Reads what is in the parentheses of a call; `isStatement`: it is called for nothing else. */
export type ReadArguments = (callee: Token | undefined, isStatement: boolean) => void;

export function createArguments(
  reader: CReader,
  read: (context: ExpressionContext) => void,
  skipGroup: () => void,
): ReadArguments {
  const { peek, is, next, take, refuse, miss, uses } = reader;
  /** How many calls of functions are being read. */
  let calls = 0;

  /** Reads what is in the parentheses of a call. */
  function readArguments(callee: Token | undefined, isStatement: boolean): void {
    const isMacro = !callee || uses.mayBeMacro(callee);
    const mayBeEmpty = isMacro || (isStatement && !uses.isDeclared(callee));
    const close = reader.partnerOf(reader.at);
    if (isMacro && close !== undefined) {
      readMacroArguments(close);
      return;
    }
    next();
    if (take(')')) return;
    calls += 1;
    for (;;) {
      if (isLoneOperator()) next();
      else read({ isArgument: true, mayBeEmpty });
      if (take(')')) break;
      if (is(';')) miss(')');
      if (!take(',')) refuse(peek());
    }
    calls -= 1;
  }

  /** An operator that a macro is given, or `(*)` of a type. */
  function isLoneOperator(): boolean {
    const { text } = peek();
    if (text === '*') return is(',', 1) || (is('(', -1) && is(')', 1));
    return infix.has(text) && (is(',', 1) || is(')', 1)) && !(text === '&' && is(')', 1));
  }

  /** A macro may be given anything, but what a function within is given is not a macro's. */
  function readMacroArguments(close: number): void {
    const open = reader.at;
    for (let index = open; index < close; index++) {
      const { kind, text } = peek(index - open);
      if (index - open > 400 || (kind === 'sign' && '{;#@\\`'.includes(text))) {
        skipGroup();
        return;
      }
    }
    const before = calls;
    try {
      next();
      while (reader.at < close) {
        read({ isArgument: true, mayBeEmpty: true });
        if (!take(',')) break;
      }
    } catch (error) {
      if (reader.isCertain(error) && calls > before) throw error;
    }
    calls = before;
    reader.moveTo(close + 1);
  }

  return readArguments;
}
