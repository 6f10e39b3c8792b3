import { type Check, type Evidence, notApplicable, scored, seen } from '../check.ts';
import { codeFiles } from '../code.ts';
import { isTaskFile } from '../commands.ts';
import { isComposeFile } from '../compose-limits.ts';
import { isDockerfile } from '../dockerfile.ts';
import { runsTests } from '../runs-tests.ts';
import type { ScanFacts } from '../scan-facts.ts';

const head = { id: 'one_command', title: 'Runs with one command', max: 8 };

/** Something can be started, but one has to find out with what. */
const onlyStartable = 0.5;

const runTarget = /^(?:run|dev|start|serve|server|up|watch|develop)(?=\s*:(?!=)|\s+[\w*+-]|$)/;
const testTarget = /^(?:tests?|check)(?=\s*:(?!=)|\s+[\w*+-]|$)/;
const taskfileRun = /^ {2}(?:run|dev|start|serve|server|up|watch|develop):/;
const startScript =
  /^(?:(?:bin|scripts?)\/)?(?:run|start|dev|serve|server|up)(?:[-_](?:dev|server|local))?(?:\.(?:sh|py|js|ts|ps1|bat|cmd))?$/;

/** Files that make one documented command enough. */
const ways: readonly [RegExp, string][] = [
  [/^(?:Procfile(?:\.dev)?)$/, 'foreman start'],
  [/^\.devcontainer(?:\/devcontainer)?\.json$/, 'a development container'],
  [/^src\/main\.rs$/, 'cargo run'],
  [/^(?:cmd\/[^/]+\/)?main\.go$/, 'go run'],
  [/^(?:mvnw|gradlew)$/, 'a build wrapper'],
  [/^(?:src\/)?(?:[\w.-]+\/)?Program\.(?:cs|fs)$/, 'dotnet run'],
  [/^(?:src\/)?[\w-]+\/__main__\.py$/, 'python -m'],
  [/^lib\/main\.dart$/, 'flutter run'],
  [/^build\.zig$/, 'zig build'],
  [/^mix\.exs$/, 'mix'],
];

const startable =
  /^(?:manage\.py|(?:src\/)?(?:main|app|server|index)\.(?:py|[cm]?[jt]s|rb|php)|CMakeLists\.txt|meson\.build|pom\.xml|build\.gradle(?:\.kts)?)$/;

/** Of a library, which cannot be run, what counts is that one command tests it. */
const libraryTests: readonly [RegExp, string][] = [
  [/^Cargo\.toml$/, 'cargo test'],
  [/^go\.mod$/, 'go test ./...'],
  [/^(?:tox\.ini|noxfile\.py)$/, 'tox or nox'],
  [/^(?:pytest\.ini|conftest\.py|tests\/conftest\.py)$/, 'pytest'],
  [/^(?:mvnw|gradlew|pom\.xml|build\.gradle(?:\.kts)?|build\.sbt)$/, 'the build'],
  [
    /^(?:mix\.exs|Package\.swift|pubspec\.yaml|build\.zig|gleam\.toml)$/,
    'the language’s own command',
  ],
  [/^(?:[\w.-]+\/)?[\w.-]+\.(?:sln|slnx|csproj|fsproj)$/, 'dotnet test'],
  [/^(?:phpunit\.xml(?:\.dist)?|Rakefile|\.rspec)$/, 'its test runner'],
];

export const runCommand: Check = (facts) => {
  if (codeFiles(facts) === 0) return notApplicable(head, 'There is no code to run.');
  const isLibrary =
    facts.manifests.length > 0 && facts.manifests.every(({ is_library }) => is_library);
  const full = isLibrary ? findTestWay(facts) : findRunWay(facts);
  if (full) {
    return scored(head, {
      part: 1,
      evidence: [full],
      why: isLibrary
        ? `One command tests the library: ${full.value}.`
        : `One command runs it: ${full.value}.`,
      fix: '',
    });
  }
  const half = isLibrary ? undefined : findStart(facts);
  return scored(head, {
    part: half ? onlyStartable : 0,
    evidence: half ? [half] : [],
    why: half
      ? `${half.file} can be started, but no command is laid down that does it all.`
      : `No file lays down one command that ${isLibrary ? 'tests' : 'runs'} it.`,
    fix: isLibrary
      ? 'Add one command that runs the tests: a test script in the manifest, or a test target in a Makefile.'
      : 'Add one command that starts it: a dev or start script, a run target in a Makefile, or a compose.yaml.',
  });
};

function findRunWay(facts: ScanFacts): Evidence | undefined {
  const paths = facts.files.filter(({ size }) => size > 0).map(({ path }) => path);
  const compose = paths.find((path) => isComposeFile(path) && path.split('/').length <= 2);
  if (compose) return seen(compose, 'docker compose up');
  for (const { file, scripts } of facts.manifests) {
    const name = ['dev', 'start', 'serve', 'develop', 'preview'].find(
      (script) => Object.hasOwn(scripts, script) && scripts[script]?.trim(),
    );
    if (name) return seen(file, `script ${name}`);
  }
  const target = findTarget(facts, runTarget) ?? findTarget(facts, taskfileRun);
  if (target) return target;
  for (const [pattern, command] of ways) {
    const path = paths.find((one) => pattern.test(one));
    if (path) return seen(path, command);
  }
  const script = paths.find((path) => startScript.test(path));
  if (script) return seen(script, 'start script');
  for (const [path, text] of facts.texts) {
    if (/^pyproject\.toml$/.test(path) && /^\[(?:project|tool\.poetry)\.scripts\]/m.test(text)) {
      return seen(path, 'a command of its own');
    }
    if (/^deno\.jsonc?$/.test(path) && /"tasks"\s*:/.test(text)) return seen(path, 'deno task');
  }
  // Pages without anything to install are opened as they are.
  const page = paths.find((path) => path === 'index.html');
  return page && facts.manifests.length === 0 ? seen(page, 'open in a browser') : undefined;
}

function findStart(facts: ScanFacts): Evidence | undefined {
  const paths = facts.files.map(({ path }) => path);
  const image = paths.find((path) => isDockerfile(path) && path.split('/').length <= 2);
  if (image) return seen(image, 'docker build, then docker run');
  const start = paths.find((path) => startable.test(path));
  return start ? seen(start, 'can be started') : undefined;
}

function findTestWay(facts: ScanFacts): Evidence | undefined {
  for (const { file, scripts } of facts.manifests) {
    const test = Object.hasOwn(scripts, 'test') ? scripts.test : undefined;
    // What npm init writes is no test.
    if (test && (!/no test specified/.test(test) || runsTests(test, facts))) {
      return seen(file, 'script test');
    }
  }
  const target = findTarget(facts, testTarget);
  if (target) return target;
  const paths = facts.files.map(({ path }) => path);
  for (const [pattern, command] of libraryTests) {
    const path = paths.find((one) => pattern.test(one));
    if (path) return seen(path, command);
  }
  for (const [path, text] of facts.texts) {
    if (path === 'pyproject.toml' && /^\[tool\.(?:pytest|hatch\.envs|tox)/m.test(text)) {
      return seen(path, 'pytest');
    }
  }
  return undefined;
}

function findTarget(facts: ScanFacts, target: RegExp): Evidence | undefined {
  for (const [path, text] of facts.texts) {
    if (path.includes('/') || !isTaskFile(path)) continue;
    const lines = text.split(/\r?\n/);
    const at = lines.findIndex((line) => target.test(line));
    if (at >= 0) return seen(path, `target ${(lines[at] ?? '').trim().split(/[\s:]/)[0]}`, at + 1);
  }
  return undefined;
}
