/**
 * `code`: what a project may be written in. `glue`: scripts around it, which count only where there
 * is little else. `markup`: pages, which count only without any code.
 */
export type LanguageWeight = 'code' | 'glue' | 'markup';

interface LanguageTechnology {
  readonly technology: string;
  readonly weight: LanguageWeight;
}

const code: Readonly<Record<string, string>> = {
  Python: 'python',
  Cython: 'python',
  'Jupyter Notebook': 'python',
  TypeScript: 'typescript',
  JavaScript: 'javascript',
  CoffeeScript: 'coffeescript',
  Java: 'java',
  Kotlin: 'kotlin',
  Scala: 'scala',
  Groovy: 'groovy',
  Clojure: 'clojure',
  ClojureScript: 'clojurescript',
  Go: 'go',
  Rust: 'rust',
  C: 'c',
  'C++': 'c++',
  CUDA: 'cuda',
  'Objective-C': 'objective-c',
  'Objective-C++': 'objective-c',
  'C#': 'csharp',
  'F#': 'fsharp',
  'Visual Basic .NET': 'visual-basic',
  PHP: 'php',
  Ruby: 'ruby',
  Swift: 'swift',
  Dart: 'dart',
  Elixir: 'elixir',
  Erlang: 'erlang',
  Gleam: 'gleam',
  Haskell: 'haskell',
  Elm: 'elm',
  OCaml: 'ocaml',
  Lua: 'lua',
  Perl: 'perl',
  Raku: 'raku',
  R: 'r',
  Julia: 'julia',
  MATLAB: 'matlab',
  'Fortran 77': 'fortran',
  'Fortran 90': 'fortran',
  COBOL: 'cobol',
  Pascal: 'pascal',
  Ada: 'ada',
  Zig: 'zig',
  Nim: 'nim',
  Crystal: 'crystal',
  D: 'd',
  V: 'v',
  Odin: 'odin',
  Vala: 'vala',
  Lisp: 'lisp',
  Scheme: 'scheme',
  Racket: 'racket',
  Prolog: 'prolog',
  Solidity: 'solidity',
  GDScript: 'gdscript',
  Assembly: 'assembly',
  'Verilog-SystemVerilog': 'verilog',
  VHDL: 'vhdl',
  HCL: 'terraform',
  'Arduino Sketch': 'arduino',
};

const glue: Readonly<Record<string, string>> = {
  Shell: 'shell',
  PowerShell: 'powershell',
  SQL: 'sql',
  'PL/SQL': 'sql',
  Nix: 'nix',
  'vim script': 'vimscript',
  'Emacs Lisp': 'emacs-lisp',
};

const markup: Readonly<Record<string, string>> = {
  HTML: 'html',
  CSS: 'css',
  SCSS: 'css',
  Sass: 'css',
  Less: 'css',
};

/** A language of the line counter by the name of its technology. */
export const languageTechnologies: ReadonlyMap<string, LanguageTechnology> = new Map([
  ...withWeight(code, 'code'),
  ...withWeight(glue, 'glue'),
  ...withWeight(markup, 'markup'),
]);

function withWeight(
  names: Readonly<Record<string, string>>,
  weight: LanguageWeight,
): [string, LanguageTechnology][] {
  return Object.entries(names).map(([name, technology]) => [name, { technology, weight }]);
}
