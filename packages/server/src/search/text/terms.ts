import { stem } from './stem.ts';
import { stopWords } from './stop-words.ts';

/** A word of a text, as it is compared: in lower case, its stem; `isStop` if it says little. */
export interface Term {
  text: string;
  isStop: boolean;
}

export interface Terms {
  /** What an identifier or word is made of: `authenticateUser2` is `authent`, `user`. */
  ofWord(word: string): readonly Term[];
  /** All of a text, in its order. */
  ofText(text: string): Term[];
  /** Calls back for each in its order, without making a list. */
  each(text: string, onTerm: (term: Term) => void): void;
}

const word = /[A-Za-z0-9_\x80-\uffff]+/g;
const foreign = /[\x80-\uffff]/;
/** Scripts that do not part words with spaces, and all others. */
const runs =
  /([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+)|[\p{L}\p{N}]+/gu;
/** `HTTPServer2` is `HTTP`, `Server`, `2`. */
const part = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g;
/** What is longer is data. */
const longestWord = 100;
const longestNumber = 4;
/** Words that were met are remembered, as code repeats them; this many, then anew. */
const mostRemembered = 200_000;
const none: readonly Term[] = [];

/**
 * Takes text and identifiers apart into what is searched for. Index and question are taken apart by the
 * same code, so that both always meet.
 */
export function createTerms(): Terms {
  let known = new Map<string, readonly Term[]>();

  function ofWord(text: string): readonly Term[] {
    if (text.length > longestWord) return none;
    let terms = known.get(text);
    if (!terms) {
      terms = foreign.test(text) ? ofForeign(text) : ofAscii(text);
      if (known.size >= mostRemembered) known = new Map();
      // A piece of a text keeps all of it in memory, if it is longer than what V8 copies by itself.
      known.set(text.length < 13 ? text : Buffer.from(text).toString(), terms);
    }
    return terms;
  }

  function each(text: string, onTerm: (term: Term) => void): void {
    for (const found of text.match(word) ?? []) {
      for (const term of ofWord(found)) onTerm(term);
    }
  }

  return {
    ofWord,
    each,
    ofText(text) {
      const terms: Term[] = [];
      each(text, (term) => terms.push(term));
      return terms;
    },
  };
}

function ofAscii(text: string): Term[] {
  const terms: Term[] = [];
  for (const piece of text.match(part) ?? []) {
    if (piece.length < 2) continue;
    if (piece.charCodeAt(0) <= 0x39) {
      if (piece.length <= longestNumber) terms.push({ text: piece, isStop: false });
      continue;
    }
    const lower = piece.toLowerCase();
    terms.push({ text: stem(lower), isStop: stopWords.has(lower) });
  }
  return terms;
}

/** Letters of other alphabets; of scripts without spaces, each two signs that follow each other. */
function ofForeign(text: string): Term[] {
  const terms: Term[] = [];
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .normalize('NFKC')
    .toLowerCase();
  for (const [run, spaceless] of plain.matchAll(runs)) {
    if (!spaceless) {
      terms.push(...(foreign.test(run) ? [{ text: run, isStop: false }] : ofAscii(run)));
      continue;
    }
    const signs = Array.from(spaceless);
    if (signs.length === 1) terms.push({ text: spaceless, isStop: false });
    for (let index = 1; index < signs.length; index += 1) {
      terms.push({ text: `${signs[index - 1]}${signs[index]}`, isStop: false });
    }
  }
  return terms;
}
