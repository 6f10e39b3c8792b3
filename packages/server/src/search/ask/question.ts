import { abbreviationsOf } from '../text/abbreviations.ts';
import { stem } from '../text/stem.ts';
import type { Terms } from '../text/terms.ts';
import type { OpenIndex } from './open-indexes.ts';

/** Something that is asked for, and how else it may be written. */
export interface Concept {
  text: string;
  others: readonly string[];
  /** What names may begin with, to mean it; `null` where that would be anything. */
  prefix: string | null;
  /** How much it tells, from the number of chunks that have it. */
  weight: number;
  /** Whether it is looked for; others only say which of what was found is best. */
  isLookedFor: boolean;
}

/** A question in words, weighed with what is in one index. */
export interface Question {
  concepts: Concept[];
  /** As they follow each other in the question. */
  pairs: [string, string][];
  /** Of FTS5. */
  match: string;
}

/** Of a long question, the rarest are asked for. */
const mostConcepts = 16;
/**
 * Terms that are in more of the chunks than this are left out, when this many rarer ones remain. Half
 * as much saves a seventh of the time, and costs three of a hundred right answers.
 */
const commonShare = 0.08;
const enoughRare = 3;
/** Beginnings are looked for where the question is short: a long one has better words. */
const mostPrefixes = 3;
const leastPrefix = 3;
/** Of a term that is nearly everywhere. */
const leastWeight = 0.2;

const abbreviations = abbreviationsOf(stem);

/** What is asked for; `null`: nothing, as there is no word in it. */
export function askWords(
  words: readonly string[],
  index: OpenIndex,
  terms: Terms,
): Question | null {
  const all = terms.ofText(words.join(' '));
  const telling = all.filter(({ isStop }) => !isStop);
  const used = (telling.length > 0 ? telling : all).map(({ text }) => text);
  const distinct = [...new Set(used)].slice(0, 200);
  if (distinct.length === 0) return null;
  const chunks = Math.max(1, countChunks(index));
  const counted = distinct
    .map((text) => ({ text, count: countTerm(index, text) }))
    .sort((a, b) => a.count - b.count);
  const rare = counted.filter(({ count }) => count <= chunks * commonShare).length;
  const lookedFor = Math.min(mostConcepts, Math.max(enoughRare, rare));
  const concepts = counted.slice(0, mostConcepts).map(
    ({ text, count }, at): Concept => ({
      text,
      others: abbreviations.get(text) ?? [],
      prefix: counted.length <= mostPrefixes && text.length >= leastPrefix ? text : null,
      weight: Math.max(leastWeight, Math.log((chunks - count + 0.5) / (count + 0.5))),
      isLookedFor: at < lookedFor,
    }),
  );
  const pairs = used.slice(1).map((text, at): [string, string] => [used[at] ?? '', text]);
  return {
    concepts,
    pairs,
    match: concepts
      .filter(({ isLookedFor }) => isLookedFor)
      .map(matchOf)
      .join(' OR '),
  };
}

function matchOf({ text, others, prefix }: Concept): string {
  const parts = [quoted(text), ...others.map((other) => `{name path} : ${quoted(other)}`)];
  if (prefix) parts.push(`{name path} : ${quoted(prefix)} *`);
  return parts.length > 1 ? `(${parts.join(' OR ')})` : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function countChunks(index: OpenIndex): number {
  const row = index.prepare('select value from facts where name = ?').get('counted');
  return Number(row?.value ?? 1_000);
}

function countTerm(index: OpenIndex, text: string): number {
  const common = index.prepare('select chunks from common_terms where term = ?').get(text);
  if (common) return Number(common.chunks);
  // A rare term: there are few to be counted.
  const row = index
    .prepare('select count(*) as n from (select 1 from words where words match ? limit 5000)')
    .get(quoted(text));
  return Number(row?.n ?? 0);
}
