import type { ScoreCheck } from '@borgos/contracts/scans';
import type { ScanFacts } from './scan-facts.ts';

/** One reason for a score. It is pure: the same facts at the same moment give the same points. */
export type Check = (facts: ScanFacts, now: Date) => ScoreCheck;

export type Evidence = ScoreCheck['evidence'][number];

interface Head {
  id: string;
  title: string;
  max: number;
}

interface Finding {
  /** The share of the points that is earned, from 0 to 1. */
  part: number;
  /** The most telling first; more than 20 are cut. */
  evidence?: readonly Evidence[];
  why: string;
  /** Dropped where nothing is left to earn. */
  fix: string;
}

/** What is shown of many; whoever has more may stop there. */
export const mostEvidence = 20;
const longestValue = 200;

/** The result of a check that applies. Its points are rounded first, and its status is theirs. */
export function scored({ id, title, max }: Head, finding: Finding): ScoreCheck {
  const points = Math.round(max * within(finding.part) * 100) / 100;
  return {
    id,
    title,
    points,
    max,
    status: points >= max ? 'pass' : points > 0 ? 'partial' : 'fail',
    evidence: (finding.evidence ?? []).slice(0, mostEvidence),
    why: finding.why,
    fix: points >= max ? null : finding.fix,
  };
}

/** The result of a check that has nothing to judge. */
export function notApplicable({ id, title, max }: Head, why: string): ScoreCheck {
  return { id, title, points: 0, max, status: 'n/a', evidence: [], why, fix: null };
}

/** 0 at `a` and before, 1 at `b` and after, and a straight line between. */
export function lin(x: number, a: number, b: number): number {
  return within((x - a) / (b - a));
}

/** `part` of `whole`; 0 where there is no whole. */
export function shareOf(part: number, whole: number): number {
  return whole > 0 ? within(part / whole) : 0;
}

export function seen(file: string | null, value: string, line: number | null = null): Evidence {
  const oneLine = value.replace(/\s+/g, ' ').trim();
  return {
    file,
    line,
    value: oneLine.length > longestValue ? `${oneLine.slice(0, longestValue - 1)}…` : oneLine,
  };
}

function within(part: number): number {
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
}
