import { createArguments, type ExpressionContext, infix } from './c-arguments.ts';
import { createBraces } from './c-braces.ts';
import { createLookahead, ends, isTypeWord } from './c-lookahead.ts';
import type { CReader } from './c-reader.ts';
import type { Token } from './c-tokens.ts';
import {
  aggregates,
  baseTypes,
  infixWords,
  onlyCpp,
  prefixWords,
  qualifiers,
  statements,
  withGroup,
} from './c-words.ts';

export interface Expressions {
  /** Reads up to the token that ends the expression, and leaves that one. @throws a misfit */
  read(context?: ExpressionContext): void;
  /** Reads `= …`, the sign being read. */
  readInitializer(): void;
  /** Reads a list in braces. */
  readBraces(): void;
  /** Skips what is in brackets, whatever it is. */
  skipGroup(): void;
  /** Skips `<…>` of a template; `false`: it is none. */
  skipTemplate(): boolean;
}

const prefix = new Set('+ - ! ~ * & && ++ --'.split(' '));

/**
 * What was read last decides what may come: a `value` needs an operator, `either` may be a cast and
 * a `word` a macro.
 */
type Last = 'none' | 'operator' | 'value' | 'number' | 'string' | 'word' | 'either' | 'type';

export function createExpressions(reader: CReader, readBlock: () => void): Expressions {
  const { peek, is, next, take, refuse, miss, doubt, uses, isCpp } = reader;
  const lookahead = createLookahead(reader);
  const { skipGroup, skipTemplate, skipOperatorName, looksLikeType, readMember } = lookahead;
  const readArguments = createArguments(reader, read, skipGroup);
  const { readBraces, readInitializer } = createBraces(reader, () => read(), skipGroup);
  const isCppWord = (token: Token) => onlyCpp.has(token.text) && !isCpp;

  /** Reads a parenthesis that begins an operand. Whether it may be a cast. */
  function readParenthesis(context: ExpressionContext): Last {
    const open = reader.at;
    if (is('{', 1)) {
      if (isCpp) {
        skipGroup();
        return 'either';
      }
      next();
      readBlock();
      if (!take(')')) doubt();
      return 'value';
    }
    const close = reader.partnerOf(open);
    if (close !== undefined && looksLikeType(open + 1, close)) {
      reader.moveTo(close + 1);
      return 'either';
    }
    next();
    if (is(')') && !context.isArgument && !isCpp) refuse(peek());
    const { isArgument = false } = context;
    read({ hasCommas: true, isGroup: true, mayBeEmpty: isCpp || isArgument, isArgument: false });
    if (is(';')) miss(')');
    if (!take(')')) refuse(peek());
    return 'value';
  }

  function readOperand(context: ExpressionContext, last: Last): Last {
    const token = peek();
    if (token.kind === 'number') {
      next();
      return 'number';
    }
    if (token.kind === 'string') {
      next();
      return 'string';
    }
    if (token.kind === 'word') return readWord(context, last);
    if (token.text === '(') return readParenthesis(context);
    if (token.text === '[') {
      // Of Objective-C, if not of C++.
      if (!isCpp) last === 'operator' ? refuse(token) : doubt();
      readLambda();
      return 'value';
    }
    if (token.text === '{') {
      if (!isCpp && !is('=', -1)) doubt();
      readBraces();
      return 'value';
    }
    if (prefix.has(token.text)) {
      next();
      return 'operator';
    }
    if (token.text === '::' && isCpp) {
      next();
      return 'operator';
    }
    if (context.isArgument && last === 'none') doubt();
    if (token.text === '#' || token.text === '##' || token.text === '@' || token.text === '^')
      doubt();
    if (
      isCpp &&
      (token.text === '...' || (token.text === '>' && ['*', '&', '&&'].includes(peek(-1).text)))
    ) {
      doubt();
    }
    return refuse(token);
  }

  function readLambda(): void {
    skipGroup();
    if (is('<')) skipTemplate();
    if (is('(')) skipGroup();
    for (let count = 0; count < 100 && !is('{'); count++) {
      if (is('(') || is('[')) skipGroup();
      else if (ends.has(peek().text)) doubt();
      else next();
    }
    readBlock();
  }

  function readWord(context: ExpressionContext, last: Last): Last {
    const token = next();
    const { text } = token;
    if (isCppWord(token)) return 'word';
    if (text === 'typeid' && !is('(')) return 'word';
    if (text === 'sizeof' || text === 'alignof' || text === '_Alignof' || text === 'typeid') {
      take('...');
      if (!is('(')) return 'operator';
      skipGroup();
      return 'either';
    }
    if (withGroup.has(text)) {
      if (is('(')) skipGroup();
      return 'type';
    }
    if (text === 'new') {
      if (is('(')) skipGroup();
      // `new (T)`
      return is(')', -1) && ends.has(peek().text) ? 'value' : 'operator';
    }
    if (text === 'throw' || text === 'co_yield' || text === 'co_return') {
      return ends.has(peek().text) ? 'value' : 'operator';
    }
    if (text === 'delete') {
      if (is('[')) skipGroup();
      return 'operator';
    }
    if (text === 'operator') {
      skipOperatorName();
      return 'word';
    }
    if (prefixWords.has(text)) return 'operator';
    if (statements.has(text)) {
      if (context.isArgument || last === 'none') doubt();
      refuse(token);
    }
    if (baseTypes.has(text) || qualifiers.has(text) || aggregates.has(text)) {
      if (!isCpp && !context.isArgument && last === 'operator' && !is('(')) {
        // `MACRO(T) * const a`
        if (is('*', -2)) doubt();
        refuse(token);
      }
      return 'type';
    }
    return 'word';
  }

  function read(context: ExpressionContext = {}): void {
    let last: Last = 'none';
    let choices = 0;
    let callee: Token | undefined;
    let operands = 0;
    const isInner = Boolean(context.isGroup || context.isArgument);
    for (;;) {
      const token = peek();
      if (last === 'none' || last === 'operator') {
        if (ends.has(token.text) && token.kind === 'sign') {
          if (last === 'none' && context.mayBeEmpty) return;
          if (token.text === ':' && choices > 0 && is('?', -1)) {
            // `a ?: b` of GNU.
          } else if (last === 'operator' && mayEndType(context, operands)) return;
          else if (uses.mayBeMacro(peek(-1)) && last === 'operator') doubt();
          else refuse(token);
        } else {
          callee = token.kind === 'word' ? token : undefined;
          last = readOperand(context, last);
          if (last !== 'operator') operands += 1;
          continue;
        }
      }
      const { kind, text } = token;
      if (kind === 'number') {
        if (last === 'either' || last === 'type') {
          next();
          last = 'number';
          continue;
        }
        if (last === 'word' && callee && uses.mayBeMacro(callee)) doubt();
        if (text.startsWith('.')) doubt();
        juxtaposed(context, callee, token, last);
        return;
      }
      if (kind === 'string') {
        if (last === 'number') refuse(token);
        next();
        last = 'string';
        continue;
      }
      if (kind === 'word') {
        // `(T (A::*)() const)`, `new T const*[1]`
        if (isCpp && (text === 'const' || text === 'volatile' || text === 'noexcept')) {
          next();
          last = 'type';
          continue;
        }
        if (isCpp && infixWords.has(text)) {
          next();
          last = 'operator';
          continue;
        }
        if (last === 'either' || last === 'type') {
          if ((isTypeWord(text) || statements.has(text)) && !context.isArgument) doubt();
          callee = token;
          last = readWord(context, 'operator');
          continue;
        }
        if (last === 'string') {
          const before = peek(-1);
          // `"a"s`
          if (before.offset + before.text.length === token.offset) {
            next();
            continue;
          }
          if (!uses.mayBeMacro(token) && uses.isValue(token)) {
            juxtaposed(context, undefined, token, last);
            return;
          }
          next();
          callee = token;
          last = 'word';
          continue;
        }
        juxtaposed(context, callee, token, last);
        return;
      }
      if (text === '(') {
        if (last === 'number') refuse(token);
        if (last === 'either') {
          if (uses.mayBeMacro(peek(-1)) || is(')', -1)) {
            last = readParenthesis({ ...context, isArgument: true });
          } else last = readParenthesis(context);
          continue;
        }
        if (last === 'type') {
          skipGroup();
          last = 'either';
          continue;
        }
        const called: Token | undefined = last === 'word' ? callee : undefined;
        readArguments(called, operands === 1 && !isInner);
        last = called && uses.mayBeMacro(called) ? 'either' : 'value';
        continue;
      }
      if (text === '[') {
        if (last === 'type' || last === 'either') {
          skipGroup();
          continue;
        }
        next();
        read({ hasCommas: true, mayBeEmpty: isCpp || context.isArgument });
        if (!take(']')) refuse(peek());
        last = 'value';
        continue;
      }
      if (text === '{') {
        if (last === 'either' || (isCpp && (last !== 'value' || is(']', -1)))) {
          readBraces();
          last = 'value';
          continue;
        }
        // `offsetof(struct { … }, a)`
        if (last === 'type') doubt();
        return;
      }
      if (text === '.' || text === '->') {
        next();
        const isPointer = readMember();
        callee = peek(-1);
        last = isPointer ? 'operator' : 'word';
        continue;
      }
      if (text === '::') {
        next();
        if (take('*')) last = 'type';
        else last = 'operator';
        continue;
      }
      if (text === '++' || text === '--') {
        next();
        continue;
      }
      if (text === '->*') {
        next();
        last = 'operator';
        continue;
      }
      if (text === '<' && isCpp && ['word', 'type', 'either'].includes(last)) {
        const start = reader.at;
        if (skipTemplate() && peek().kind === 'sign') {
          last = 'type';
          continue;
        }
        reader.moveTo(start);
      }
      if (infix.has(text)) {
        next();
        last = 'operator';
        if (text === '=' && is('{') && isCpp) {
          readBraces();
          last = 'value';
        }
        continue;
      }
      if (text === '?') {
        choices += 1;
        next();
        last = 'operator';
        continue;
      }
      if (text === ':') {
        if (choices === 0) return;
        choices -= 1;
        next();
        last = 'operator';
        continue;
      }
      if (text === ',') {
        if (!context.hasCommas && choices === 0) return;
        next();
        last = 'operator';
        continue;
      }
      if (text === '...') {
        next();
        last = 'either';
        continue;
      }
      if (text === '!' || text === '~') {
        if (last === 'either' || last === 'type') {
          next();
          last = 'operator';
          continue;
        }
        if (last === 'word' && callee && uses.mayBeMacro(callee)) doubt();
        refuse(token);
      }
      if (ends.has(text)) {
        if (choices > 0 && !context.isArgument) miss(':');
        return;
      }
      doubt();
    }
  }

  /** Two operands side by side, with nothing between them. */
  function juxtaposed(
    context: ExpressionContext,
    callee: Token | undefined,
    token: Token,
    last: Last,
  ): void {
    if (token.kind === 'word') {
      if (uses.mayBeMacro(token)) doubt();
      if (statements.has(token.text) && context.isArgument) doubt();
    }
    if (last === 'word' || last === 'value') {
      if (callee && uses.mayBeMacro(callee)) doubt();
    }
    // The caller knows what may follow.
    if (!context.isArgument && !context.isGroup) return;
    if (context.isArgument) {
      // A type and a name are what only a macro is given.
      const isKnown = callee && (callee.text === token.text || uses.isValue(callee));
      if (callee && last === 'word' && token.kind === 'word' && !isKnown) doubt();
      miss(reader.isCpp ? ',' : ',');
    }
    miss(')');
  }

  function mayEndType(context: ExpressionContext, operands: number): boolean {
    if (!['*', '&', '&&', '::'].includes(peek(-1).text)) return false;
    return isCpp || (Boolean(context.isArgument) && is('*', -1) && operands > 0);
  }

  return { read, readInitializer, readBraces, skipGroup, skipTemplate };
}
