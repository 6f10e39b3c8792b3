import { compilePattern } from '../query/parse-query.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';
import { oneRequired, trigramsOfPattern } from '../query/required-trigrams.ts';

/** Finds what is asked for as it is: texts and patterns. */
export interface LineMatcher {
  /** How many texts and patterns there are. */
  size: number;
  /** The lines of a file that have some of it, in their order; none where one of the texts is nowhere. */
  matches(text: string): Generator<MatchedLine>;
}

export interface MatchedLine {
  /** From 1. */
  number: number;
  line: string;
  /** Which of the texts and patterns are in it, by their numbers. */
  found: Set<number>;
  /** Where, as [start, end). */
  ranges: [number, number][];
}

const longestLine = 10_000;
const mostRangesOfLine = 20;

export function createLineMatcher({ literals, regexes, caseSensitive }: ParsedQuery): LineMatcher {
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase());
  const folded = literals.map(fold);
  const firstLines = folded.map((literal) => literal.split('\n', 1)[0] ?? literal);
  const patterns = regexes.map((regex) => compilePattern(regex, caseSensitive));
  // What a line must have at least one of, so that the others are not looked at; `null`: not known.
  const needed = regexes.map((regex) => oneRequired(trigramsOfPattern(regex)));
  const marks = needed.every((text) => text !== undefined)
    ? [...literals.map((literal) => literal.toLowerCase()), ...needed]
    : null;

  function find(line: string): Pick<MatchedLine, 'found' | 'ranges'> {
    const text = line.slice(0, longestLine);
    const found = new Set<number>();
    const ranges: [number, number][] = [];
    const lower = folded.length > 0 ? fold(text) : '';
    for (const [number, literal] of folded.entries()) {
      for (
        let at = lower.indexOf(literal);
        at >= 0;
        at = lower.indexOf(literal, at + literal.length)
      ) {
        found.add(number);
        // Where lowering has changed the length, only that it is there is known.
        if (lower.length === text.length) ranges.push([at, at + literal.length]);
        if (ranges.length >= mostRangesOfLine) break;
      }
    }
    for (const [index, pattern] of patterns.entries()) {
      pattern.lastIndex = 0;
      for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
        found.add(folded.length + index);
        if (match[0] === '') break;
        ranges.push([match.index, match.index + match[0].length]);
        if (ranges.length >= mostRangesOfLine) break;
      }
    }
    return { found, ranges: ranges.sort((a, b) => a[0] - b[0]) };
  }

  return {
    size: folded.length + patterns.length,
    *matches(text) {
      const lower = marks || folded.length > 0 ? text.toLowerCase() : '';
      if (!firstLines.every((line) => (caseSensitive ? text : lower).includes(line))) return;
      // Where lowering has changed lengths, its places are not those of the text.
      const starts =
        marks && lower.length === text.length ? startsWith(lower, marks) : everyStart(text);
      let number = 1;
      let counted = 0;
      for (const start of starts) {
        const end = text.indexOf('\n', start);
        const line = text.slice(start, end < 0 ? text.length : end);
        const { found, ranges } = find(line);
        if (found.size === 0) continue;
        // Counted as late as this: most files have the trigrams of a pattern, but no match.
        for (; counted < start; counted = text.indexOf('\n', counted) + 1) number += 1;
        yield { number, line, found, ranges };
      }
    },
  };
}

/** Where the lines begin that have one of some texts. */
function startsWith(whole: string, texts: readonly string[]): number[] {
  const starts = new Set<number>();
  for (const wanted of texts) {
    for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + 1)) {
      starts.add(whole.lastIndexOf('\n', at) + 1);
      // Once a line is enough.
      const end = whole.indexOf('\n', at);
      if (end < 0) break;
      at = end;
    }
  }
  return [...starts].sort((a, b) => a - b);
}

function* everyStart(text: string): Generator<number> {
  for (let start = 0; start < text.length; ) {
    yield start;
    const end = text.indexOf('\n', start);
    if (end < 0) return;
    start = end + 1;
  }
}
