import { type CommandLine, commandLinesOf } from './commands.ts';
import type { ScanFacts } from './scan-facts.ts';

/**
 * Commands that run tests, as their tools document them. `mvn package` and `gradle build` run them
 * on their way, unless told otherwise.
 */
const testCommands: readonly RegExp[] = [
  /\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:--?[\w-]+\s+)*(?:t|tst|test)(?=[\s:;&|"']|$)/,
  /\b(?:deno|swift|flutter|dart|mix|sbt|lein|zig|crystal|forge|hatch|just|task|rails|rake|composer|stack|cabal|dune|meson|nx|turbo|bazelisk|bazel|gleam|nimble|dotnet|go)\s+(?:[\w@./-]+\s+){0,3}?(?:test|spec|runtest)(?=[\s:;&|"']|$)/,
  /\b(?:node|bun)\s(?:.*\s)?--test(?=[\s=]|$)/,
  /\b(?:vitest|jest|mocha|ava|jasmine|karma|cypress\s+run|playwright\s+test|wdio|qunit)(?=[\s;&|"']|$)/,
  /\b(?:pytest|py\.test|tox|nox|nose2?|unittest|behave)(?=[\s;&|"']|$)/,
  /\bmanage\.py\s+test\b/,
  /\bcargo\s+(?:[\w+-]+\s+)*?(?:test|nextest|llvm-cov|tarpaulin)\b/,
  /\b(?:gotestsum|ginkgo|rspec|cucumber|minitest|phpunit|pest|paratest|ctest|busted|prove|bats|xcodebuild\b.*\btest|runtests\.jl|testthat|devtools::test|R CMD check)(?=[\s;&|"':/]|$)/,
  /\b(?:make|ninja)\s+(?:[\w=./-]+\s+)*?(?:tests?|check|[\w-]+-tests?|tests?-[\w-]+)(?=[\s;&|"']|$)/,
  /\bmvnw?\b(?!.*-DskipTests|.*-Dmaven\.test\.skip).*\b(?:test|verify|package|install|deploy)\b/,
  /\bgradlew?\b(?!.*-x\s+test).*\b(?:test|check|build)\b/,
  /(?:^|[\s"'])(?:\.\/)?(?:[\w.-]+\/)*(?:run[-_]?)?(?:all[-_]?)?tests?(?:[-_]\w+)?\.(?:sh|bash|py|js|mjs|ts|ps1|rb)\b/,
];

const packageScript = /\b(?:npm|pnpm|yarn|bun)\s+(?:run(?:-script)?\s+)?([\w:.-]+)/g;
/** `pip install pytest` runs nothing yet. */
const installs =
  /\b(?:pip3?|pipx|uv|poetry|pdm|conda|npm|pnpm|yarn|bun|gem|brew|apt|apt-get|apk|dnf|cargo|go|composer)\s+(?:-\S+\s+)*(?:pip\s+|global\s+|tool\s+)?(?:install|add|i|require|get)\s/;
/** One script calls the next; a circle of them ends here. */
const deepest = 4;

/** The first line of a pipeline that runs tests, also by way of the scripts of a package.json. */
export function findTestCommand(
  facts: ScanFacts,
  file: string,
  text: string,
): CommandLine | undefined {
  return commandLinesOf(file, text).find((line) => runsTests(line.text, facts));
}

export function runsTests(command: string, facts: ScanFacts, depth = 0): boolean {
  // The title of a step is no command.
  if (/^(?:- +)?["']?(?:name|title|displayName|label|key)["']?\s*:/.test(command)) return false;
  return command.split(/&&|\|\||;/).some((one) => !installs.test(one) && isTest(one, facts, depth));
}

function isTest(command: string, facts: ScanFacts, depth: number): boolean {
  if (testCommands.some((pattern) => pattern.test(command))) return true;
  if (depth === deepest) return false;
  for (const [, name = ''] of command.matchAll(packageScript)) {
    for (const { scripts } of facts.manifests) {
      const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
      if (script !== undefined && runsTests(script, facts, depth + 1)) return true;
    }
  }
  return false;
}
