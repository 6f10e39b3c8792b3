import { describe, expect, test } from 'vitest';
import type { ScanFacts } from './scan-facts.ts';
import { checkOf } from './testing/check-of.ts';
import {
  code,
  dependenciesOf,
  factsOf,
  filesOf,
  manifestOf,
  now,
} from './testing/example-facts.ts';

type Some = Partial<ScanFacts>;
const MiB = 1_048_576;
const git = { commit: 'a'.repeat(40), committed_at: now, active_weeks: 8, is_dirty: false };
const direct = (count: number): Some => ({
  manifests: [manifestOf({ dependencies: dependenciesOf(count) })],
});
const tracked = (sizes: Record<string, string | number>): Some => ({ git, ...filesOf(sizes) });
const languages = (...all: [string, number][]): Some => ({
  languages: all.map(([name, lines]) => code(name, lines)),
});
const locked = (file: string, ...all: [string, string][]): Some => ({
  locks: [{ file, ecosystem: 'npm', packages: all.map(([name, version]) => ({ name, version })) }],
});
const compose = (text: string): Some => filesOf({ 'compose.yaml': text });
const deployed = (cpu_limit: string | null, memory_limit: string | null): Some => ({
  deployments: [{ name: 'a', cpu_limit, memory_limit }],
});
const workflow = (text: string): Some => filesOf({ '.github/workflows/ci.yml': text });

const wholeWorkflow = `
on:
  pull_request:
    paths: ['src/**']
concurrency:
  group: x
  cancel-in-progress: true
jobs:
  a:
    steps:
      - uses: actions/cache@v4
`;

const table: [string, string, Some, number | 'n/a'][] = [
  ['lean_dependencies', '7', direct(7), 20],
  ['lean_dependencies', '31', direct(31), 12],
  ['lean_dependencies', '255', direct(255), 0],
  ['lean_dependencies', 'none', direct(0), 20],
  [
    'lean_dependencies',
    '31, in two manifests and with others for building',
    {
      manifests: [
        manifestOf({ dependencies: dependenciesOf(31) }),
        manifestOf({ file: 'a/package.json', dependencies: dependenciesOf(31) }),
        manifestOf({
          dependencies: dependenciesOf(90).map((one) => ({ ...one, development: true })),
        }),
      ],
    },
    12,
  ],
  ['lean_dependencies', 'without a manifest', {}, 'n/a'],
  ['tracked_artefacts', 'none', tracked({ 'a.ts': 1 }), 15],
  ['tracked_artefacts', 'a small one', tracked({ 'a.ts': 999_999, 'a.pyc': 1 }), 11.25],
  ['tracked_artefacts', 'an eighth of all', tracked({ 'a.ts': 7, 'node_modules/a.js': 1 }), 7.5],
  ['tracked_artefacts', 'half of all', tracked({ 'a.ts': 1, 'dist/a.js': 1 }), 0],
  ['tracked_artefacts', 'without a repository', filesOf({ 'a.pyc': 1 }), 'n/a'],
  ['binary_weight', 'none', tracked({ 'a.ts': 99 * MiB }), 10],
  ['binary_weight', '1 MiB', tracked({ 'a.png': MiB }), 10],
  ['binary_weight', '8 MiB', tracked({ 'a.png': 4 * MiB, 'b.ZIP': 4 * MiB }), 5],
  ['binary_weight', '64 MiB', tracked({ 'a.mp4': 64 * MiB }), 0],
  [
    'binary_weight',
    'kept by LFS',
    tracked({ 'a.mp4': 64 * MiB, '.gitattributes': '*.mp4 filter=lfs -text' }),
    10,
  ],
  [
    'binary_weight',
    'not tracked',
    { git, files: [{ path: 'a.mp4', size: 64 * MiB, tracked: false }] },
    10,
  ],
  ['binary_weight', 'without files', {}, 'n/a'],
  [
    'image',
    'with all',
    filesOf({ Dockerfile: 'FROM a AS b\nFROM gcr.io/distroless/static\n', '.dockerignore': 'x' }),
    20,
  ],
  ['image', 'with a slim base only', filesOf({ Dockerfile: 'FROM node:26-alpine3.22\n' }), 8],
  [
    'image',
    'with stages only',
    filesOf({ Dockerfile: 'FROM node:26-slim AS b\nFROM node:26\n' }),
    6,
  ],
  [
    'image',
    'with an ignore file of its own only',
    filesOf({ Dockerfile: 'FROM node', 'Dockerfile.dockerignore': 'x' }),
    6,
  ],
  [
    'image',
    'the mean of two',
    filesOf({
      Dockerfile: 'FROM a AS b\nFROM scratch\n',
      'api/Dockerfile': 'FROM node',
      'api/.dockerignore': 'x',
    }),
    10,
  ],
  ['image', 'with nothing', filesOf({ Dockerfile: 'FROM python:3.14\n' }), 0],
  ['image', 'without a Dockerfile', filesOf({ 'a.ts': 1 }), 'n/a'],
  ['image', 'a Dockerfile of tests', filesOf({ 'test/Dockerfile': 'FROM node' }), 'n/a'],
  ['limits', 'both are set', deployed('1', '512M'), 10],
  ['limits', 'one is set', deployed(null, '512M'), 5],
  ['limits', 'none is set', deployed(null, null), 0],
  [
    'limits',
    'in Compose',
    compose(
      'services:\n  a:\n    deploy:\n      resources:\n        limits:\n          cpus: "1"\n          memory: 1g\n',
    ),
    10,
  ],
  [
    'limits',
    'of one service in Compose',
    compose('services:\n  a:\n    mem_limit: 1g\n    cpus: 1\n  b:\n    image: x\n'),
    5,
  ],
  [
    'limits',
    'only reserved in Compose',
    compose(
      'services:\n  a:\n    deploy:\n      resources:\n        reservations:\n          memory: 1g\n',
    ),
    0,
  ],
  [
    'limits',
    'what is deployed comes before Compose',
    { ...compose('services:\n  a:\n    image: x\n'), ...deployed('1', '1G') },
    10,
  ],
  ['limits', 'nothing is deployed', {}, 'n/a'],
  ['ci_waste', 'with all', workflow(wholeWorkflow), 15],
  [
    'ci_waste',
    'with a cache',
    workflow('on: [push]\njobs:\n  a:\n    steps:\n    - uses: Swatinem/rust-cache@v2\n'),
    6,
  ],
  [
    'ci_waste',
    'with an end for outdated runs',
    workflow('on: push\nconcurrency: { group: a, cancel-in-progress: true }\n'),
    4.5,
  ],
  [
    'ci_waste',
    'with a path filter',
    workflow('on:\n  push:\n    paths-ignore:\n      - docs/**\n'),
    4.5,
  ],
  [
    'ci_waste',
    'with a cache that is off',
    workflow('on: push\njobs:\n  a:\n    steps:\n    - with:\n        cache: false\n'),
    0,
  ],
  [
    'ci_waste',
    'in one of two workflows',
    filesOf({ '.github/workflows/a.yml': wholeWorkflow, '.github/workflows/b.yml': 'on: push\n' }),
    7.5,
  ],
  [
    'ci_waste',
    'in GitLab',
    filesOf({ '.gitlab-ci.yml': 'a:\n  cache:\n    paths: [x]\n  interruptible: true\n' }),
    10.5,
  ],
  [
    'ci_waste',
    'where only a cache can be said',
    filesOf({ '.circleci/config.yml': '- restore_cache:\n- path-filtering/filter:\n' }),
    15,
  ],
  ['ci_waste', 'only for releases', workflow('on:\n  push:\n    tags: ["v*"]\n'), 'n/a'],
  ['ci_waste', 'only by hand', workflow('on: workflow_dispatch\n'), 'n/a'],
  ['ci_waste', 'without a pipeline', {}, 'n/a'],
  [
    'language_energy',
    'Rust and TypeScript',
    languages(['Rust', 5], ['TypeScript', 5], ['make', 90]),
    5,
  ],
  ['language_energy', 'PHP', languages(['PHP', 5]), 3],
  ['language_energy', 'Go and Python', languages(['Go', 50], ['Python', 50]), 3],
  ['language_energy', 'Python', languages(['Python', 5]), 1],
  ['language_energy', 'what is not ranked', languages(['Shell', 5]), 'n/a'],
  ['duplicate_versions', 'none', locked('yarn.lock', ['a', '1'], ['b', '1'], ['a', '1']), 5],
  ['duplicate_versions', 'half', locked('yarn.lock', ['a', '1'], ['a', '2']), 0],
  [
    'duplicate_versions',
    'some',
    locked('yarn.lock', ...Array.from({ length: 8 }, (_, i): [string, string] => [`${i}`, '1']), [
      '0',
      '2',
    ]),
    3.02,
  ],
  ['duplicate_versions', 'the hashes of Go', locked('go.sum', ['a', '1'], ['a', '2']), 5],
  ['duplicate_versions', 'without a lock', {}, 'n/a'],
];

describe('in eco', () => {
  test.each(table)('%s: %s', (id, _, some, expected) => {
    const { max, points, status } = checkOf('eco', id, factsOf(some));
    if (expected === 'n/a') {
      expect({ points, status }).toEqual({ points: 0, status: 'n/a' });
    } else {
      const wanted = expected === max ? 'pass' : expected > 0 ? 'partial' : 'fail';
      expect({ points, status }).toEqual({ points: expected, status: wanted });
    }
  });

  test('each check is in the table', () => {
    expect([...new Set(table.map(([id]) => id))]).toEqual([
      ...['lean_dependencies', 'tracked_artefacts', 'binary_weight', 'image', 'limits', 'ci_waste'],
      ...['language_energy', 'duplicate_versions'],
    ]);
  });

  test('the largest files are named first', () => {
    const { evidence } = checkOf(
      'eco',
      'binary_weight',
      factsOf(tracked({ 'a.png': MiB, 'b.zip': 9 * MiB })),
    );
    expect(evidence).toEqual([
      { file: 'b.zip', line: null, value: '9 MiB' },
      { file: 'a.png', line: null, value: '1 MiB' },
    ]);
  });

  test('a wasteful pipeline is told what it lacks', () => {
    const check = checkOf('eco', 'ci_waste', factsOf(workflow('on: push\n')));
    expect(check.why).toBe(
      'Of 1 pipeline 1 lacks a cache, 1 lacks an end for outdated runs, 1 lacks a path filter.',
    );
    expect(check.fix).toContain('In .github/workflows/ci.yml: cache what is installed.');
  });
});
