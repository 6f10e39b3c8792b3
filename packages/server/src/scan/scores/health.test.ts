import { describe, expect, test } from 'vitest';
import type { ScanFacts, VulnerabilityFact } from './scan-facts.ts';
import { checkOf } from './testing/check-of.ts';
import {
  code,
  dependenciesOf,
  emptyFacts,
  factsOf,
  fault,
  filesOf,
  manifestOf,
  now,
} from './testing/example-facts.ts';

type Some = Partial<ScanFacts>;
const git = { commit: 'a'.repeat(40), committed_at: now, active_weeks: 8, is_dirty: false };
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const vulnerable = (severity: VulnerabilityFact['severity']): VulnerabilityFact => ({
  id: 'GHSA-1',
  package: 'left-pad',
  version: '1.0.0',
  severity,
  file: 'package-lock.json',
  fixed_in: '1.0.1',
});
const tests = (count: number) => Array.from({ length: count }, (_, index) => `test/${index}.ts`);
const npmWith = (requirement: string) =>
  manifestOf({ dependencies: dependenciesOf(2, requirement) });
const ci = (text: string, some: Some = {}): Some => ({
  languages: [code('Go', 10)],
  ...filesOf({ '.github/workflows/ci.yml': text }),
  ...some,
});
const steps = (run: string) => `on: push\njobs:\n  a:\n    steps:\n      - run: ${run}\n`;

const table: [string, string, Some, number | 'n/a'][] = [
  ['syntax', 'all files are well', { parsed_files: 9 }, 20],
  ['syntax', 'one of very many is bad', { parsed_files: 100_000, bad_files: 1 }, 15],
  ['syntax', '2 % are bad', { parsed_files: 100, bad_files: 2 }, 12],
  ['syntax', '5 % are bad', { parsed_files: 100, bad_files: 5 }, 0],
  ['syntax', 'nothing could be parsed', {}, 'n/a'],
  ['tests', '15 % are tests', { languages: [code('Go', 9, 100)], test_files: tests(15) }, 15],
  ['tests', '5 % are tests', { languages: [code('Go', 9, 100)], test_files: tests(5) }, 5],
  ['tests', 'none is a test', { languages: [code('Go', 9, 100)] }, 0],
  ['tests', 'there is only markup', { languages: [{ ...code('HTML', 9), kind: 'markup' }] }, 'n/a'],
  ['coverage', '80 % are covered', { coverage: { percent: 80, file: 'lcov.info' } }, 10],
  ['coverage', '40 % are covered', { coverage: { percent: 40, file: 'lcov.info' } }, 5],
  ['coverage', 'nothing is covered', { coverage: { percent: 0, file: 'lcov.info' } }, 0],
  ['coverage', 'there is no report', {}, 'n/a'],
  ['ci', 'a pipeline runs tests', ci(steps('go test ./...')), 10],
  ['ci', 'a pipeline only builds', ci(steps('go build ./...')), 5],
  ['ci', 'the tests are commented out', ci('on: push\n# - run: go test ./...\n'), 5],
  [
    'ci',
    'a script of the package runs tests',
    ci(steps('npm run verify'), {
      manifests: [manifestOf({ scripts: { verify: 'npm run unit', unit: 'vitest run' } })],
    }),
    10,
  ],
  ['ci', 'the pipeline is an empty file', ci(''), 0],
  ['ci', 'there is none', { languages: [code('Go', 10)] }, 0],
  ['ci', 'there is no code', {}, 'n/a'],
  ['vulnerabilities', 'none is known', { vulnerabilities: [] }, 10],
  ['vulnerabilities', 'a low one is known', { vulnerabilities: [vulnerable('low')] }, 9],
  ['vulnerabilities', 'a moderate one is known', { vulnerabilities: [vulnerable('moderate')] }, 8],
  [
    'vulnerabilities',
    'a high and a low one are known',
    { vulnerabilities: [vulnerable('low'), vulnerable('high')] },
    4,
  ],
  ['vulnerabilities', 'a critical one is known', { vulnerabilities: [vulnerable('critical')] }, 0],
  ['vulnerabilities', 'there is no database', {}, 'n/a'],
  ['secrets', 'none is there', filesOf({ 'a.ts': 1 }), 10],
  [
    'secrets',
    'one is suspected',
    { ...filesOf({ 'a.ts': 1 }), faults: [fault('secret', 'a.ts', 'warning')] },
    7.5,
  ],
  [
    'secrets',
    'one is suspected in a test',
    { ...filesOf({ 'a.ts': 1 }), faults: [fault('secret', 'test/fixtures/a.pem', 'warning')] },
    9.5,
  ],
  [
    'secrets',
    'one is verified',
    { ...filesOf({ 'a.ts': 1 }), faults: [fault('secret', 'a.ts', 'critical')] },
    0,
  ],
  ['secrets', 'there are no files', {}, 'n/a'],
  [
    'lockfile',
    'a lock is there',
    { manifests: [npmWith('^1')], ...filesOf({ 'yarn.lock': 1 }) },
    5,
  ],
  [
    'lockfile',
    'a workspace has its lock above',
    {
      manifests: [{ ...npmWith('^1'), file: 'packages/a/package.json' }],
      ...filesOf({ 'yarn.lock': 1 }),
    },
    5,
  ],
  [
    'lockfile',
    'another folder has it',
    { manifests: [{ ...npmWith('^1'), file: 'a/package.json' }], ...filesOf({ 'b/yarn.lock': 1 }) },
    0,
  ],
  [
    'lockfile',
    'one of two manifests has it',
    {
      manifests: [npmWith('^1'), { ...npmWith('^1'), file: 'api/go.mod', ecosystem: 'go' }],
      ...filesOf({ 'api/go.sum': 1 }),
    },
    2.5,
  ],
  [
    'lockfile',
    'requirements.txt names exact versions',
    { manifests: [{ ...npmWith('==1.2.3'), file: 'requirements.txt', ecosystem: 'pypi' }] },
    5,
  ],
  [
    'lockfile',
    'requirements.txt names ranges',
    { manifests: [{ ...npmWith('>=1.2'), file: 'requirements.txt', ecosystem: 'pypi' }] },
    0,
  ],
  ['lockfile', 'it is a library', { manifests: [{ ...npmWith('^1'), is_library: true }] }, 'n/a'],
  ['lockfile', 'there are no dependencies', { manifests: [manifestOf({})] }, 'n/a'],
  ['lockfile', 'Maven needs none', { manifests: [{ ...npmWith('1'), ecosystem: 'maven' }] }, 'n/a'],
  ['unpinned', 'all have versions', { manifests: [npmWith('^1')] }, 3],
  ['unpinned', 'half have none', { manifests: [npmWith('^1'), npmWith('*')] }, 1.5],
  ['unpinned', 'none has one', { manifests: [npmWith('*')] }, 0],
  [
    'unpinned',
    'one of many has none',
    {
      manifests: [manifestOf({ dependencies: [...dependenciesOf(99), ...dependenciesOf(1, '*')] })],
    },
    1.5,
  ],
  ['unpinned', 'there are no dependencies', {}, 'n/a'],
  ['readme', 'it is long enough', filesOf({ 'readme.rst': 'x'.repeat(400) }), 4],
  ['readme', 'it is half as long', filesOf({ README: 'x'.repeat(200) }), 2],
  ['readme', 'it has only badges', filesOf({ 'README.md': `[![ci](${'x'.repeat(500)})](y)` }), 0],
  ['readme', 'the longer of two counts', filesOf({ README: 'x', 'README.md': 'x'.repeat(400) }), 4],
  ['readme', 'it lies in a subfolder', filesOf({ 'lib/README.md': 'x'.repeat(400) }), 0],
  ['readme', 'there is none', {}, 0],
  ['licence', 'its text is there', filesOf({ 'LICENSE.txt': 'MIT' }), 3],
  [
    'licence',
    'there are several',
    filesOf({ 'LICENSE-MIT': 'MIT', 'LICENSE-APACHE': 'Apache' }),
    3,
  ],
  ['licence', 'it is kept as REUSE says', filesOf({ 'LICENSES/MIT.txt': 'MIT' }), 3],
  ['licence', 'it is only named', { manifests: [manifestOf({ license: 'MIT' })] }, 1.5],
  ['licence', 'the file is empty', filesOf({ LICENSE: '' }), 0],
  ['licence', 'it is a program about licences', filesOf({ 'license.py': 'x' }), 0],
  ['licence', 'there is none', {}, 0],
  ['hygiene', 'only sources are tracked', { git, ...filesOf({ '.gitignore': 'x', 'a.ts': 1 }) }, 5],
  ['hygiene', 'there is no .gitignore', { git, ...filesOf({ 'a.ts': 1 }) }, 3],
  [
    'hygiene',
    'half of what is tracked was made',
    { git, ...filesOf({ '.gitignore': 'x', 'a.pyc': 1 }) },
    2,
  ],
  ['hygiene', 'everything is wrong', { git, ...filesOf({ 'node_modules/a.js': 1 }) }, 0],
  ['hygiene', 'there is no repository', filesOf({ 'a.pyc': 1 }), 'n/a'],
  ['maintained', 'of 90 days ago', { git: { ...git, committed_at: daysAgo(90) } }, 5],
  ['maintained', 'of 410 days ago', { git: { ...git, committed_at: daysAgo(410) } }, 2.5],
  ['maintained', 'of 730 days ago', { git: { ...git, committed_at: daysAgo(730) } }, 0],
  ['maintained', 'of tomorrow', { git: { ...git, committed_at: daysAgo(-1) } }, 5],
  ['maintained', 'of no time', { git: { ...git, commit: null, committed_at: null } }, 'n/a'],
  ['maintained', 'without a repository', {}, 'n/a'],
];

describe('in health', () => {
  test.each(table)('%s, where %s', (id, _, some, expected) => {
    const check = checkOf('health', id, factsOf(some));
    const { max, points, status } = check;
    if (expected === 'n/a') {
      expect({ points, status }).toEqual({ points: 0, status: 'n/a' });
    } else {
      const wanted = expected === max ? 'pass' : expected > 0 ? 'partial' : 'fail';
      expect({ points, status }).toEqual({ points: expected, status: wanted });
    }
  });

  test('each check is shown with all, with a part, with nothing where it can', () => {
    const ids = new Set(table.map(([id]) => id));
    expect([...ids]).toEqual([
      ...['syntax', 'tests', 'coverage', 'ci', 'vulnerabilities', 'secrets', 'lockfile'],
      ...['unpinned', 'readme', 'licence', 'hygiene', 'maintained'],
    ]);
  });

  test('the evidence names files and lines, the worst first, and at most 20', () => {
    const faults = Array.from({ length: 30 }, (_, index) => fault('syntax', `${index}.ts`));
    const syntax = checkOf(
      'health',
      'syntax',
      factsOf({ parsed_files: 100, bad_files: 30, faults }),
    );
    expect(syntax.evidence).toHaveLength(20);
    expect(syntax.evidence[0]).toEqual({ file: '0.ts', line: 3, value: 'A syntax fault' });
    expect(syntax.why).toBe('30 files of 100 (30 %) have syntax errors.');

    const secrets = checkOf('health', 'secrets', {
      ...factsOf(filesOf({ 'a.ts': 1 })),
      faults: [fault('secret', 'test/a.ts', 'warning'), fault('secret', 'b.ts', 'critical')],
    });
    expect(secrets.evidence.map(({ file }) => file)).toEqual(['b.ts', 'test/a.ts']);

    const known = [vulnerable('low'), vulnerable('critical')];
    const { evidence, fix } = checkOf(
      'health',
      'vulnerabilities',
      factsOf({ vulnerabilities: known }),
    );
    expect(evidence[0]?.value).toBe('critical: left-pad 1.0.0, GHSA-1');
    expect(fix).toBe('Update left-pad to 1.0.1.');
  });

  test('the fix of few tests names as many as earn the rest', () => {
    const languages = [code('Go', 9, 100)];
    const before = factsOf({ languages, test_files: tests(5) });
    const missing = Number(/Add (\d+)/.exec(checkOf('health', 'tests', before).fix ?? '')?.[1]);
    const after = factsOf({
      languages: [code('Go', 9, 100 + missing)],
      test_files: tests(5 + missing),
    });
    expect(checkOf('health', 'tests', after).status).toBe('pass');
    const almost = factsOf({
      languages: [code('Go', 9, 99 + missing)],
      test_files: tests(4 + missing),
    });
    expect(checkOf('health', 'tests', almost).status).toBe('partial');
  });

  test('the pipeline’s evidence is the line that runs the tests', () => {
    const { evidence } = checkOf('health', 'ci', { ...emptyFacts, ...ci(steps('go test ./...')) });
    expect(evidence).toEqual([
      { file: '.github/workflows/ci.yml', line: 5, value: 'runs tests: - run: go test ./...' },
    ]);
  });
});
