import { belongsToTests } from '../../scan/scores/is-test-file.ts';
import { rulesOf } from '../chunks/rules-of.ts';
import type { CodeHit } from '../code-engine.ts';
import { mostChunksOfFile } from '../index/schema.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';
import {
  allOf,
  matchExpression,
  type Requirement,
  trigramsOfLiteral,
  trigramsOfPattern,
} from '../query/required-trigrams.ts';
import type { Terms } from '../text/terms.ts';
import { acceptsFile } from './accepts-file.ts';
import type { CodeFound, CodeRequest } from './ask-request.ts';
import {
  type CurrentFile,
  findFileById,
  findFileByPath,
  type IndexedFile,
  readCurrent,
} from './indexed-file.ts';
import { createLineMatcher, type LineMatcher } from './line-matcher.ts';
import { chunkAt, makeHit } from './make-hit.ts';
import type { OpenIndex } from './open-indexes.ts';
import { runRipgrep } from './run-ripgrep.ts';

/** Of one file, so that others are seen, too; unless there are none. */
const mostLinesOfFile = 200;
const mostDefinitions = 50;

/** Answers a question for texts and patterns: the lines in which they are now. */
export function findLines(
  request: CodeRequest,
  index: OpenIndex | undefined,
  terms: Terms,
): CodeFound {
  const { query, directory, limit, patienceMs } = request;
  const deadline = performance.now() + patienceMs;
  const matcher = createLineMatcher(query);
  const accepts = acceptsFile(query);
  const wanted = terms
    .ofText(query.words.join(' '))
    .filter(({ isStop }) => !isStop)
    .map(({ text }) => text);
  const { files, incomplete } = candidatesOf(request, index, terms);
  const lines: FoundLine[] = [];
  let filesWithHits = 0;
  let isLate = false;
  let isCut = false;
  for (const file of files) {
    if (filesWithHits >= limit) isCut = true;
    if (performance.now() > deadline) isLate = true;
    if (isCut || isLate) break;
    if (!accepts(file)) continue;
    const current = readCurrent(directory, file);
    if (!current) continue;
    const found = linesOf(request, { file, current, matcher, wanted, terms });
    if (found.length > 0) filesWithHits += 1;
    lines.push(...found);
  }
  lines.sort((a, b) => b.score - a.score);
  return {
    hits: lines.slice(0, limit).map((line) => hitOf(request, line)),
    truncated: isCut || isLate || lines.length > limit,
    incomplete: isLate ? `the search was ended after ${patienceMs} ms` : incomplete,
  };
}

/** A line of an answer, before what is told of it is made. */
interface FoundLine {
  file: IndexedFile;
  current: CurrentFile;
  number: number;
  chunk: ReturnType<typeof chunkAt>;
  score: number;
  ranges: [number, number][];
}

function hitOf(
  request: CodeRequest,
  { file, current, number, chunk, score, ranges }: FoundLine,
): CodeHit {
  const inside = (content: string) =>
    ranges.flatMap(([from, to]): [number, number][] =>
      from < content.length ? [[from, Math.min(to, content.length)]] : [],
    );
  return makeHit(request, { file, current, chunk }, { line: number, score, ranges: inside });
}

interface Look {
  file: IndexedFile;
  current: CurrentFile;
  matcher: LineMatcher;
  wanted: readonly string[];
  terms: Terms;
}

function linesOf(request: CodeRequest, look: Look): FoundLine[] {
  const { file, current, matcher } = look;
  const notWords = request.query.notWords.map((word) => word.toLowerCase());
  const hits: FoundLine[] = [];
  const inFile = new Set<number>();
  for (const { number, line, found, ranges } of matcher.matches(current.text)) {
    for (const one of found) inFile.add(one);
    if (hits.length >= mostLinesOfFile) continue;
    if (notWords.length > 0) {
      const lower = line.toLowerCase();
      if (notWords.some((word) => lower.includes(word))) continue;
    }
    const chunk = chunkAt(current.chunks, number);
    const share = found.size / matcher.size;
    const score = scoreOfLine(look, { line, number, chunk, share, ranges });
    hits.push({ file, current, number, chunk, score, ranges });
  }
  // All of what is asked for is somewhere in the file.
  return inFile.size === matcher.size ? hits : [];
}

/** Where it is defined comes before where it is used, and the product before its tests. */
function scoreOfLine(
  { file, current, wanted, terms }: Look,
  found: {
    line: string;
    number: number;
    chunk: ReturnType<typeof chunkAt>;
    share: number;
    ranges: [number, number][];
  },
): number {
  const { line, number, chunk, share, ranges } = found;
  const definition = chunk?.definition;
  const isWhole = ranges.some(
    ([from, to]) => !/\w/.test(line[from - 1] ?? '') && !/\w/.test(line[to] ?? ''),
  );
  const nameAt = definition?.line === number ? line.indexOf(definition.name) : -1;
  const isName =
    nameAt >= 0 &&
    ranges.some(([from, to]) => from < nameAt + (definition?.name.length ?? 0) && to > nameAt);
  let score = 0.4 + 0.15 * share;
  if (isWhole) score += 0.1;
  if (isName) score += isWhole ? 0.3 : 0.2;
  else if (definition) score += 0.03;
  if (file.isTest) score -= 0.1;
  if (wanted.length > 0 && chunk) {
    const words = new Set(
      terms
        .ofText(current.lines.slice(chunk.start - 1, chunk.end).join('\n'))
        .map(({ text }) => text),
    );
    score += 0.3 * (wanted.filter((word) => words.has(word)).length / wanted.length) - 0.15;
  }
  return score;
}

interface Candidates {
  files: Iterable<IndexedFile>;
  incomplete: string | null;
}

function candidatesOf(
  request: CodeRequest,
  index: OpenIndex | undefined,
  terms: Terms,
): Candidates {
  const { query, directory, ripgrep, patienceMs } = request;
  const need = allOf([
    ...query.literals.map(trigramsOfLiteral),
    ...query.regexes.map(trigramsOfPattern),
  ]);
  if (index && need !== null) {
    return { files: fromIndex(index, need, query, terms), incomplete: null };
  }
  if (!ripgrep) {
    return {
      files: index ? everyFile(index) : [],
      incomplete: index ? null : 'there is no index yet',
    };
  }
  const { files, incomplete } = runRipgrep(ripgrep, directory, query, patienceMs);
  return { files: named(files, index), incomplete };
}

function* fromIndex(
  index: OpenIndex,
  need: Exclude<Requirement, null>,
  query: ParsedQuery,
  terms: Terms,
): Generator<IndexedFile> {
  const seen = new Set<number>();
  // First those that define something of that name, which may be far behind in the index.
  for (const file of definingFiles(index, query, terms)) {
    seen.add(file.id);
    yield file;
  }
  // A generator that is left midway must not leave a statement of others running.
  const rows = index.prepare('select rowid from trigrams where trigrams match ?');
  for (const row of rows.iterate(matchExpression(need))) {
    const id = Number(row.rowid);
    const file = seen.has(id) ? undefined : findFileById(index, id);
    if (file) yield file;
  }
}

function* definingFiles(
  index: OpenIndex,
  { literals, regexes }: ParsedQuery,
  terms: Terms,
): Generator<IndexedFile> {
  const [literal = ''] = literals;
  const words =
    regexes.length === 0 && /^[\w$.-]{3,80}$/.test(literal) ? terms.ofText(literal) : [];
  if (words.length === 0) return;
  const match = words.map(({ text }) => `name : "${text}"`).join(' AND ');
  const rows = index.prepare('select rowid from words where words match ? limit 500').all(match);
  const ids = new Set(rows.map(({ rowid }) => Math.floor(Number(rowid) / mostChunksOfFile)));
  const name = literal.toLowerCase();
  let found = 0;
  for (const id of ids) {
    const file = findFileById(index, id);
    // Words meet by their stems: `dialed` is none of the names in a file that defines `dial`.
    if (!file?.outline.toLowerCase().includes(name)) continue;
    yield file;
    found += 1;
    if (found === mostDefinitions) return;
  }
}

function* everyFile(index: OpenIndex): Generator<IndexedFile> {
  for (const { id } of index.prepare('select id from files').all()) {
    const file = findFileById(index, Number(id));
    if (file) yield file;
  }
}

/** Files by their names; those that the index does not have are no part of the project. */
function* named(files: readonly string[], index: OpenIndex | undefined): Generator<IndexedFile> {
  for (const path of files) {
    if (index) {
      const file = findFileByPath(index, path);
      if (file) yield file;
    } else {
      // Of a size that no file has, so that it is split as it is now.
      const { name: language } = rulesOf(path);
      yield {
        id: 0,
        path,
        size: -1,
        modified: 0,
        language,
        isTest: belongsToTests(path),
        outline: '',
      };
    }
  }
}
