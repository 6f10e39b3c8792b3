import fc from 'fast-check';
import type { ScanFacts } from '../scan-facts.ts';
import { fault, perfectFacts } from './example-facts.ts';

const path = fc.oneof(
  fc.constantFrom(
    ...perfectFacts.files.map((file) => file.path),
    ...[
      'node_modules/a/index.js',
      'dist/app.js',
      'logo.png',
      'Makefile',
      'compose.yaml',
      'Cargo.toml',
    ],
    ...['.gitlab-ci.yml', 'pyproject.toml', 'test_app.py', 'go.mod', 'AGENTS.md', '.gitattributes'],
  ),
  fc.string({ minLength: 1, maxLength: 20 }),
);
const count = fc.nat({ max: 100_000 });
const text = fc.oneof(
  fc.constantFrom(...perfectFacts.texts.values()),
  fc.string({ maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        'on:',
        '  push:',
        'services:',
        '  a:',
        '- run: |',
        'FROM $X',
        '# x',
        '    cpus: 1',
      ),
    )
    .map((lines) => lines.join('\n')),
);
const name = fc.oneof(fc.constantFrom('react', 'eslint', 'toString', '__proto__'), fc.string());
const ecosystem = fc.constantFrom('npm', 'pypi', 'go', 'cargo', 'maven', 'other');

/** Any facts that are of the right types and add up, however odd. */
export const randomFacts: fc.Arbitrary<ScanFacts> = fc
  .record({
    files: fc.array(
      fc.record({ path, size: count, tracked: fc.boolean() }, { requiredKeys: ['path', 'size'] }),
      { maxLength: 30 },
    ),
    languages: fc.array(
      fc.record({
        name: fc.constantFrom(
          'TypeScript',
          'JavaScript',
          'Python',
          'Go',
          'PHP',
          'COBOL',
          'Shell',
          'x',
        ),
        kind: fc.constantFrom('programming', 'markup', 'data', 'prose'),
        files: count,
        code: count,
        comment: count,
        blank: count,
      }),
      { maxLength: 5 },
    ),
    parsed_files: count,
    bad_files: count,
    faults: fc.array(
      fc
        .tuple(
          fc.constantFrom('syntax', 'conflict', 'secret', 'x'),
          path,
          fc.constantFrom('critical', 'error'),
        )
        .map(([type, file, severity]) => fault(type, file, severity)),
      { maxLength: 30 },
    ),
    test_files: fc.array(path, { maxLength: 30 }),
    coverage: fc.option(
      fc.record({ percent: fc.double({ min: 0, max: 100, noNaN: true }), file: path }),
    ),
    manifests: fc.array(
      fc.record({
        file: path,
        ecosystem,
        dependencies: fc.array(
          fc.record({
            name,
            requirement: fc.option(fc.string()),
            unpinned: fc.boolean(),
            development: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        is_library: fc.boolean(),
        license: fc.option(fc.string()),
        scripts: fc.dictionary(
          fc.constantFrom('test', 'dev', 'start', 'a'),
          fc.constantFrom('', 'npm run a', 'jest'),
        ),
      }),
      { maxLength: 4 },
    ),
    locks: fc.array(
      fc.record({
        file: fc.constantFrom('package-lock.json', 'go.sum', 'sub/uv.lock'),
        ecosystem,
        packages: fc.array(fc.record({ name, version: fc.string() }), { maxLength: 20 }),
      }),
      { maxLength: 3 },
    ),
    git: fc.option(
      fc.record({
        commit: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
        committed_at: fc.option(
          fc.date({
            min: new Date('1970-01-01'),
            max: new Date('2100-01-01'),
            noInvalidDate: true,
          }),
        ),
        active_weeks: fc.nat({ max: 12 }),
        is_dirty: fc.boolean(),
      }),
    ),
    vulnerabilities: fc.option(
      fc.array(
        fc.record({
          id: fc.string(),
          package: name,
          version: fc.string(),
          severity: fc.constantFrom('critical', 'high', 'moderate', 'low'),
          file: path,
          fixed_in: fc.option(fc.string()),
        }),
        { maxLength: 5 },
      ),
    ),
    todos: fc.record({
      count,
      examples: fc.array(fc.record({ file: path, line: fc.nat() }), { maxLength: 30 }),
    }),
    long_files: fc.array(fc.record({ path, lines: count }), { maxLength: 5 }),
    texts: fc.array(fc.tuple(path, text), { maxLength: 10 }).map((entries) => new Map(entries)),
    deployments: fc.array(
      fc.record({ name, cpu_limit: fc.option(fc.string()), memory_limit: fc.option(fc.string()) }),
      { maxLength: 3 },
    ),
  })
  .map((facts) => ({ ...facts, bad_files: Math.min(facts.bad_files, facts.parsed_files) }));
