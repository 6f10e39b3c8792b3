import type { Chunk } from '../chunks/chunk.ts';
import type { CodeHit } from '../code-engine.ts';
import type { CodeRequest } from './ask-request.ts';
import type { CurrentFile, IndexedFile } from './indexed-file.ts';

const longestContent = 500;
const longestPassage = 2_000;
/** Of a passage without a definition. */
const linesAround = 8;

/** Tells of a line of a file as it is now. */
export function makeHit(
  { projectId, contextLines }: Pick<CodeRequest, 'projectId' | 'contextLines'>,
  { file, current, chunk }: { file: IndexedFile; current: CurrentFile; chunk: Chunk | undefined },
  found: { line: number; score: number; ranges: (content: string) => [number, number][] },
): CodeHit {
  const { lines } = current;
  const { line, score } = found;
  const content = cut(lines[line - 1] ?? '');
  const { definition = null } = chunk ?? {};
  const [first, last] = definition
    ? [definition.line, definition.endLine]
    : [Math.max(1, line - linesAround), line + linesAround];
  return {
    projectId,
    path: file.path,
    line,
    content,
    score: Math.round(Math.min(1, Math.max(0, score)) * 1e4) / 1e4,
    definition: definition && { ...definition },
    passage: `${file.path}\n${lines.slice(first - 1, Math.min(last, first + 59)).join('\n')}`.slice(
      0,
      longestPassage,
    ),
    before: lines.slice(Math.max(0, line - 1 - contextLines), line - 1).map(cut),
    after: lines.slice(line, line + contextLines).map(cut),
    ranges: found.ranges(content).slice(0, 50),
  };
}

function cut(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  // A half of a pair at the end would be no text.
  return text.slice(0, longestContent).toWellFormed();
}

export function chunkAt(chunks: readonly Chunk[], line: number): Chunk | undefined {
  let from = 0;
  let to = chunks.length - 1;
  while (from <= to) {
    const middle = (from + to) >> 1;
    const chunk = chunks[middle];
    if (!chunk) return undefined;
    if (line < chunk.start) to = middle - 1;
    else if (line > chunk.end) from = middle + 1;
    else return chunk;
  }
  return undefined;
}
