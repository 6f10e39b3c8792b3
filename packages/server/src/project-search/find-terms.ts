import type { WordMatch } from '@borgos/contracts/project-search';
import { editDistance } from './edit-distance.ts';
import { type ProjectIndex, spelledFields } from './project-index.ts';
import { stemOf } from './words.ts';

/** A word of the index that stands for one of a query. */
export interface Term {
  term: string;
  how: WordMatch['how'];
  /** 0 to 1: how near it is to what was asked for. */
  nearness: number;
}

/** How many words a prefix may stand for: more make it a letter, not a word. */
const mostPrefixed = 200;
const leastPrefix = 2;

/** The words of the index that one of a query can stand for, the nearest first. */
export function findTerms(
  index: ProjectIndex,
  word: string,
  { joined, alias }: { joined: readonly string[]; alias: string },
): Term[] {
  const found = new Map<string, Term>();
  const add = (term: string, how: Term['how'], nearness: number) => {
    if (!found.has(term) && index.postings.has(term)) found.set(term, { term, how, nearness });
  };
  add(word, 'exact', 1);
  add(alias, 'exact', 1);
  for (const whole of joined) add(whole, 'joined', 0.95);
  for (const form of index.stems.get(stemOf(word)) ?? []) add(form, 'stem', 0.92);
  for (const term of prefixed(index, word)) {
    add(term, 'prefix', 0.6 + 0.3 * (word.length / term.length));
  }
  for (const { term, distance } of mistyped(index, word)) {
    add(term, 'typo', distance === 1 ? 0.72 : 0.55);
  }
  return [...found.values()];
}

function prefixed(index: ProjectIndex, word: string): string[] {
  if (word.length < leastPrefix) return [];
  const terms: string[] = [];
  for (const term of index.postings.keys()) {
    if (term.length > word.length && term.startsWith(word)) terms.push(term);
  }
  return terms.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, mostPrefixed);
}

function mistyped(index: ProjectIndex, word: string): { term: string; distance: number }[] {
  const most = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
  // What is written as it is known is not mistyped, and costs no search.
  if (most === 0 || isSpelled(index, word)) return [];
  const found: { term: string; distance: number }[] = [];
  for (const [term, fields] of index.postings) {
    const mayBe = term.length >= 3 && Math.abs(term.length - word.length) <= most;
    if (!mayBe) continue;
    const distance = editDistance(word, term, most);
    if (distance && stands(fields)) found.push({ term, distance });
  }
  return found;
}

function isSpelled(index: ProjectIndex, word: string): boolean {
  const fields = index.postings.get(word);
  return fields !== undefined && stands(fields);
}

function stands(fields: ReadonlyMap<number, number>): boolean {
  for (const mask of fields.values()) if ((mask & spelledFields) !== 0) return true;
  return false;
}
