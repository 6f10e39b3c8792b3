import type { Terms } from '../text/terms.ts';
import { worth } from './features.ts';
import type { Concept } from './question.ts';

const piece = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\0-\x7f]+/g;

/** Where a line has words that were asked for, as [start, end). */
export function termRanges(
  content: string,
  concepts: readonly Concept[],
  terms: Terms,
): [number, number][] {
  const ranges: [number, number][] = [];
  for (const match of content.matchAll(piece)) {
    const words = new Set(terms.ofWord(match[0]).map(({ text }) => text));
    if (words.size > 0 && concepts.some((concept) => worth(concept, words) > 0)) {
      ranges.push([match.index, match.index + match[0].length]);
    }
  }
  return ranges;
}
