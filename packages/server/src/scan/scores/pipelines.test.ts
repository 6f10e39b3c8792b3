import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCiFile } from './ci-file.ts';
import { commandLinesOf } from './commands.ts';
import { runsTests } from './runs-tests.ts';
import { emptyFacts, manifestOf } from './testing/example-facts.ts';
import { yamlOutline } from './yaml-outline.ts';

describe('a file of a pipeline', () => {
  test.each([
    ...[
      '.github/workflows/ci.yml',
      '.gitea/workflows/a.yaml',
      '.gitlab-ci.yml',
      '.circleci/config.yml',
    ],
    ...[
      '.travis.yml',
      'azure-pipelines.yml',
      'Jenkinsfile',
      'bitbucket-pipelines.yml',
      '.drone.yml',
    ],
    ...['.woodpecker/a.yml', '.buildkite/pipeline.yml', 'appveyor.yml', '.builds/a.yml', '.ci/run'],
  ])('is %s', (path) => {
    expect(isCiFile(path)).toBe(true);
  });

  test.each([
    ...['.github/dependabot.yml', '.github/workflows/README.md', 'docs/.github/workflows/ci.yml'],
    ...['.github/workflows/a/b.yml', 'src/Jenkinsfile', 'ci.yml', '.ci/a/b'],
  ])('is not %s', (path) => {
    expect(isCiFile(path)).toBe(false);
  });
});

describe('tests are run by', () => {
  test.each([
    ...[
      'npm test',
      'npm run test:unit',
      'npm t',
      'yarn test --ci',
      'pnpm -r test',
      'npx vitest run',
    ],
    ...[
      'node --test',
      'node --import tsx --test',
      'bun test',
      'deno test -A',
      'npx playwright test',
    ],
    ...[
      'pytest -q',
      'python -m pytest',
      'uv run pytest',
      'tox -e py',
      'python -m unittest',
      './manage.py test',
    ],
    ...[
      'go test ./...',
      'cargo test --all',
      'cargo +nightly nextest run',
      'mvn -B verify',
      './mvnw package',
    ],
    ...[
      './gradlew build',
      'gradle test',
      'dotnet test',
      'bundle exec rspec',
      'bin/rails test',
      'rake test',
    ],
    ...[
      'vendor/bin/phpunit',
      'composer test',
      'ctest --output-on-failure',
      'make check',
      'make -j4 test',
    ],
    ...[
      'swift test',
      'flutter test',
      'mix test',
      'sbt test',
      'bazel test //...',
      './scripts/run-tests.sh',
    ],
    ...['pip install pytest && pytest', 'cmake --build . ; ctest', 'zig build test', 'prove -l t/'],
  ])('%s', (command) => {
    expect(runsTests(command, emptyFacts)).toBe(true);
  });

  test.each([
    ...[
      'npm ci',
      'npm run build',
      'pip install pytest',
      'npm install --save-dev jest',
      'go build ./...',
    ],
    ...[
      'mvn package -DskipTests',
      './gradlew build -x test',
      'name: pytest',
      '- name: npm test',
      'make all',
    ],
    ...[
      'echo latest',
      'docker build -t test-image .',
      'uses: actions/checkout@v5',
      'cargo build',
      'go vet ./...',
    ],
  ])('not %s', (command) => {
    expect(runsTests(command, emptyFacts)).toBe(false);
  });

  test('a script of a package, however many lead to it, and none that leads to itself', () => {
    const facts = {
      ...emptyFacts,
      manifests: [
        manifestOf({
          scripts: { ci: 'npm run b', b: 'pnpm run c', c: 'mocha', loop: 'npm run loop' },
        }),
      ],
    };
    expect(runsTests('npm run ci', facts)).toBe(true);
    expect(runsTests('npm run loop', facts)).toBe(false);
    expect(runsTests('npm run toString', facts)).toBe(false);
  });

  test('lines without their comments', () => {
    const lines = commandLinesOf('a', 'a # b\n#c\n\n  d#e // f\nhttp://x');
    expect(lines.map(({ line, text }) => [line, text])).toEqual([
      [1, 'a'],
      [4, 'd#e'],
      [5, 'http://x'],
    ]);
  });
});

describe('the outline of a YAML text', () => {
  test('has the keys above each value, the items of lists, and no text of scripts', () => {
    const text = `
# a comment
on:
- push
- "pull_request"
"jobs":
  a-b:
    steps:
      - run: |
          key: no
        name: yes # and why
      - uses: x@v1
        with: {cache: npm}
empty:
`;
    expect(yamlOutline(text).map(({ path, value, line }) => [path.join('.'), value, line])).toEqual(
      [
        ['on', '', 3],
        ['on', 'push', 4],
        ['on', '"pull_request"', 5],
        ['jobs', '', 6],
        ['jobs.a-b', '', 7],
        ['jobs.a-b.steps', '', 8],
        ['jobs.a-b.steps.run', '|', 9],
        ['jobs.a-b.steps.name', 'yes', 11],
        ['jobs.a-b.steps.uses', 'x@v1', 12],
        ['jobs.a-b.steps.with', '{cache: npm}', 13],
        ['empty', '', 14],
      ],
    );
  });

  test('of any text comes to an end, in order of its lines', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ':', ' ', '-', '\n', '#', '|', '"', '{') }),
        (text) => {
          const lines = yamlOutline(text).map(({ line }) => line);
          expect(lines).toEqual([...lines].sort((a, b) => a - b));
        },
      ),
    );
  });
});
