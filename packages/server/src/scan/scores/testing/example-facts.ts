import type { FileFact, LanguageFact, ManifestFact, ScanFacts } from '../scan-facts.ts';

export const now = new Date('2026-11-24T12:00:00Z');

/** A directory with nothing in it. */
export const emptyFacts: ScanFacts = {
  files: [],
  languages: [],
  parsed_files: 0,
  bad_files: 0,
  faults: [],
  test_files: [],
  coverage: null,
  manifests: [],
  locks: [],
  git: null,
  vulnerabilities: null,
  todos: { count: 0, examples: [] },
  long_files: [],
  texts: new Map(),
  deployments: [],
};

export function factsOf(some: Partial<ScanFacts>): ScanFacts {
  return { ...emptyFacts, ...some };
}

/** Files by name, tracked, of their text's size. */
export function filesOf(
  texts: Record<string, string | number>,
): Pick<ScanFacts, 'files' | 'texts'> {
  const entries = Object.entries(texts);
  return {
    files: entries.map(([path, text]) => ({
      path,
      size: typeof text === 'number' ? text : text.length,
      tracked: true,
    })),
    texts: new Map(
      entries.flatMap(([path, text]) => (typeof text === 'string' ? [[path, text]] : [])),
    ),
  };
}

export function code(name: string, lines: number, files = 1): LanguageFact {
  return { name, kind: 'programming', files, code: lines, comment: 0, blank: 0 };
}

export function manifestOf(some: Partial<ManifestFact>): ManifestFact {
  return {
    file: 'package.json',
    ecosystem: 'npm',
    dependencies: [],
    is_library: false,
    license: null,
    scripts: {},
    ...some,
  };
}

export function dependenciesOf(
  count: number,
  requirement = '^1.0.0',
): ManifestFact['dependencies'] {
  return Array.from({ length: count }, (_, index) => ({
    name: `package-${index}`,
    requirement,
    unpinned: requirement === '*',
    development: false,
  }));
}

export function fault(
  type: string,
  file: string,
  severity: 'critical' | 'error' | 'warning' = 'error',
) {
  return { type, severity, file, line: 3, message: `A ${type} fault` };
}

const workflow = `
name: CI
on:
  push:
    paths-ignore: ['**.md']
concurrency:
  group: ci-\${{ github.ref }}
  cancel-in-progress: true
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          cache: npm
      - run: npm ci
      - run: npm test
`;

const readme = `# Notes

Keeps notes, and finds them again.

## Getting started

\`\`\`sh
npm install
npm start
\`\`\`

## Usage

${'What is written is saved at once, and can be searched for by each of its words. '.repeat(20)}
`;

const texts: Record<string, string> = {
  '.dockerignore': 'node_modules\n',
  '.github/workflows/ci.yml': workflow,
  '.gitignore': 'node_modules\ndist\n',
  'AGENTS.md': 'The sources are in src/. Build with npm run build. '.repeat(6),
  'CHANGELOG.md': '# 1.0.0\n',
  'CONTRIBUTING.md': 'Run npm test before you propose a change.\n',
  Dockerfile: 'FROM node:26 AS build\nRUN npm ci\nFROM node:26-slim\nCOPY --from=build /app /app\n',
  LICENSE: 'MIT License\n',
  'README.md': readme,
  'biome.json': '{}',
  'docs/guide.md': '# Guide\n',
  'package-lock.json': '{}',
  'package.json': '{}',
  'tsconfig.json': '{"compilerOptions":{"strict":true}}',
};

const sources: FileFact[] = Array.from({ length: 20 }, (_, index) => ({
  path: `src/part-${index}${index < 4 ? '.test' : ''}.ts`,
  size: 4000,
  tracked: true,
}));

/** A project that lacks nothing that the scores look at. */
export const perfectFacts: ScanFacts = {
  files: [...filesOf(texts).files, ...sources],
  languages: [
    code('TypeScript', 2000, 20),
    { name: 'Markdown', kind: 'prose', files: 4, code: 200, comment: 0, blank: 20 },
  ],
  parsed_files: 24,
  bad_files: 0,
  faults: [],
  test_files: sources.slice(0, 4).map(({ path }) => path),
  coverage: { percent: 92.5, file: 'coverage/lcov.info' },
  manifests: [
    manifestOf({
      dependencies: dependenciesOf(7),
      license: 'MIT',
      scripts: { start: 'node src/main.ts', test: 'vitest run' },
    }),
  ],
  locks: [
    {
      file: 'package-lock.json',
      ecosystem: 'npm',
      packages: dependenciesOf(7).map(({ name }) => ({ name, version: '1.2.3' })),
    },
  ],
  git: { commit: 'a'.repeat(40), committed_at: now, active_weeks: 9, is_dirty: false },
  vulnerabilities: [],
  todos: { count: 1, examples: [{ file: 'src/part-7.ts', line: 12 }] },
  long_files: [],
  texts: new Map(Object.entries(texts)),
  deployments: [{ name: 'notes', cpu_limit: '0.5', memory_limit: '256M' }],
};
