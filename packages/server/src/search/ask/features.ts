import type { Chunk } from '../chunks/chunk.ts';
import type { Term, Terms } from '../text/terms.ts';
import type { Concept, Question } from './question.ts';

/** What speaks for a chunk as the answer to a question, each from 0 to 1. */
export interface Features {
  /** BM25, as a part of the most that the question could have. */
  bm25: number;
  /** How much of the question is in the chunk at all, by its weight. */
  coverage: number;
  /** How much of it is in the name. */
  nameCoverage: number;
  /** How much of the name was asked for. */
  namePrecision: number;
  /** Both at once: the name is what was asked for, no more and no less. */
  exactName: number;
  /** How much of it is in the path. */
  path: number;
  isDefinition: number;
  /** How many words follow each other as in the question. */
  bigrams: number;
  /** The longer, the more words are there by chance. */
  length: number;
  isTest: number;
}

/**
 * Fitted by bench/search-quality.ts on its development set; the bias so that the best answer to half of
 * its questions, whole sentences, has more than .5.
 */
export const weights: Record<keyof Features | 'bias', number> = {
  bias: -11.6,
  bm25: 4.95,
  coverage: 4.86,
  nameCoverage: 3.59,
  namePrecision: 1.38,
  exactName: 1.69,
  path: 1.53,
  isDefinition: 1.62,
  bigrams: 2.25,
  length: 0.86,
  isTest: -3.58,
};

/** 0 to 1: the same features are the same score, whatever the project and the question. */
export function scoreOf(features: Features): number {
  let sum = weights.bias;
  for (const [name, value] of Object.entries(features))
    sum += weights[name as keyof Features] * value;
  return 1 / (1 + Math.exp(-sum));
}

export interface Measured {
  chunk: Chunk;
  lines: readonly string[];
  path: string;
  /** The names of the definitions that it lies in. */
  around: string;
  isTest: boolean;
  /** As FTS5 tells it: negative, the less the better. */
  rank: number;
}

/** BM25's own: what a term is counted at most, of its weight. */
const mostOfTerm = 2.2;
/** A beginning or another way to write it is worth less than the word itself. */
const worthOfOther = 0.8;

export function featuresOf(
  { chunk, lines, path, around, isTest, rank }: Measured,
  question: Question,
  terms: Terms,
): Features {
  const { concepts, pairs } = question;
  const total = concepts.reduce((sum, { weight }) => sum + weight, 0);
  const name = (chunk.definition ? terms.ofText(chunk.definition.name) : []).map(
    ({ text }) => text,
  );
  const body = new Set<string>();
  const follows = new Set<string>();
  let before = '';
  for (let at = chunk.start - 1; at < chunk.end; at += 1) {
    const line = lines[at] ?? '';
    if (line.length > 2_000) continue;
    terms.each(line, ({ text, isStop }: Term) => {
      if (isStop) return;
      body.add(text);
      if (pairs.length > 0) follows.add(`${before} ${text}`);
      before = text;
    });
  }
  const inPath = new Set(terms.ofText(path).map(({ text }) => text));
  const names = new Set(name);
  const outside = new Set(terms.ofText(around).map(({ text }) => text));
  const share = (words: ReadonlySet<string>) =>
    concepts.reduce((sum, concept) => sum + concept.weight * worth(concept, words), 0) / total;
  const everywhere = new Set([...body, ...inPath, ...outside, ...names]);
  const wanted = name.filter((text) =>
    concepts.some((concept) => worth(concept, new Set([text])) > 0),
  );
  const lookedFor = concepts.reduce(
    (sum, { weight, isLookedFor }) => sum + (isLookedFor ? weight : 0),
    0,
  );
  const nameCoverage = share(names);
  const namePrecision = name.length > 0 ? wanted.length / name.length : 0;
  return {
    bm25: Math.min(1, -rank / (lookedFor * mostOfTerm)),
    coverage: share(everywhere),
    nameCoverage,
    namePrecision,
    exactName: nameCoverage * namePrecision,
    path: share(inPath),
    isDefinition: chunk.definition && chunk.definition.kind !== 'section' ? 1 : 0,
    bigrams:
      pairs.length > 0
        ? pairs.filter(([first, second]) => follows.has(`${first} ${second}`)).length / pairs.length
        : 0,
    length: Math.min(1, Math.log2(1 + chunk.end - chunk.start) / 6),
    isTest: isTest ? 1 : 0,
  };
}

/** How much of a concept is there. */
export function worth({ text, others, prefix }: Concept, words: ReadonlySet<string>): number {
  if (words.has(text)) return 1;
  if (others.some((other) => words.has(other))) return worthOfOther;
  if (!prefix) return 0;
  for (const word of words) if (word.startsWith(prefix)) return worthOfOther;
  return 0;
}
