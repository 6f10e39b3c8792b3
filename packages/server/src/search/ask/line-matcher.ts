import { compilePattern } from '../query/parse-query.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';

/** Finds what is asked for as it is: texts and patterns. */
export interface LineMatcher {
  /** How many texts and patterns there are. */
  size: number;
  /** Whether all of the texts are somewhere in a file, before its lines are looked at. */
  mayMatch(text: string): boolean;
  /** The lines that are to be looked at, from 0: others have none of it. */
  linesOf(file: { text: string; lines: readonly string[] }): Iterable<number>;
  /** Which of them are in a line, by their numbers, and where, as [start, end). */
  find(line: string): { found: Set<number>; ranges: [number, number][] };
}

const longestLine = 10_000;
const mostRangesOfLine = 20;

export function createLineMatcher({ literals, regexes, caseSensitive }: ParsedQuery): LineMatcher {
  const fold = (text: string) => (caseSensitive ? text : text.toLowerCase());
  const folded = literals.map(fold);
  const patterns = regexes.map((regex) => compilePattern(regex, caseSensitive));

  return {
    size: folded.length + patterns.length,
    mayMatch(text) {
      const whole = folded.length > 0 ? fold(text) : '';
      return folded.every((literal) => whole.includes(literal.split('\n', 1)[0] ?? literal));
    },
    linesOf({ text, lines }) {
      const whole = fold(text);
      // Where lowering has changed lengths, or there are patterns, all of them.
      if (patterns.length > 0 || whole.length !== text.length) return lines.keys();
      return linesWith(whole, folded);
    },
    find(line) {
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
    },
  };
}

/** By the places where the texts are, so that lines without any cost nothing. */
function linesWith(whole: string, literals: readonly string[]): number[] {
  const found = new Set<number>();
  for (const literal of literals) {
    let line = 0;
    let counted = 0;
    for (let at = whole.indexOf(literal); at >= 0; at = whole.indexOf(literal, at + 1)) {
      for (
        let end = whole.indexOf('\n', counted);
        end >= 0 && end < at;
        end = whole.indexOf('\n', counted)
      ) {
        line += 1;
        counted = end + 1;
      }
      found.add(line);
    }
  }
  return [...found].sort((a, b) => a - b);
}
