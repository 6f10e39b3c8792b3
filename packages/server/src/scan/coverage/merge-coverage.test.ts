import { expect, it } from 'vitest';
import type { Coverage } from './coverage.ts';
import { mergeCoverage } from './merge-coverage.ts';

function report(
  file: string,
  tool: Coverage['tool'],
  covered: number,
  total: number,
  date = '2026-01-01',
) {
  return {
    file,
    tool,
    percent: (100 * covered) / total,
    lines_covered: covered,
    lines_total: total,
    date: `${date}T00:00:00.000Z`,
  };
}

it('is none without a report', () => {
  expect(mergeCoverage([])).toBe(null);
});

it('weights the parts of a project by their lines', () => {
  const merged = mergeCoverage([
    report('a/coverage/lcov.info', 'lcov', 90, 100),
    report('b/coverage/lcov.info', 'lcov', 0, 300, '2026-02-01'),
    report('coverage.xml', 'coverage.py', 10, 100),
  ]);
  expect(merged).toEqual({
    percent: 20,
    lines_covered: 100,
    lines_total: 500,
    date: '2026-02-01T00:00:00.000Z',
    tools: ['coverage.py', 'lcov'],
    files: ['a/coverage/lcov.info', 'b/coverage/lcov.info', 'coverage.xml'],
  });
});

it('counts one run that was written in several formats once, the newest', () => {
  const list = [
    report('coverage/clover.xml', 'clover', 1, 100),
    report('coverage/lcov.info', 'lcov', 60, 100, '2026-03-01'),
    report('coverage/coverage-final.json', 'istanbul', 2, 100),
    report('coverage.out', 'go', 10, 100),
    report('cover.out', 'go', 30, 100, '2026-02-01'),
  ];
  for (const given of [list, list.toReversed()]) {
    expect(mergeCoverage(given)).toMatchObject({
      percent: 45,
      files: ['cover.out', 'coverage/lcov.info'],
    });
  }
});

it('takes the report over all modules instead of those over each', () => {
  const merged = mergeCoverage([
    report('a/target/site/jacoco/jacoco.xml', 'jacoco', 1, 100),
    report('all/target/site/jacoco-aggregate/jacoco.xml', 'jacoco', 80, 100),
  ]);
  expect(merged).toMatchObject({ percent: 80, lines_total: 100 });
});

it('counts a percent alone only where no lines are counted', () => {
  const bare = {
    ...report('coverage/.last_run.json', 'simplecov', 9, 10),
    lines_covered: null,
    lines_total: null,
  };
  expect(mergeCoverage([bare])).toMatchObject({ percent: 90, lines_total: null });
  const merged = mergeCoverage([bare, report('coverage.xml', 'coverage.py', 1, 2)]);
  expect(merged).toMatchObject({ percent: 50, files: ['coverage.xml'] });
});
