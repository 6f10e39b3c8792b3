import type { Chunk } from '../chunks/chunk.ts';
import { namesAround } from '../chunks/names-around.ts';
import type { CodeHit } from '../code-engine.ts';
import { mostChunksOfFile } from '../index/schema.ts';
import type { Terms } from '../text/terms.ts';
import { acceptsFile } from './accepts-file.ts';
import type { CodeFound, CodeRequest } from './ask-request.ts';
import { type Features, featuresOf, scoreOf, worth } from './features.ts';
import { type CurrentFile, findFileById, type IndexedFile, readCurrent } from './indexed-file.ts';
import { makeHit } from './make-hit.ts';
import type { OpenIndex } from './open-indexes.ts';
import { askWords, type Question } from './question.ts';
import { termRanges } from './term-ranges.ts';

/** So many chunks are looked at closely. */
const mostCandidates = 200;
/** Of these, tests at most: they repeat the words of what they test. */
const mostTests = 40;
/** So many are looked at to find them; and so many only if filters have left out most of these. */
const passes = [1_000, 20_000];
/** What BM25 makes of a term in each column, as in the facts of a file: a name says most. */
const columnWeights = '16.0, 2.0, 1.0';

interface Candidate {
  file: IndexedFile;
  number: number;
  rank: number;
}

/** A chunk as it is now, and what speaks for it. */
export interface Judged {
  file: IndexedFile;
  current: CurrentFile;
  chunk: Chunk;
  features: Features;
  score: number;
}

/** Answers a question in words: the definitions, and other places, that fit best. */
export function findWords(request: CodeRequest, index: OpenIndex, terms: Terms): CodeFound {
  const question = askWords(request.query.words, index, terms);
  if (!question) return { hits: [], truncated: false, incomplete: null };
  const judged = judgeWords(request, question, index, terms);
  const hits: CodeHit[] = [];
  const notWords = request.query.notWords.map((word) => word.toLowerCase());
  for (const { file, current, chunk, score } of judged) {
    const line = lineToShow(chunk, current.lines, question, terms);
    const shown = (current.lines[line - 1] ?? '').toLowerCase();
    if (notWords.some((word) => shown.includes(word))) continue;
    hits.push(
      makeHit(
        request,
        { file, current, chunk },
        {
          line,
          score,
          ranges: (content) => termRanges(content, question.concepts, terms),
        },
      ),
    );
    if (hits.length === request.limit) break;
  }
  return { hits, truncated: judged.length > hits.length, incomplete: null };
}

/** The best chunks, each definition once, the best first. */
export function judgeWords(
  request: Pick<CodeRequest, 'directory' | 'query'>,
  question: Question,
  index: OpenIndex,
  terms: Terms,
): Judged[] {
  const byPlace = new Map<string, Judged>();
  const files = new Map<number, { current: CurrentFile; around: string[] } | undefined>();
  for (const { file, number, rank } of candidatesOf(question, request, index)) {
    if (!files.has(file.id)) {
      const current = readCurrent(request.directory, file);
      files.set(file.id, current && { current, around: namesAround(current.chunks) });
    }
    const { current, around: names = [] } = files.get(file.id) ?? {};
    const chunk = current && chunkNow(current, file, number);
    if (!current || !chunk) continue;
    const around = names[current.chunks.indexOf(chunk)] ?? '';
    const { path, isTest } = file;
    const measured = { chunk, lines: current.lines, path, around, isTest, rank };
    const features = featuresOf(measured, question, terms);
    // Nothing of the question is there any more.
    if (features.coverage === 0) continue;
    const score = scoreOf(features);
    const place = `${file.id}:${chunk.definition?.line ?? `-${chunk.start}`}`;
    if ((byPlace.get(place)?.score ?? -1) < score) {
      byPlace.set(place, { file, current, chunk, features, score });
    }
  }
  return [...byPlace.values()].sort(
    (a, b) => b.score - a.score || a.file.id - b.file.id || a.chunk.start - b.chunk.start,
  );
}

function candidatesOf(
  question: Question,
  request: Pick<CodeRequest, 'query'>,
  index: OpenIndex,
): Candidate[] {
  let candidates: Candidate[] = [];
  for (const mostPassed of passes) {
    const best = bestOf(question, request, index, mostPassed);
    candidates = best.candidates;
    if (candidates.length === mostCandidates || !best.areMore) break;
  }
  return candidates;
}

function bestOf(
  { match }: Question,
  { query }: Pick<CodeRequest, 'query'>,
  index: OpenIndex,
  mostPassed: number,
): { candidates: Candidate[]; areMore: boolean } {
  const accepts = acceptsFile(query);
  const files = new Map<number, IndexedFile | undefined>();
  const candidates: Candidate[] = [];
  let passed = 0;
  let tests = 0;
  // Not FTS5's own `rank`: ordered by that, it sorts all that match, however few are wanted.
  const statement = index.prepare(
    `select rowid, bm25(words, ${columnWeights}) as rank from words where words match ?
     order by 2, 1 limit ?`,
  );
  for (const row of statement.iterate(match, mostPassed)) {
    const id = Math.floor(Number(row.rowid) / mostChunksOfFile);
    if (!files.has(id)) files.set(id, findFileById(index, id));
    const file = files.get(id);
    const isOneTooMany = file?.isTest && tests >= mostTests;
    if (file && !isOneTooMany && accepts(file)) {
      if (file.isTest) tests += 1;
      candidates.push({
        file,
        number: Number(row.rowid) % mostChunksOfFile,
        rank: Number(row.rank),
      });
      if (candidates.length === mostCandidates) break;
    }
    passed += 1;
  }
  return { candidates, areMore: passed === mostPassed };
}

/** The chunk that the index means; in a file that has changed, the one of that name that is nearest. */
function chunkNow(current: CurrentFile, file: IndexedFile, number: number): Chunk | undefined {
  if (!current.hasChanged) return current.chunks[number];
  const [then, name] = chunkThen(file, number);
  if (!then) return undefined;
  return current.chunks
    .filter(({ definition }) => (definition?.name ?? null) === name)
    .sort((a, b) => Math.abs(a.start - then) - Math.abs(b.start - then))[0];
}

function chunkThen(file: IndexedFile, number: number): [number | undefined, string | null] {
  let start = 1;
  for (const [at, text] of file.outline.split('\n').entries()) {
    const [size = '1', offset, , , ...name] = text.split(' ');
    if (at === number) return [start, offset === undefined ? null : name.join(' ')];
    start += Number.parseInt(size, 36);
  }
  return [undefined, null];
}

/** A definition is shown by the line with its name; other code by the one that has most of the question. */
function lineToShow(
  chunk: Chunk,
  lines: readonly string[],
  { concepts }: Question,
  terms: Terms,
): number {
  if (chunk.definition) return chunk.definition.line;
  let best = chunk.start;
  let most = -1;
  for (let line = chunk.start; line <= chunk.end; line += 1) {
    const words = new Set(
      terms.ofText((lines[line - 1] ?? '').slice(0, 2_000)).map(({ text }) => text),
    );
    const found = concepts.reduce(
      (sum, concept) => sum + concept.weight * worth(concept, words),
      0,
    );
    if (found > most) {
      most = found;
      best = line;
    }
  }
  return best;
}
