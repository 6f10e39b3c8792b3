import path from 'node:path';

const byExtension = {
  python: ['.py', '.pyi', '.pyw'],
  javascript: ['.js', '.mjs', '.cjs', '.jsx'],
  typescript: ['.ts', '.mts', '.cts', '.tsx'],
  php: ['.php', '.phtml'],
  go: ['.go'],
  java: ['.java'],
  rust: ['.rs'],
  c: ['.c', '.h', '.cc', '.cpp', '.cxx', '.hh', '.hpp', '.hxx'],
  csharp: ['.cs'],
  ruby: ['.rb', '.rake', '.gemspec'],
  json: ['.json', '.jsonc', '.webmanifest', '.geojson', '.code-workspace'],
  yaml: ['.yaml', '.yml'],
  toml: ['.toml'],
  xml: [
    '.xml',
    '.xsd',
    '.xsl',
    '.xslt',
    '.wsdl',
    '.svg',
    '.plist',
    '.resx',
    '.csproj',
    '.vbproj',
    '.fsproj',
    '.props',
    '.targets',
    '.nuspec',
    '.pom',
  ],
} as const satisfies Record<string, readonly string[]>;

export type Language = keyof typeof byExtension;

const byName: Record<string, Language> = {
  Rakefile: 'ruby',
  Gemfile: 'ruby',
  Podfile: 'ruby',
  Vagrantfile: 'ruby',
  'Cargo.lock': 'toml',
  'poetry.lock': 'toml',
  'uv.lock': 'toml',
  'pdm.lock': 'toml',
  Pipfile: 'toml',
  'Pipfile.lock': 'json',
  'composer.lock': 'json',
  '.eslintrc': 'json',
  '.babelrc': 'json',
  '.swcrc': 'json',
};

const languages = Object.keys(byExtension) as Language[];

/** The language that a file is checked as; `undefined`: there is no parser for it. */
export function languageOf(file: string): Language | undefined {
  const name = path.posix.basename(file);
  if (Object.hasOwn(byName, name)) return byName[name];
  const extension = path.posix.extname(name).toLowerCase();
  return languages.find((language) =>
    (byExtension[language] as readonly string[]).includes(extension),
  );
}
