import type { CReader } from './c-reader.ts';
import { aggregates, baseTypes, prefixWords, qualifiers, withGroup } from './c-words.ts';

/** What is passed over without being looked at closely. */
export interface Lookahead {
  /** Skips what is in brackets, whatever it is. */
  skipGroup(): void;
  /** Skips `<…>` of a template; `false`: it is none. */
  skipTemplate(): boolean;
  /** Skips what comes after `operator`. */
  skipOperatorName(): void;
  /** Whether the tokens may name a type, as in a cast. */
  looksLikeType(from: number, to: number): boolean;
  /** Reads what is after a dot or an arrow. Whether it is the `*` of `.*`. */
  readMember(): boolean;
}

const notInTemplate = new Set([';', '}', ')', ']', '?', '#', '']);
const typeSigns = new Set(['*', '&', '&&', '::', '^']);
/** What ends an expression. */
export const ends: ReadonlySet<string> = new Set(['', ';', ')', ']', '}', ',', ':']);

export function createLookahead(reader: CReader): Lookahead {
  const { peek, is, next, take, refuse, doubt, uses, isCpp } = reader;

  function skipGroup(): void {
    const close = reader.partnerOf(reader.at);
    if (close === undefined) {
      doubt();
      return;
    }
    reader.moveTo(close + 1);
  }

  function skipTemplate(): boolean {
    const start = reader.at;
    let depth = 0;
    for (let count = 0; count < 400; count++) {
      const token = peek();
      if (token.text === '<') depth += 1;
      else if (token.text === '>') depth -= 1;
      else if (token.text === '>>') depth -= 2;
      else if (token.text === '>=' || token.text === '>>=') break;
      else if (token.text === '(' || token.text === '[' || token.text === '{') {
        const close = reader.partnerOf(reader.at);
        if (close === undefined) break;
        reader.moveTo(close);
      } else if (token.kind === 'sign' && notInTemplate.has(token.text)) break;
      next();
      if (depth <= 0) {
        if (depth === 0) return true;
        break;
      }
    }
    reader.moveTo(start);
    return false;
  }

  /** Whether the tokens may name a type, as in a cast. */
  function looksLikeType(from: number, to: number): boolean {
    const first = peek(from - reader.at);
    if (baseTypes.has(first.text) || qualifiers.has(first.text) || aggregates.has(first.text))
      return true;
    if (withGroup.has(first.text)) return true;
    if (first.kind !== 'word' && first.text !== '::') return false;
    for (let index = from; index < to; index++) {
      const { kind, text } = peek(index - reader.at);
      if (kind === 'word') {
        if (prefixWords.has(text) && text !== 'typename' && text !== 'template') return false;
        continue;
      }
      if (text === '(' || text === '[') {
        const close = reader.partnerOf(index);
        if (close === undefined) return false;
        if (text === '(' && index === from + 1 && !uses.mayBeMacro(first)) {
          // `(f(x))` is a call, `(T (*)(x))` is not.
          const inside = peek(index + 1 - reader.at);
          if (inside.text !== '*' && !uses.mayBeMacro(inside)) return false;
        }
        if (text === '(' && index > from + 1) {
          const inside = peek(index + 1 - reader.at);
          const isPointer = typeSigns.has(inside.text) || peek(index + 2 - reader.at).text === '*';
          if (!isPointer && peek(index - 1 - reader.at).text !== ')') return false;
        }
        index = close;
        continue;
      }
      if (!typeSigns.has(text)) {
        if (
          !isCpp ||
          !(text === '<' || text === '>' || text === ',' || text === '>>' || text === '...')
        )
          return false;
      }
    }
    return true;
  }

  function skipOperatorName(): void {
    if (take('(')) {
      take(')');
      return;
    }
    if (take('[')) {
      take(']');
      return;
    }
    next();
    while (!is('(') && (is(']') || !ends.has(peek().text))) next();
  }

  /** Reads what is after a dot or an arrow. Whether it is the `*` of `.*`. */
  function readMember(): boolean {
    if (isCpp) take('::');
    if (peek().kind === 'word') {
      const { text } = next();
      if (text === 'template' && isCpp) next();
      else if (text === 'operator' && isCpp) skipOperatorName();
      return false;
    }
    if (isCpp && take('~')) {
      next();
      return false;
    }
    if (isCpp && take('*')) return true;
    return refuse(peek());
  }

  return { skipGroup, skipTemplate, skipOperatorName, looksLikeType, readMember };
}

export function isTypeWord(text: string): boolean {
  return [baseTypes, qualifiers, aggregates].some((words) => words.has(text));
}
