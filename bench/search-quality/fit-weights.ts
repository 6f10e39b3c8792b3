import type { Features } from '../../packages/server/src/search/ask/features.ts';

/** The candidates of a question, and which of them is right. */
export interface Judgement {
  right: number;
  candidates: Features[];
}

type Weights = Record<keyof Features | 'bias', number>;

const rounds = 400;
const step = 0.5;
/** Keeps weights small that change little. */
const decay = 0.002;

/**
 * Fits the weights so that the right candidate is as likely as possible among all (a softmax over
 * each list, by gradient ascent), then the bias so that scores say how likely a candidate is right.
 */
export function fitWeights(
  judgements: readonly Judgement[],
  start: Weights,
  questions: number,
): { fitted: Weights; mrr: number } {
  const names = Object.keys(start).filter((name) => name !== 'bias') as (keyof Features)[];
  const lists = judgements.map(({ right, candidates }) => ({
    right,
    rows: candidates.map((features) => names.map((name) => features[name])),
  }));
  let weights = names.map((name) => start[name]);
  for (let round = 0; round < rounds; round += 1) {
    const gradient = names.map(() => 0);
    for (const { right, rows } of lists) {
      const scores = rows.map((row) => dot(row, weights));
      const most = Math.max(...scores);
      const likely = scores.map((score) => Math.exp(score - most));
      const total = likely.reduce((sum, one) => sum + one, 0);
      for (const [at, row] of rows.entries()) {
        const error = (at === right ? 1 : 0) - (likely[at] ?? 0) / total;
        for (const [index, value] of row.entries())
          gradient[index] = (gradient[index] ?? 0) + error * value;
      }
    }
    weights = weights.map((weight, index) => {
      const next = weight + step * ((gradient[index] ?? 0) / lists.length - decay * weight);
      // That words are there never speaks against a candidate.
      return names[index] === 'coverage' || names[index] === 'bm25' ? Math.max(0, next) : next;
    });
  }
  const fitted = Object.fromEntries(names.map((name, index) => [name, round(weights[index] ?? 0)]));
  return {
    fitted: { ...fitted, bias: round(fitBias(lists, weights)) } as Weights,
    mrr: lists.reduce((sum, list) => sum + reciprocalRank(list, weights), 0) / questions,
  };
}

/** So that of what has a score of .5, half are right: among the first ten of each list. */
function fitBias(
  lists: readonly { right: number; rows: number[][] }[],
  weights: readonly number[],
): number {
  const samples = lists.flatMap(({ right, rows }) =>
    rows
      .map((row, at) => ({ score: dot(row, weights), isRight: at === right }))
      .sort((a, b) => b.score - a.score)
      .slice(0, 10),
  );
  let low = -30;
  let high = 30;
  const right = samples.filter(({ isRight }) => isRight).length;
  for (let round = 0; round < 60; round += 1) {
    const bias = (low + high) / 2;
    const expected = samples.reduce((sum, { score }) => sum + 1 / (1 + Math.exp(-score - bias)), 0);
    if (expected > right) high = bias;
    else low = bias;
  }
  return (low + high) / 2;
}

function reciprocalRank(
  { right, rows }: { right: number; rows: number[][] },
  weights: readonly number[],
): number {
  const scores = rows.map((row) => dot(row, weights));
  const own = scores[right] ?? 0;
  const rank = 1 + scores.filter((score, at) => at !== right && score >= own).length;
  return rank <= 10 ? 1 / rank : 0;
}

function dot(row: readonly number[], weights: readonly number[]): number {
  return row.reduce((sum, value, index) => sum + value * (weights[index] ?? 0), 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
