import type { Chunk } from '../chunks/chunk.ts';
import type { Terms } from '../text/terms.ts';

/** So often is a term of a chunk kept: how often beyond that says nothing more. */
const mostRepeats = 3;
const mostTermsOfChunk = 600;

/** What the table of words takes of a chunk; `null`: nothing. */
export interface ChunkWords {
  name: string;
  body: string;
}

/** The words of a chunk, for the index. Names keep all of theirs: `to_json` has `to`. */
export function wordsOfChunk(
  chunk: Chunk,
  lines: readonly string[],
  terms: Terms,
): ChunkWords | null {
  const counts = new Map<string, number>();
  const kept: string[] = [];
  for (let index = chunk.start - 1; index < chunk.end; index += 1) {
    const line = lines[index] ?? '';
    if (line.length > 2_000) continue;
    terms.each(line, ({ text, isStop }) => {
      if (isStop) return;
      const count = (counts.get(text) ?? 0) + 1;
      counts.set(text, count);
      if (count <= mostRepeats && kept.length < mostTermsOfChunk) kept.push(text);
    });
    if (kept.length >= mostTermsOfChunk) break;
  }
  if (kept.length === 0 && !chunk.definition) return null;
  return { name: nameWords(chunk, terms), body: kept.join(' ') };
}

function nameWords({ definition }: Chunk, terms: Terms): string {
  if (!definition) return '';
  return terms
    .ofText(definition.name)
    .map(({ text }) => text)
    .join(' ');
}

export function pathWords(path: string, terms: Terms): string {
  return terms
    .ofText(path)
    .map(({ text }) => text)
    .slice(-20)
    .join(' ');
}
