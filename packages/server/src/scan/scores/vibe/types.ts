import { basename } from 'node:path/posix';
import { type Check, type Evidence, lin, notApplicable, scored, seen, shareOf } from '../check.ts';
import { codeLanguages } from '../code.ts';
import type { ScanFacts } from '../scan-facts.ts';
import { listed, percentage } from '../wording.ts';
import { isNearRoot, toolFinder } from './find-tool.ts';
import type { Tool } from './tools.ts';

const head = { id: 'types', title: 'Types are checked', max: 6 };

/** Of the lines in languages whose types can be checked. */
const enough = 0.8;

const compiled = new Set([
  ...['Ada', 'Agda', 'C', 'C#', 'C++', 'C/C++ Header', 'CUDA', 'Crystal', 'D', 'Dart', 'Elm', 'F#'],
  ...[
    'Fortran 77',
    'Fortran 90',
    'Gleam',
    'Go',
    'Haskell',
    'Haxe',
    'Idris',
    'Java',
    'Kotlin',
    'Lean',
  ],
  ...[
    'Mojo',
    'Move',
    'Nim',
    'OCaml',
    'Objective-C',
    'Objective-C++',
    'Odin',
    'Pascal',
    'PureScript',
  ],
  ...['ReScript', 'ReasonML', 'Rust', 'Scala', 'Solidity', 'Standard ML', 'Swift', 'V', 'Vala'],
  ...['Visual Basic .NET', 'Zig'],
]);

/** Where types are written beside the language, and a program of its own checks them. */
const checkers: readonly Tool[] = [
  {
    name: 'a type checker for Python',
    languages: ['Python'],
    settings: /^(?:\.?mypy\.ini|pyrightconfig\.json|\.pyre_configuration|ty\.toml|pyrefly\.toml)$/,
    sections: [
      {
        file: /^pyproject\.toml$/,
        text: /^\[tool\.(?:mypy|pyright|basedpyright|ty|pyre|pyrefly)\b/m,
      },
      { file: /^(?:setup\.cfg|tox\.ini)$/, text: /^\[mypy/m },
    ],
    packages: ['mypy', 'pyright', 'basedpyright'],
    command: /\b(?:mypy|pyright|basedpyright|pyrefly|ty\s+check)\b/,
  },
  {
    name: 'PHPStan or Psalm',
    languages: ['PHP'],
    settings: /^(?:phpstan(?:\.dist)?\.neon(?:\.dist)?|psalm\.xml(?:\.dist)?)$/,
    packages: ['phpstan/phpstan', 'vimeo/psalm', 'larastan/larastan'],
    command: /\b(?:phpstan|psalm)\b/,
  },
  {
    name: 'Sorbet or Steep',
    languages: ['Ruby'],
    settings: /^(?:Steepfile|sorbet\.config)$/,
    packages: ['sorbet', 'sorbet-static', 'steep'],
    command: /\b(?:srb\s+tc|steep\s+check)\b/,
  },
  {
    name: 'Dialyzer',
    languages: ['Elixir', 'Erlang'],
    packages: ['dialyxir'],
    command: /\bdialyzer\b/,
  },
];

/** What is typed for those who use it, and not checked here. */
const onlyMarked = 0.5;
/** TypeScript that says `"strict": false`: `null` and implicit `any` go through. */
const notStrict = 0.75;

interface Typed {
  /** Of a language's lines, from 0 to 1; `undefined`: types cannot be checked in it. */
  part: number | undefined;
  evidence?: Evidence;
}

export const types: Check = (facts) => {
  const typedOf = typing(facts);
  const judged = codeLanguages(facts)
    .filter(({ code }) => code > 0)
    .sort((a, b) => b.code - a.code)
    .flatMap(({ name, code }) => {
      const { part, evidence } = typedOf(name);
      return part === undefined ? [] : [{ name, code, part, evidence }];
    });
  const lines = judged.reduce((sum, { code }) => sum + code, 0);
  if (lines === 0) {
    return notApplicable(head, 'There is no code in a language whose types could be checked.');
  }
  const share = shareOf(
    judged.reduce((sum, { code, part }) => sum + code * part, 0),
    lines,
  );
  const lacking = judged.filter(({ part }) => part < 1).map(({ name }) => name);
  const remedies = [...new Set(lacking.map((name) => remedyOf(name)))];
  return scored(head, {
    part: lin(share, 0, enough),
    evidence: judged.map(
      ({ name, part, evidence }) => evidence ?? seen(null, `${name}: ${howTyped(part)}`),
    ),
    why:
      lacking.length === 0
        ? `The types of all code are checked: ${listed(judged.map(({ name }) => name))}.`
        : `Types are checked in ${percentage(share)} of the code; not, or not in full, in ${listed(lacking)}.`,
    fix: `${remedies.join(' ')}`,
  });
};

function howTyped(part: number): string {
  return part === 1 ? 'types are checked' : part > 0 ? 'types are checked in part' : 'not checked';
}

function typing(facts: ScanFacts): (language: string) => Typed {
  const find = toolFinder(facts, checkers);
  const configs = [...facts.texts].filter(
    ([path]) => /^[jt]sconfig(?:\.[\w-]+)?\.json$/.test(basename(path)) && isNearRoot(path),
  );
  const lax = configs.find(([, text]) => /"strict"\s*:\s*false/.test(text));
  const checksScripts = configs.find(([, text]) => /"checkJs"\s*:\s*true/.test(text));
  const marked = facts.files.find(({ path }) => basename(path) === 'py.typed');
  const tsconfig = facts.files.find(
    ({ path }) => basename(path) === 'tsconfig.json' && isNearRoot(path),
  );

  return (language) => {
    if (compiled.has(language)) return { part: 1 };
    if (language === 'TypeScript') {
      return lax ? { part: notStrict, evidence: seen(lax[0], '"strict": false') } : { part: 1 };
    }
    if (language === 'JavaScript') {
      return checksScripts ? { part: 1, evidence: seen(checksScripts[0], 'checkJs') } : { part: 0 };
    }
    if (['Vue', 'Svelte', 'Astro'].includes(language)) {
      return tsconfig ? { part: 1, evidence: seen(tsconfig.path, language) } : { part: 0 };
    }
    const checker = checkers.find(({ languages }) => languages.includes(language));
    if (!checker) return { part: undefined };
    const evidence = find(checker);
    if (evidence) return { part: 1, evidence };
    return language === 'Python' && marked
      ? { part: onlyMarked, evidence: seen(marked.path, 'typed, but no checker is set up') }
      : { part: 0 };
  };
}

function remedyOf(language: string): string {
  switch (language) {
    case 'TypeScript':
      return 'Set "strict": true in tsconfig.json.';
    case 'JavaScript':
      return 'Move JavaScript to TypeScript, or set "checkJs": true in a jsconfig.json.';
    case 'Vue':
    case 'Svelte':
    case 'Astro':
      return `Add a tsconfig.json, and lang="ts" to the scripts of ${language}.`;
    case 'Python':
      return 'Add type hints, and mypy or Pyright with its settings in pyproject.toml.';
    default: {
      const checker = checkers.find(({ languages }) => languages.includes(language));
      return `Set up ${checker?.name ?? 'a type checker'} for ${language}.`;
    }
  }
}
