import { checkC } from './check-c.ts';
import { checkJavaScript } from './check-javascript.ts';
import { checkJson } from './check-json.ts';
import { checkPhp } from './check-php.ts';
import { checkPython } from './check-python.ts';
import { checkToml } from './check-toml.ts';
import { checkWithGrammar, type GrammarRules } from './check-with-grammar.ts';
import { checkXml } from './check-xml.ts';
import { checkYaml } from './check-yaml.ts';
import type { SyntaxCheck } from './fault.ts';
import { grammarRules } from './grammar-rules.ts';
import type { Language } from './language-of.ts';
import type { TreeSitterSpares } from './tree-sitter-spares.ts';

const withoutTreeSitter: ReadonlySet<Language> = new Set([
  'python',
  'c',
  'json',
  'yaml',
  'toml',
  'xml',
]);

/** Whether its check may use a tree-sitter, which has to be at hand then. */
export function usesTreeSitter(language: Language): boolean {
  return !withoutTreeSitter.has(language);
}

/** The check of a language. Its parser is loaded when the first file of the language comes. */
export function createSyntaxChecks(spares: TreeSitterSpares): (language: Language) => SyntaxCheck {
  const made = new Map<Language, SyntaxCheck>();
  const withGrammar = (rules: GrammarRules) => checkWithGrammar(spares, rules);

  const makers: Record<Language, () => SyntaxCheck> = {
    python: checkPython,
    javascript: () => checkJavaScript(withGrammar({ grammar: 'tsx' })),
    typescript: () => {
      const tsx = withGrammar({ grammar: 'tsx' });
      const ts = withGrammar({ grammar: 'typescript' });
      return checkJavaScript((text, file) => (/x$/i.test(file) ? tsx : ts)(text, file));
    },
    php: () => checkPhp(withGrammar(grammarRules.php)),
    go: () => withGrammar(grammarRules.go),
    java: () => withGrammar(grammarRules.java),
    rust: () => withGrammar(grammarRules.rust),
    csharp: () => withGrammar(grammarRules.csharp),
    ruby: () => withGrammar(grammarRules.ruby),
    c: () => checkC,
    json: () => checkJson,
    yaml: () => checkYaml,
    toml: () => checkToml,
    xml: () => checkXml,
  };

  return (language) => {
    const known = made.get(language);
    if (known) return known;
    const check = makers[language]();
    made.set(language, check);
    return check;
  };
}
