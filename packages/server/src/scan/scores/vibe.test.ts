import { describe, expect, test } from 'vitest';
import type { ScanFacts } from './scan-facts.ts';
import { checkOf } from './testing/check-of.ts';
import { code, factsOf, filesOf, manifestOf, now } from './testing/example-facts.ts';

type Some = Partial<ScanFacts>;
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const git = (days: number, active_weeks = 8) => ({
  commit: 'a'.repeat(40),
  committed_at: daysAgo(days),
  active_weeks,
  is_dirty: false,
});
const go = { languages: [code('Go', 1000, 10)] };
const files = (texts: Record<string, string | number>, ...languages: [string, number][]): Some => ({
  ...filesOf(texts),
  languages: languages.map(([name, lines]) => code(name, lines)),
});
const scripts = (named: Record<string, string>, is_library = false): Some => ({
  ...go,
  manifests: [manifestOf({ scripts: named, is_library })],
});
const long = (...lines: number[]): Some => ({
  ...go,
  long_files: lines.map((count, index) => ({ path: `${index}.go`, lines: count })),
});
const todos = (count: number): Some => ({ ...go, todos: { count, examples: [] } });
const dependsOn = (name: string) =>
  manifestOf({
    dependencies: [{ name, requirement: '^1', unpinned: false, development: true }],
  });
const good = `# A\n## Install\n## Use\n\`\`\`\nrun\n\`\`\`\n${'word '.repeat(300)}`;

const table: [string, string, Some, number | 'n/a'][] = [
  ['recency', 'of today', { git: git(0) }, 15],
  ['recency', 'of 60 days ago', { git: git(60) }, 7.5],
  ['recency', 'of ten years ago', { git: git(3650) }, 0],
  ['recency', 'without a repository', {}, 'n/a'],
  ['cadence', 'in 8 of 12 weeks', { git: git(0, 8) }, 15],
  ['cadence', 'in 2 of 12 weeks', { git: git(0, 2) }, 3.75],
  ['cadence', 'in none of 12 weeks', { git: git(0, 0) }, 0],
  ['cadence', 'without a repository', {}, 'n/a'],
  ['readme_quality', 'it has all', filesOf({ 'README.md': good }), 8],
  ['readme_quality', 'it is long and says nothing', filesOf({ README: 'x'.repeat(1500) }), 3],
  ['readme_quality', 'it is short, with an example', filesOf({ README: '# A\n```\nx\n```' }), 2.03],
  ['readme_quality', 'there is none', {}, 0],
  [
    'contributing',
    'all is there',
    filesOf({ 'CONTRIBUTING.md': 'x', 'docs/a.md': 'x', 'CHANGELOG.md': 'x' }),
    7,
  ],
  ['contributing', 'only a section of the readme', filesOf({ README: '## Contributing\n' }), 1.5],
  ['contributing', 'only documents', filesOf({ 'ARCHITECTURE.md': 'x' }), 3],
  ['contributing', 'there is nothing', {}, 0],
  ['tests', '15 % are tests', { languages: [code('Go', 9, 20)], test_files: ['a', 'b', 'c'] }, 10],
  ['tests', '5 % are tests', { languages: [code('Go', 9, 20)], test_files: ['a'] }, 3.33],
  ['tests', 'there are none', go, 0],
  ['tests', 'there is no code', {}, 'n/a'],
  ['linter', 'settings of ESLint', files({ 'eslint.config.js': 'x' }, ['TypeScript', 9]), 7],
  ['linter', 'a section for Ruff', files({ 'pyproject.toml': '[tool.ruff]\n' }, ['Python', 9]), 7],
  ['linter', 'pyproject without one', files({ 'pyproject.toml': '[project]\n' }, ['Python', 9]), 0],
  [
    'linter',
    'Clippy in a pipeline',
    files({ '.travis.yml': 'script: cargo clippy' }, ['Rust', 9]),
    7,
  ],
  [
    'linter',
    'one for half of the code',
    files({ 'biome.json': '{}' }, ['TypeScript', 50], ['Python', 50]),
    4.38,
  ],
  [
    'linter',
    'one for most of the code',
    files({ 'biome.json': '{}' }, ['TypeScript', 90], ['Python', 10], ['make', 500]),
    7,
  ],
  ['linter', 'a dependency', { ...files({}, ['JavaScript', 9]), manifests: [dependsOn('xo')] }, 7],
  [
    'linter',
    'settings in a fixture',
    files({ 'test/fixtures/biome.json': '{}' }, ['JavaScript', 9]),
    0,
  ],
  ['linter', 'none', files({}, ['JavaScript', 9]), 0],
  ['linter', 'no language that has one', files({}, ['COBOL', 9]), 'n/a'],
  ['formatter', 'settings of Prettier', files({ '.prettierrc': '{}' }, ['Vue', 9]), 6],
  [
    'formatter',
    'Black before a commit',
    files({ '.pre-commit-config.yaml': '- id: black' }, ['Python', 9]),
    6,
  ],
  ['formatter', 'gofmt comes with Go', files({}, ['Go', 9]), 6],
  ['formatter', 'one for half', files({}, ['Go', 40], ['Python', 60]), 3],
  ['formatter', 'none', files({}, ['Python', 9]), 0],
  ['formatter', 'no language that has one', {}, 'n/a'],
  ['types', 'a compiled language', files({}, ['Java', 9]), 6],
  [
    'types',
    'strict TypeScript',
    files({ 'tsconfig.json': '{"strict": true}' }, ['TypeScript', 9]),
    6,
  ],
  [
    'types',
    'lax TypeScript',
    files({ 'tsconfig.json': '{"strict": false}' }, ['TypeScript', 9]),
    5.63,
  ],
  ['types', 'JavaScript', files({}, ['JavaScript', 9]), 0],
  [
    'types',
    'checked JavaScript',
    files({ 'jsconfig.json': '{"checkJs": true}' }, ['JavaScript', 9]),
    6,
  ],
  ['types', 'Python with mypy', files({ 'pyproject.toml': '[tool.mypy]\n' }, ['Python', 9]), 6],
  ['types', 'Python that is only marked', files({ 'src/a/py.typed': 0 }, ['Python', 9]), 3.75],
  ['types', 'Python', files({}, ['Python', 9]), 0],
  ['types', 'a shell', files({}, ['Shell', 9]), 'n/a'],
  ['one_command', 'a compose file', files({ 'compose.yaml': 'services:' }, ['Go', 9]), 8],
  ['one_command', 'a script', scripts({ dev: 'vite' }), 8],
  ['one_command', 'a target', files({ Makefile: 'all:\n\nrun: build\n\t./a\n' }, ['C', 9]), 8],
  ['one_command', 'a variable of that name', files({ Makefile: 'run := x\n' }, ['C', 9]), 0],
  ['one_command', 'cargo run', files({ 'src/main.rs': 1 }, ['Rust', 9]), 8],
  ['one_command', 'only a Dockerfile', files({ Dockerfile: 'FROM x' }, ['C', 9]), 4],
  ['one_command', 'only Django’s manage.py', files({ 'manage.py': 1 }, ['Python', 9]), 4],
  ['one_command', 'a library that is tested', scripts({ test: 'vitest' }, true), 8],
  [
    'one_command',
    'a library that is not',
    scripts({ test: 'echo "Error: no test specified"' }, true),
    0,
  ],
  ['one_command', 'nothing', go, 0],
  ['one_command', 'no code', {}, 'n/a'],
  ['ai_ready', 'AGENTS.md', filesOf({ 'AGENTS.md': 500 }), 5],
  ['ai_ready', 'rules of Cursor', filesOf({ '.cursor/rules/a.mdc': 500 }), 5],
  ['ai_ready', 'a short CLAUDE.md', filesOf({ 'CLAUDE.md': 100 }), 2.5],
  ['ai_ready', 'none', filesOf({ 'a.ts': 1 }), 0],
  ['ai_ready', 'no files', {}, 'n/a'],
  ['small_files', 'a fifth in long ones', long(200), 8],
  ['small_files', 'over half in long ones', long(550), 4],
  ['small_files', 'nearly all in long ones', long(600, 300), 0],
  ['small_files', 'no code', {}, 'n/a'],
  ['todos', 'one per 1,000 lines', todos(1), 5],
  ['todos', 'some', todos(4), 3.33],
  ['todos', 'many', todos(10), 0],
  ['todos', 'no code', {}, 'n/a'],
];

describe('in vibe', () => {
  test.each(table)('%s: %s', (id, _, some, expected) => {
    const { max, points, status } = checkOf('vibe', id, factsOf(some));
    if (expected === 'n/a') {
      expect({ points, status }).toEqual({ points: 0, status: 'n/a' });
    } else {
      const wanted = expected === max ? 'pass' : expected > 0 ? 'partial' : 'fail';
      expect({ points, status }).toEqual({ points: expected, status: wanted });
    }
  });

  test('each check is in the table', () => {
    expect([...new Set(table.map(([id]) => id))]).toEqual([
      ...['recency', 'cadence', 'readme_quality', 'contributing', 'tests', 'linter', 'formatter'],
      ...['types', 'one_command', 'ai_ready', 'small_files', 'todos'],
    ]);
  });

  test('the longest files and what to do about them come first', () => {
    const check = checkOf('vibe', 'small_files', factsOf(long(510, 900)));
    expect(check.evidence.map(({ file, value }) => `${file} ${value}`)).toEqual([
      '1.go 900 lines',
      '0.go 510 lines',
    ]);
    expect(check.fix).toBe('Split 1.go and 0.go along what they do, to below 500 lines.');
  });

  test('a missing linter is named for the language that has most code', () => {
    const check = checkOf('vibe', 'linter', factsOf(files({}, ['Shell', 5], ['Python', 90])));
    expect(check.fix).toBe(
      'Set up Ruff for Python and ShellCheck for Shell, with its settings in the project.',
    );
  });
});
