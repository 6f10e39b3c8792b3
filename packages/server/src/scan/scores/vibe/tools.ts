/** A program that checks or formats code, and what in a project shows that it is used. */
export interface Tool {
  name: string;
  /** As the line counter spells them. */
  languages: readonly string[];
  /** The name of its own settings file. */
  settings?: RegExp;
  /** Its section in a file that others use too. */
  sections?: readonly { file: RegExp; text: RegExp }[];
  /** A direct dependency that needs no settings file. */
  packages?: readonly string[];
  /** Its command in a pipeline, a task file or a script. */
  command?: RegExp;
  /** Comes with the language, and everybody uses it unasked. */
  builtIn?: boolean;
}

const web = ['JavaScript', 'TypeScript', 'Vue', 'Svelte', 'Astro'];
const cFamily = ['C', 'C++', 'C/C++ Header', 'Objective-C', 'Objective-C++', 'CUDA'];
const pyproject = /^pyproject\.toml$/;
const iniFiles = /^(?:setup\.cfg|tox\.ini)$/;
const packageJson = /^package\.json$/;
const cargo = /^Cargo\.toml$/;

export const linters: readonly Tool[] = [
  {
    name: 'ESLint',
    languages: web,
    settings: /^(?:\.eslintrc(?:\.\w+)?|eslint\.config\.[cm]?[jt]s)$/,
    sections: [{ file: packageJson, text: /"(?:eslintConfig|xo)"\s*:/ }],
    packages: ['standard', 'xo', 'ts-standard'],
    command: /\b(?:eslint|next lint|ng lint)\b/,
  },
  { name: 'Biome', languages: web, settings: /^\.?biome\.jsonc?$/, packages: ['@biomejs/biome'] },
  { name: 'Oxlint', languages: web, settings: /^\.oxlintrc\.json$/, packages: ['oxlint'] },
  { name: 'Deno', languages: web, command: /\bdeno\s+lint\b/ },
  {
    name: 'Ruff',
    languages: ['Python', 'Jupyter Notebook'],
    settings: /^\.?ruff\.toml$/,
    sections: [{ file: pyproject, text: /^\[tool\.ruff(?:\]|\.lint)/m }],
    command: /\bruff\b(?!\s+format)/,
  },
  {
    name: 'Flake8 or Pylint',
    languages: ['Python', 'Jupyter Notebook'],
    settings: /^(?:\.flake8|\.?pylintrc(?:\.toml)?|\.prospector\.ya?ml)$/,
    sections: [
      { file: iniFiles, text: /^\[(?:flake8|pylint[\w.]*)/m },
      { file: pyproject, text: /^\[tool\.(?:pylint|flake8)/m },
    ],
    command: /\b(?:flake8|pylint|pyflakes)\b/,
  },
  {
    name: 'golangci-lint, Staticcheck or go vet',
    languages: ['Go'],
    settings: /^(?:\.golangci\.(?:ya?ml|toml|json)|staticcheck\.conf|\.?revive\.toml)$/,
    command: /\b(?:golangci-lint|staticcheck|revive|go\s+vet)\b/,
  },
  {
    name: 'Clippy',
    languages: ['Rust'],
    settings: /^\.?clippy\.toml$/,
    sections: [{ file: cargo, text: /^\[(?:workspace\.)?lints/m }],
    command: /\bclippy\b/,
  },
  {
    name: 'RuboCop or Standard',
    languages: ['Ruby'],
    settings: /^\.(?:rubocop|standard)\.yml$/,
    packages: ['rubocop', 'standard'],
    command: /\b(?:rubocop|standardrb)\b/,
  },
  {
    name: 'PHPStan, Psalm or PHP_CodeSniffer',
    languages: ['PHP'],
    settings:
      /^\.?(?:phpstan(?:\.dist)?\.neon(?:\.dist)?|psalm\.xml(?:\.dist)?|phpcs\.xml(?:\.dist)?|phpmd\.xml)$/,
    packages: ['larastan/larastan', 'phpstan/phpstan', 'vimeo/psalm'],
    command: /\b(?:phpstan|psalm|phpcs|phpmd)\b/,
  },
  {
    name: 'Checkstyle, PMD, SpotBugs or Error Prone',
    languages: ['Java'],
    settings: /^(?:checkstyle.*\.xml|pmd.*\.xml|spotbugs.*\.xml|sonar-project\.properties)$/,
    sections: [
      {
        file: /^(?:pom\.xml|build\.gradle(?:\.kts)?)$/,
        text: /\b(?:checkstyle|pmd|spotbugs|errorprone|error_prone|sonarqube)\b/i,
      },
    ],
  },
  {
    name: 'detekt or ktlint',
    languages: ['Kotlin'],
    settings: /^\.?detekt.*\.ya?ml$/,
    sections: [{ file: /^build\.gradle(?:\.kts)?$/, text: /\b(?:detekt|ktlint)\b/i }],
    command: /\b(?:detekt|ktlint)\b/,
  },
  {
    name: 'Scalafix or WartRemover',
    languages: ['Scala'],
    settings: /^\.scalafix\.conf$/,
    command: /\bscalafix\b/i,
  },
  {
    name: '.NET analyzers',
    languages: ['C#', 'F#', 'Visual Basic .NET'],
    settings: /^(?:stylecop\.json|\.globalconfig)$/,
    sections: [
      {
        file: /^(?:Directory\.Build\.props|.+\.(?:cs|fs|vb)proj)$/,
        text: /<(?:EnableNETAnalyzers|AnalysisLevel|AnalysisMode|TreatWarningsAsErrors|EnforceCodeStyleInBuild)>/,
      },
      { file: /^\.editorconfig$/, text: /^dotnet_(?:diagnostic|analyzer)/m },
    ],
  },
  {
    name: 'clang-tidy or Cppcheck',
    languages: cFamily,
    settings: /^(?:\.clang-tidy|CPPLINT\.cfg|\.cppcheck)$/,
    command: /\b(?:clang-tidy|cppcheck|cpplint|scan-build)\b/,
  },
  {
    name: 'SwiftLint',
    languages: ['Swift'],
    settings: /^\.swiftlint\.ya?ml$/,
    command: /\bswiftlint\b/,
  },
  { name: 'Dart analyzer', languages: ['Dart'], settings: /^analysis_options\.yaml$/ },
  { name: 'Credo', languages: ['Elixir'], settings: /^\.credo\.exs$/, command: /\bmix\s+credo\b/ },
  {
    name: 'ShellCheck',
    languages: ['Shell'],
    settings: /^\.shellcheckrc$/,
    command: /\bshellcheck\b/,
  },
  { name: 'HLint', languages: ['Haskell'], settings: /^\.hlint\.yaml$/, command: /\bhlint\b/ },
  { name: 'Luacheck or Selene', languages: ['Lua'], settings: /^(?:\.luacheckrc|selene\.toml)$/ },
  { name: 'clj-kondo', languages: ['Clojure', 'ClojureScript'], command: /\bclj-kondo\b/ },
  { name: 'lintr', languages: ['R'], settings: /^\.lintr$/ },
  { name: 'Perl::Critic', languages: ['Perl'], settings: /^\.perlcriticrc$/ },
  {
    name: 'PSScriptAnalyzer',
    languages: ['PowerShell'],
    settings: /^PSScriptAnalyzerSettings\.psd1$/,
  },
];

export const formatters: readonly Tool[] = [
  {
    name: 'Prettier',
    languages: web,
    settings: /^(?:\.prettierrc(?:\.\w+)?|prettier\.config\.[cm]?[jt]s)$/,
    packages: ['prettier', 'standard', 'xo', 'ts-standard', 'oxfmt'],
    command: /\b(?:prettier|oxfmt)\b/,
  },
  { name: 'Biome', languages: web, settings: /^\.?biome\.jsonc?$/, packages: ['@biomejs/biome'] },
  { name: 'dprint', languages: web, settings: /^\.?dprint\.jsonc?$/ },
  { name: 'Deno', languages: web, command: /\bdeno\s+fmt\b/ },
  {
    name: 'Ruff or Black',
    languages: ['Python', 'Jupyter Notebook'],
    settings: /^\.(?:style\.yapf|yapfrc)$/,
    sections: [{ file: pyproject, text: /^\[tool\.(?:black|yapf|ruff\.format)/m }],
    packages: ['black', 'yapf'],
    command: /\b(?:black|yapf|ruff\s+format|ruff-format)\b/,
  },
  { name: 'gofmt', languages: ['Go'], builtIn: true },
  { name: 'rustfmt', languages: ['Rust'], builtIn: true },
  { name: 'zig fmt', languages: ['Zig'], builtIn: true },
  { name: 'dart format', languages: ['Dart'], builtIn: true },
  { name: 'gleam format', languages: ['Gleam'], builtIn: true },
  { name: 'mix format', languages: ['Elixir'], settings: /^\.formatter\.exs$/ },
  {
    name: 'RuboCop or Standard',
    languages: ['Ruby'],
    settings: /^\.(?:rubocop|standard|rufo)(?:\.yml)?$/,
    packages: ['rubocop', 'standard'],
  },
  {
    name: 'PHP CS Fixer or Pint',
    languages: ['PHP'],
    settings: /^(?:\.php-cs-fixer(?:\.dist)?\.php|\.php_cs(?:\.dist)?|pint\.json|ecs\.php)$/,
    packages: ['laravel/pint'],
    command: /\b(?:php-cs-fixer|phpcbf|pint)\b/,
  },
  {
    name: 'Spotless or google-java-format',
    languages: ['Java', 'Kotlin', 'Scala', 'Groovy'],
    sections: [
      {
        file: /^(?:pom\.xml|build\.gradle(?:\.kts)?)$/,
        text: /\b(?:spotless|fmt-maven-plugin|spring-javaformat|ktlint|ktfmt)\b/i,
      },
    ],
    command: /\b(?:google-java-format|ktlint|ktfmt|scalafmt)\b/,
  },
  { name: 'Scalafmt', languages: ['Scala'], settings: /^\.scalafmt\.conf$/ },
  {
    name: 'dotnet format or CSharpier',
    languages: ['C#', 'F#', 'Visual Basic .NET'],
    settings: /^\.(?:csharpierrc(?:\.\w+)?|editorconfig)$/,
    command: /\b(?:dotnet\s+format|csharpier|fantomas)\b/,
  },
  {
    name: 'clang-format',
    languages: cFamily,
    settings: /^(?:\.clang-format|\.astylerc|uncrustify\.cfg)$/,
    command: /\bclang-format\b/,
  },
  {
    name: 'SwiftFormat',
    languages: ['Swift'],
    settings: /^\.swift-?format$/,
    command: /\bswift-?format\b/,
  },
  { name: 'shfmt', languages: ['Shell'], command: /\bshfmt\b/ },
  {
    name: 'Fourmolu or Ormolu',
    languages: ['Haskell'],
    settings: /^fourmolu\.yaml$/,
    command: /\bormolu\b/,
  },
  { name: 'StyLua', languages: ['Lua'], settings: /^\.?stylua\.toml$/ },
  { name: 'OCamlFormat', languages: ['OCaml'], settings: /^\.ocamlformat$/ },
  { name: 'cljfmt', languages: ['Clojure', 'ClojureScript'], command: /\bcljfmt\b/ },
  { name: 'styler', languages: ['R'], command: /\bstyler\b/ },
  { name: 'perltidy', languages: ['Perl'], settings: /^\.perltidyrc$/ },
  { name: 'JuliaFormatter', languages: ['Julia'], settings: /^\.JuliaFormatter\.toml$/ },
];
