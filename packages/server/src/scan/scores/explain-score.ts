import type { ExplainedScore, ScoreCheck } from '@borgos/contracts/scans';

/** Below so many applicable points of 100 a score says little. */
const confident = 50;

/**
 * What the checks earned of what they could, from 0 to 100. What does not apply counts neither for
 * nor against; the cap comes last. Where nothing applies nothing is earned: 0, with low confidence.
 */
export function explainScore(checks: ScoreCheck[], cap: ExplainedScore['cap']): ExplainedScore {
  const applying = checks.filter(({ status }) => status !== 'n/a');
  const applicable = applying.reduce((sum, { max }) => sum + max, 0);
  const earned = applying.reduce((sum, { points }) => sum + points, 0);
  const uncapped = applicable === 0 ? 0 : Math.round((100 * earned) / applicable);
  return {
    score: Math.min(Math.max(0, Math.min(100, uncapped)), cap?.at ?? 100),
    confidence: applicable < confident ? 'low' : 'high',
    cap,
    checks,
  };
}
