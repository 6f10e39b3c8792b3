import { basename, extname } from 'node:path/posix';
import type { DefinitionRules } from './definition-rules.ts';
import {
  keywordRules,
  markdownRules,
  noRules,
  pythonRules,
  rubyRules,
  shellRules,
} from './plain-rules.ts';
import { scriptRules } from './script-rules.ts';
import {
  cRules,
  goRules,
  javaRules,
  kotlinRules,
  phpRules,
  rustRules,
  scalaRules,
  swiftRules,
} from './typed-rules.ts';

const languages: readonly (readonly [names: string, extensions: string, rules: DefinitionRules])[] =
  [
    ['python py', 'py pyi pyw pyx pxd', pythonRules],
    ['javascript js', 'js mjs cjs jsx', scriptRules],
    ['typescript ts', 'ts mts cts tsx', scriptRules],
    ['vue', 'vue', scriptRules],
    ['svelte', 'svelte', scriptRules],
    ['go golang', 'go', goRules],
    ['java', 'java', javaRules],
    ['csharp c# cs', 'cs', javaRules],
    ['dart', 'dart', javaRules],
    ['groovy', 'groovy gradle', javaRules],
    ['kotlin kt', 'kt kts', kotlinRules],
    ['swift', 'swift', swiftRules],
    ['scala', 'scala sc', scalaRules],
    ['rust rs', 'rs', rustRules],
    ['c', 'c h', cRules],
    ['cpp c++ cxx', 'cc cpp cxx c++ hh hpp hxx h++ inl cu cuh', cRules],
    ['objective-c objc', 'm mm', cRules],
    ['php', 'php phtml php5 inc', phpRules],
    ['ruby rb', 'rb rake gemspec', rubyRules],
    ['shell sh bash zsh', 'sh bash zsh ksh', shellRules],
    ['lua', 'lua', keywordRules],
    ['perl pl', 'pl pm t', keywordRules],
    ['elixir ex', 'ex exs', keywordRules],
    ['r', 'r', keywordRules],
    ['powershell ps1', 'ps1 psm1', keywordRules],
    ['sql', 'sql', keywordRules],
    ['zig', 'zig', keywordRules],
    ['nim', 'nim', keywordRules],
    ['julia jl', 'jl', keywordRules],
    ['markdown md', 'md markdown mdx', markdownRules],
    ['html', 'html htm xhtml', noRules],
    ['css', 'css scss sass less', noRules],
    ['json', 'json jsonc json5', noRules],
    ['yaml yml', 'yaml yml', noRules],
    ['toml', 'toml', noRules],
    ['xml', 'xml xsd xsl svg', noRules],
    ['text txt', 'txt rst adoc', noRules],
    ['protobuf proto', 'proto', noRules],
    ['graphql gql', 'graphql gql', noRules],
    ['terraform hcl tf', 'tf hcl', noRules],
    ['assembly asm', 's asm', noRules],
  ];

const byFileName: Record<string, string> = {
  Dockerfile: 'dockerfile',
  Makefile: 'makefile',
  Rakefile: 'ruby',
  Gemfile: 'ruby',
  Jenkinsfile: 'groovy',
};

interface Known {
  name: string;
  rules: DefinitionRules;
}

const byExtension = new Map<string, Known>();
const byName = new Map<string, string>();
for (const [names, extensions, rules] of languages) {
  const [name = '', ...others] = names.split(' ');
  for (const other of [name, ...others]) byName.set(other, name);
  for (const extension of extensions.split(' ')) byExtension.set(extension, { name, rules });
}

/** The language of a file as `lang:` names it, or its extension; and how it is split. */
export function rulesOf(path: string): Known {
  const extension = extname(path).slice(1).toLowerCase();
  const known = byExtension.get(extension);
  if (known) return known;
  const name = byFileName[basename(path)] ?? extension;
  const rules = languages.find(([names]) => names.split(' ')[0] === name)?.[2] ?? noRules;
  return { name, rules };
}

/** The one name of a language, of which several are common: `golang` is `go`. */
export function languageNamed(text: string): string {
  const lower = text.toLowerCase();
  return byName.get(lower) ?? byExtension.get(lower)?.name ?? lower;
}
