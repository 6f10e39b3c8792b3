import type { ExplainedScore } from '@borgos/contracts/scans';
import { explainedScore } from '@borgos/contracts/scans';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainScore } from './explain-score.ts';
import { scoreProject } from './score-project.ts';
import { emptyFacts, factsOf, fault, now, perfectFacts } from './testing/example-facts.ts';
import { randomFacts } from './testing/random-facts.ts';

const kinds = ['health', 'vibe', 'eco'] as const;

function sumOf({ checks }: ExplainedScore, field: 'points' | 'max'): number {
  return checks.filter(({ status }) => status !== 'n/a').reduce((sum, one) => sum + one[field], 0);
}

describe('the scores of a project', () => {
  test('that lacks nothing are 100, and nothing is left to mend', () => {
    const scores = scoreProject(perfectFacts, now);
    for (const kind of kinds) {
      expect(scores[kind]).toMatchObject({ score: 100, confidence: 'high', cap: null });
      const lacking = scores[kind].checks.filter(({ status, fix }) => status !== 'pass' || fix);
      expect(lacking).toEqual([]);
    }
  });

  test('are each made of 100 points, with a name for each check that none other has', () => {
    const scores = scoreProject(emptyFacts, now);
    for (const kind of kinds) {
      expect(scores[kind].checks.reduce((sum, { max }) => sum + max, 0)).toBe(100);
      const ids = scores[kind].checks.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
    expect(scores.formula_version).toBe(1);
  });

  test('without any files are 0 with low confidence, and only what is missing counts against it', () => {
    const scores = scoreProject(emptyFacts, now);
    for (const kind of kinds) {
      expect(scores[kind]).toMatchObject({ score: 0, confidence: 'low', cap: null });
    }
    const failing = kinds.flatMap((kind) =>
      scores[kind].checks.filter(({ status }) => status !== 'n/a').map(({ id }) => id),
    );
    expect(failing).toEqual(['readme', 'licence', 'readme_quality', 'contributing']);
  });

  test('leave out what does not apply', () => {
    const with_ = scoreProject(perfectFacts, now).health;
    const without = scoreProject({ ...perfectFacts, coverage: null, vulnerabilities: null }, now);
    expect(sumOf(with_, 'max') - sumOf(without.health, 'max')).toBe(20);
    expect(without.health).toMatchObject({ score: 100, confidence: 'high' });
  });

  test('are rounded and never below 0 or above 100', () => {
    const check = (points: number, max: number) => ({
      id: 'x',
      title: 'x',
      points,
      max,
      status: 'partial' as const,
      evidence: [],
      why: '',
      fix: null,
    });
    expect(explainScore([check(2, 3)], null)).toMatchObject({ score: 67, confidence: 'low' });
    expect(explainScore([check(80, 70)], null)).toMatchObject({ score: 100, confidence: 'high' });
    expect(explainScore([check(-5, 50)], null)).toMatchObject({ score: 0, confidence: 'high' });
    expect(explainScore([check(49.9, 49.9)], null).confidence).toBe('low');
    expect(explainScore([check(60, 100)], { at: 49, why: '' }).score).toBe(49);
    expect(explainScore([check(30, 100)], { at: 49, why: '' }).score).toBe(30);
  });
});

describe('health is capped', () => {
  test.each([
    ['at 49 by the markers of a conflict', { faults: [fault('conflict', 'a.ts')] }, 49],
    ['at 49 by more than 5 % of bad files', { parsed_files: 100, bad_files: 6 }, 49],
    ['at 59 by a verified secret', { faults: [fault('secret', 'a.ts', 'critical')] }, 59],
    [
      'at the lower of two caps',
      { faults: [fault('secret', 'a.ts', 'critical'), fault('conflict', 'a.ts')] },
      49,
    ],
  ])('%s', (_, some, at) => {
    const { health, vibe } = scoreProject({ ...perfectFacts, ...some }, now);
    expect(health).toMatchObject({ score: at, cap: { at, why: expect.stringMatching(/\d/) } });
    expect(vibe.cap).toBeNull();
  });

  test.each([
    ['by 5 % of bad files', { parsed_files: 100, bad_files: 5 }],
    ['by what only looks like a secret', { faults: [fault('secret', 'a.ts', 'warning')] }],
  ])('not %s', (_, some) => {
    const { health } = scoreProject({ ...perfectFacts, ...some }, now);
    expect(health.cap).toBeNull();
    expect(health.score).toBeGreaterThan(70);
  });
});

describe('whatever the facts are', () => {
  test('the answer is what the contract says, and its points add up to the score', () => {
    fc.assert(
      fc.property(randomFacts, (facts) => {
        const scores = scoreProject(facts, now);
        for (const kind of kinds) {
          const score = explainedScore.parse(scores[kind]);
          for (const { points, max, status, fix } of score.checks) {
            expect(points).toBeGreaterThanOrEqual(0);
            expect(points).toBeLessThanOrEqual(max);
            expect(Math.abs(points * 100 - Math.round(points * 100))).toBeLessThan(1e-6);
            if (status === 'pass') expect(points).toBe(max);
            if (status === 'fail') expect(points).toBe(0);
            expect(fix === null).toBe(status === 'pass' || status === 'n/a');
          }
          const max = sumOf(score, 'max');
          const uncapped = max === 0 ? 0 : Math.round((100 * sumOf(score, 'points')) / max);
          expect(score.score).toBe(Math.min(uncapped, score.cap?.at ?? 100));
          expect(score.confidence).toBe(max < 50 ? 'low' : 'high');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('every text is a sentence, and none has a value that is not there', () => {
    fc.assert(
      fc.property(randomFacts, (facts) => {
        const scores = scoreProject(facts, now);
        for (const { why, fix } of kinds.flatMap((kind) => scores[kind].checks)) {
          for (const said of fix === null ? [why] : [why, fix]) {
            expect(said).toMatch(/^.{10,}\.$/s);
            // What names of files and packages bring in is not ours.
            if (!JSON.stringify([facts, ...facts.texts]).match(/NaN|undefined|Infinity/)) {
              expect(said).not.toMatch(/NaN|undefined|Infinity|\[object/);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the same facts give the same scores, and stay as they were', () => {
    fc.assert(
      fc.property(randomFacts, (facts) => {
        const before = structuredClone(facts);
        const first = scoreProject(facts, now);
        expect(scoreProject(facts, now)).toEqual(first);
        expect(facts).toEqual(before);
      }),
    );
  });

  test('more coverage never lowers health', () => {
    fc.assert(
      fc.property(randomFacts, percent(), percent(), (facts, one, other) => {
        const [less, more] = [one, other]
          .sort((a, b) => a - b)
          .map((percent) =>
            scoreProject({ ...facts, coverage: { percent, file: 'lcov.info' } }, now),
          );
        expect(more?.health.score).toBeGreaterThanOrEqual(less?.health.score ?? 101);
      }),
    );
  });

  test('more bad files never raise health', () => {
    fc.assert(
      fc.property(randomFacts, fc.nat({ max: 500 }), fc.nat({ max: 500 }), (facts, one, other) => {
        const [few, many] = [one, other]
          .sort((a, b) => a - b)
          .map((bad_files) => scoreProject({ ...facts, parsed_files: 500, bad_files }, now));
        expect(many?.health.score).toBeLessThanOrEqual(few?.health.score ?? -1);
      }),
    );
  });

  test('more vulnerabilities, secrets and days without a commit never raise health', () => {
    fc.assert(
      fc.property(randomFacts, randomFacts, fc.nat({ max: 1000 }), (facts, worse, days) => {
        const first = { ...facts, vulnerabilities: facts.vulnerabilities ?? [] };
        const second = {
          ...first,
          vulnerabilities: [...first.vulnerabilities, ...(worse.vulnerabilities ?? [])],
          faults: [...facts.faults, ...worse.faults.filter(({ type }) => type === 'secret')],
        };
        const later = new Date(now.getTime() + days * 86_400_000);
        expect(scoreProject(second, later).health.score).toBeLessThanOrEqual(
          scoreProject(first, now).health.score,
        );
      }),
    );
  });
});

function percent() {
  return fc.double({ min: 0, max: 100, noNaN: true });
}

test('a readme and a licence alone are scored with low confidence', () => {
  const { health } = scoreProject(
    factsOf({
      files: [
        { path: 'README.md', size: 500 },
        { path: 'LICENSE', size: 1000 },
      ],
      texts: new Map([['README.md', 'word '.repeat(100)]]),
    }),
    now,
  );
  expect(health).toMatchObject({ score: 100, confidence: 'low' });
});
