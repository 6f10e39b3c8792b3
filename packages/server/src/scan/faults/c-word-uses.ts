import type { Token } from './c-tokens.ts';
import { knownFunctions, knownMacros, qualifiers, statements } from './c-words.ts';

/** What a file itself says about its words. */
export interface WordUses {
  /** Whether a macro may be behind the word, which then may stand wherever its author liked. */
  mayBeMacro(token: Token): boolean;
  /** Whether the word is known to be a variable, and no type. */
  isValue(token: Token): boolean;
  /** Whether the word is known to be a function, so that a call needs its semicolon. */
  isFunction(token: Token): boolean;
  /** Whether the word is declared as a function in the file, or is one of the standard library. */
  isDeclared(token: Token): boolean;
  /** Whether the word is known to be a type. */
  isType(token: Token): boolean;
}

interface Counts {
  value: number;
  type: number;
  /** Calls that end a statement or are an operand, those with something else behind, declarations. */
  closed: number;
  operand: number;
  bare: number;
  declared: number;
}

const signs = (list: string) => new Set(list.split(' '));
const usedAfter = signs('= == != += -= *= /= |= &= ++ -- -> . ;');
const usedBefore = signs('( , ; { } = == != <= >= += -= + - / ! return && || ? : <');
const usedBeforeEnd = signs('= == != += -= + - / ! return && || ?');
const startsStatement = signs('; { } ) else do :');

/** `partners` holds for each opening bracket the index of the closing one. */
export function readWordUses(
  tokens: readonly Token[],
  partners: readonly (number | undefined)[],
  defined: ReadonlySet<string>,
): WordUses {
  const counts = new Map<string, Counts>();
  for (let index = 0; index < tokens.length - 1; index++) {
    const token = tokens[index];
    const after = tokens[index + 1];
    if (token?.kind !== 'word' || !after) continue;
    let count = counts.get(token.text);
    if (!count) {
      count = { value: 0, type: 0, closed: 0, operand: 0, bare: 0, declared: 0 };
      counts.set(token.text, count);
    }
    const before = tokens[index - 1];
    if (after.kind === 'word') {
      count.type += 1;
    } else if (after.text === '(') {
      const close = partners[index + 1];
      const behind = close === undefined ? undefined : tokens[close + 1];
      if (!behind || behind.text === '{') continue;
      if (before && isTypeBefore(before)) {
        if (behind.text === ';' || behind.text === '=') count.declared += 1;
      } else if (behind.kind !== 'sign' || behind.text === '}') count.bare += 1;
      else if (!before || startsStatement.has(before.text)) {
        if (behind.text === ';') count.closed += 1;
      } else count.operand += 1;
    } else if (after.kind === 'sign' && usedAfter.has(after.text)) {
      const isEnd = after.text === ';';
      if (before && (isEnd ? usedBeforeEnd : usedBefore).has(before.text)) count.value += 1;
    } else if (after.text === '*' && tokens[index + 2]?.kind === 'word') {
      if (before && startsStatement.has(before.text)) count.type += 1;
    }
  }
  const known = new Map<string, boolean>();

  function mayBe(text: string): boolean {
    // Capitals on end are the custom for macros, as are two underscores for what compilers offer.
    if (/[A-Z]{3}|^_|__|^[A-Z0-9_]*$|[^ -~]|\$/.test(text)) return true;
    return defined.has(text) || knownMacros.has(text) || /each|forall/i.test(text);
  }

  return {
    mayBeMacro({ kind, text }) {
      if (kind !== 'word') return false;
      let answer = known.get(text);
      if (answer === undefined) {
        answer = mayBe(text);
        known.set(text, answer);
      }
      return answer;
    },
    isValue({ text }) {
      const count = counts.get(text);
      return count !== undefined && count.value > 0 && count.type <= 1;
    },
    isFunction({ text }) {
      if (knownFunctions.has(text)) return true;
      const count = counts.get(text);
      if (count === undefined || oftenMacro.test(text)) return false;
      // One that is called for its value is no statement of its own.
      const isKnown = count.declared > 0 || count.operand > 0;
      return count.bare <= 1 && isKnown;
    },
    isDeclared: ({ text }) => knownFunctions.has(text) || (counts.get(text)?.declared ?? 0) > 0,
    isType({ text }) {
      const count = counts.get(text);
      return count !== undefined && count.type > 1 && count.value === 0;
    },
  };
}

/** Macros that look like functions and bring their own semicolon have such names. */
const oftenMacro = /assert|check|expect|verify|require|test|begin|end|declare|define/i;

function isTypeBefore({ kind, text }: Token): boolean {
  if (text === '*') return true;
  return kind === 'word' && !statements.has(text) && !qualifiers.has(text) && text !== 'sizeof';
}
