import type { CodeHit, CodeQuery, SearchedProject } from '../code-engine.ts';
import type { FileMatch, LineMatch } from './zoekt-answer.ts';
import { tellingWords } from './zoekt-query.ts';

const mostContent = 500;
const mostPassage = 2_000;
/** At which score of Zoekt a line is half as good as one can be; BM25 has no largest one. */
const halfScore = 2;
/** That it has all the words of the question tells more than how rare they are. */
const shares = { covered: 0.6, ranked: 0.4 };

/** The lines of a file that answer the question. */
export function hitsOfFile(
  file: FileMatch,
  project: SearchedProject,
  { query, contextLines }: CodeQuery,
): CodeHit[] {
  if (!isInside(file.FileName)) return [];
  const notWords = query.notWords.map((word) => word.toLowerCase());
  return (file.LineMatches ?? []).flatMap((match): CodeHit[] => {
    const content = linesOf(match.Line)[0] ?? '';
    const lower = content.toLowerCase();
    if (match.FileName || match.LineNumber < 1) return [];
    if (notWords.some((word) => lower.includes(word))) return [];
    const before = linesOf(match.Before);
    const after = linesOf(match.After);
    const passage = [...before, content, ...after].join('\n').slice(0, mostPassage);
    return [
      {
        projectId: project.id,
        path: file.FileName,
        line: match.LineNumber,
        content: content.slice(0, mostContent),
        score: scoreOf(match.Score, query.words, content, passage),
        definition: definitionOf(match),
        passage,
        // Zoekt gives more than was asked for: a passage needs it.
        before: contextLines === 0 ? [] : before.slice(-contextLines).map(cut),
        after: after.slice(0, contextLines).map(cut),
        ranges: rangesOf(match),
      },
    ];
  });
}

/** What a server names must not lead out of the project. */
function isInside(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !path.includes('\0') &&
    !path.split('/').some((part) => part === '..')
  );
}

function linesOf(base64: string | null | undefined): string[] {
  if (!base64) return [];
  const text = Buffer.from(base64, 'base64').toString();
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function cut(line: string): string {
  return line.slice(0, mostContent);
}

/** Zoekt names the symbol whose name was matched, and not how far it goes. */
function definitionOf(match: LineMatch): CodeHit['definition'] {
  for (const { SymbolInfo: symbol } of match.LineFragments ?? []) {
    if (!symbol) continue;
    const { LineNumber: line } = match;
    return { name: symbol.Sym, kind: symbol.Kind, line, endLine: line };
  }
  return null;
}

function rangesOf({ Line, LineFragments }: LineMatch): [number, number][] {
  const bytes = Buffer.from(Line ?? '', 'base64');
  const unitsUpTo = (end: number) => bytes.subarray(0, end).toString().length;
  return (LineFragments ?? []).flatMap(({ LineOffset, MatchLength }): [number, number][] => {
    const start = unitsUpTo(LineOffset);
    const end = Math.min(mostContent, unitsUpTo(LineOffset + MatchLength));
    return start < end ? [[start, end]] : [];
  });
}

/** 0 to 1. What is looked for letter by letter is there, or it would not be a hit. */
function scoreOf(
  ranked: number,
  words: readonly string[],
  content: string,
  passage: string,
): number {
  const telling = tellingWords(words).map((word) => word.toLowerCase());
  const share = (text: string) => {
    const lower = text.toLowerCase();
    return telling.filter((word) => lower.includes(word)).length / telling.length;
  };
  const covered = telling.length === 0 ? 1 : (share(content) + share(passage)) / 2;
  const positive = Math.max(0, ranked);
  return shares.covered * covered + (shares.ranked * positive) / (positive + halfScore);
}
