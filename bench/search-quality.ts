// How often a search finds the right function first: the questions are the first sentences of functions'
// documentation, which was taken out of the code before; everything is searched at once.
//
//   node bench/search-quality.ts --dev a,b,c --test d,e,f [--questions 60] [--fit]
//
// Folders of repositories, Python and JavaScript. Weights may be fitted on those of --dev alone, with
// --fit; what counts is --test. Compared with FTS5 as it comes: the same chunks, the same ranking.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { weights } from '../packages/server/src/search/ask/features.ts';
import { judgeWords } from '../packages/server/src/search/ask/find-words.ts';
import {
  createOpenIndexes,
  type OpenIndex,
} from '../packages/server/src/search/ask/open-indexes.ts';
import { askWords } from '../packages/server/src/search/ask/question.ts';
import { updateIndex } from '../packages/server/src/search/index/update-index.ts';
import { parseQuery } from '../packages/server/src/search/query/parse-query.ts';
import { createTerms } from '../packages/server/src/search/text/terms.ts';
import { makeCorpus, type Question } from './search-quality/corpus.ts';
import { fitWeights, type Judgement } from './search-quality/fit-weights.ts';
import { rawIndex } from './search-quality/raw-index.ts';

const { values } = parseArgs({
  options: {
    dev: { type: 'string', default: '' },
    test: { type: 'string', default: '' },
    questions: { type: 'string', default: '60' },
    fit: { type: 'boolean', default: false },
  },
});
const dev = values.dev.split(',').filter((name) => name !== '');
const tested = values.test.split(',').filter((name) => name !== '');
if (dev.length + tested.length === 0) throw new Error('name folders: --dev a,b --test c,d');
const mostOfEach = Number(values.questions);
const folder = mkdtempSync(path.join(tmpdir(), 'borgos-bench-'));
const corpus = path.join(folder, 'corpus');
const terms = createTerms();

try {
  const all = makeCorpus([...dev, ...tested], corpus);
  const file = path.join(folder, 'index.db');
  const { filesTotal } = updateIndex({ directory: corpus, file, isUnknown: false });
  const index = createOpenIndexes().get(file);
  if (!index) throw new Error('there is no index');
  const raw = rawIndex(corpus, new DatabaseSync(path.join(folder, 'raw.db')));
  console.log(
    `${filesTotal} files, ${all.length} questions, at most ${mostOfEach} of a repository`,
  );
  if (dev.length > 0) measure('development', sampled(all, dev), index, raw, values.fit);
  if (tested.length > 0) measure('test', sampled(all, tested), index, raw, false);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The same ones each time, spread over the repository. */
function sampled(all: readonly Question[], repositories: readonly string[]): Question[] {
  return repositories.flatMap((repository) => {
    const own = all.filter((question) => question.repository === path.basename(repository));
    const step = Math.max(1, own.length / mostOfEach);
    const count = Math.min(mostOfEach, own.length);
    return Array.from({ length: count }, (_, at) => own[Math.floor(at * step)]).filter(
      (one) => one !== undefined,
    );
  });
}

function measure(
  name: string,
  questions: readonly Question[],
  index: OpenIndex,
  raw: (text: string) => { path: string; line: number }[],
  isFitted: boolean,
): void {
  const judgements: Judgement[] = [];
  const ranks: number[] = [];
  const rawRanks: number[] = [];
  const took: number[] = [];
  for (const question of questions) {
    const start = performance.now();
    const query = parseQuery(question.text);
    const asked = askWords(query.words, index, terms);
    const judged = asked ? judgeWords({ directory: corpus, query }, asked, index, terms) : [];
    took.push(performance.now() - start);
    const isRight = ({ path, line }: { path: string; line: number }) =>
      path === question.path && line === question.line;
    const places = judged.map(({ file, chunk }) => ({
      path: file.path,
      line: chunk.definition?.line ?? -1,
    }));
    const right = places.findIndex(isRight);
    ranks.push(right + 1);
    rawRanks.push(raw(question.text).findIndex(isRight) + 1);
    if (right >= 0) judgements.push({ right, candidates: judged.map(({ features }) => features) });
  }
  const own = report(`${name}, ${questions.length} questions`, ranks);
  const plain = report(`  FTS5 as it comes`, rawRanks);
  const share = ranks.filter((rank) => rank > 0).length / ranks.length;
  console.log(
    `  among the candidates: ${(share * 100).toFixed(0)} %; p50 ${median(took).toFixed(0)} ms`,
  );
  verdict('MRR', own.mrr, 0.45);
  verdict('recall', own.recall, 0.65);
  verdict('times the MRR of FTS5', own.mrr / plain.mrr, 2.4);
  if (isFitted) {
    const { fitted, mrr } = fitWeights(judgements, weights, questions.length);
    console.log(`  fitted: MRR ${mrr.toFixed(3)}`, fitted);
  }
}

function report(name: string, ranks: readonly number[]): { mrr: number; recall: number } {
  const within = ranks.map((rank) => (rank > 0 && rank <= 10 ? rank : Number.POSITIVE_INFINITY));
  const mrr = within.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length;
  const recall = within.filter(Number.isFinite).length / ranks.length;
  console.log(`${name}: MRR@10 ${mrr.toFixed(3)}, recall@10 ${recall.toFixed(3)}`);
  return { mrr, recall };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function verdict(what: string, value: number, least: number): void {
  const isMet = value >= least;
  console.log(`  ${value.toFixed(2)} ${what} (target ${least}, ${isMet ? 'met' : 'MISSED'})`);
  if (!isMet) process.exitCode = 1;
}
