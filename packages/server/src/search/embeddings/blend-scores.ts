/** How much the meaning counts beside the words: as much, as neither is right alone. */
const meaningShare = 0.5;

/**
 * Scores by words and by meaning in one, 0 to 1.
 * @param scores of all passages, by their words
 * @param cosines of the first of them; `undefined` where one is not known, which counts as the mean
 */
export function blendScores(
  scores: readonly number[],
  cosines: readonly (number | undefined)[],
): number[] {
  const known = cosines.filter((cosine) => cosine !== undefined);
  const least = Math.min(...known);
  const range = Math.max(...known) - least;
  const mean = known.reduce((sum, cosine) => sum + cosine, 0) / known.length;
  // The cosines of one model lie between 0.7 and 0.9, those of another between 0 and 0.6: only how
  // they differ tells something. The best has the score of the best by words, lest scores of
  // different questions lose their common scale.
  const best = Math.max(0, ...scores.slice(0, cosines.length));
  return scores.map((score, at) => {
    const byWords = (1 - meaningShare) * score;
    if (at >= cosines.length) return bounded(byWords);
    const nearness = range > 0 ? ((cosines[at] ?? mean) - least) / range : 0.5;
    return bounded(byWords + meaningShare * best * nearness);
  });
}

function bounded(score: number): number {
  return Math.min(1, Math.max(0, score));
}
