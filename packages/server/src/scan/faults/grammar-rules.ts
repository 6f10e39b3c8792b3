import type { GrammarRules } from './check-with-grammar.ts';
import { csharpForms } from './csharp-forms.ts';
import type { FaultAt } from './fault.ts';

// Only assignments, calls and the like are statements. After `case x ->` any expression may be.
const javaStatements = ['program', 'block', 'constructor_body']
  .map(
    (parent) => `(${parent} (expression_statement [(identifier) (field_access) (string_literal)
      (decimal_integer_literal) (binary_expression) (array_access) (parenthesized_expression)] @wrong))`,
  )
  .join(' ');
// What is no keyword where it stands is a name to the grammar.
const rubyEnds = ['program', 'body_statement', 'then', 'else', 'do']
  .map((parent) => `((${parent} (identifier) @wrong) (#eq? @wrong "end"))`)
  .join(' ');
const goStatements =
  '(source_file [(expression_statement) (assignment_statement) (short_var_declaration)] @wrong)';
const rustItems = `(source_file (expression_statement [(identifier) (scoped_identifier)
  (unary_expression) (call_expression) (tuple_expression) (parenthesized_expression)
  (binary_expression) (string_literal) (integer_literal)] @wrong))`;

/** What the grammars of tree-sitter have wrong, measured on large trees that compile. */
export const grammarRules = {
  go: {
    grammar: 'go',
    wrong: { query: goStatements, message: 'Outside of functions there are only declarations' },
  },
  java: { grammar: 'java', wrong: { query: javaStatements, message: 'This is not a statement' } },
  ruby: {
    grammar: 'ruby',
    wrong: { query: rubyEnds, message: 'Unexpected `end`: nothing is open here' },
  },
  php: {
    grammar: 'php',
    wrong: {
      query: '(method_declaration (visibility_modifier) (visibility_modifier) @wrong)',
      message: 'Only one of `public`, `protected` and `private` is allowed',
    },
  },
  rust: {
    grammar: 'rust',
    forms: rustForms,
    mayBeRight: isInRustMacro,
    wrong: {
      query: rustItems,
      message: 'Outside of functions there are only items, such as `fn` or `mod`',
    },
  },
  csharp: {
    grammar: 'c-sharp',
    forms: csharpForms,
    mayBeRight: isPointerCode,
  },
} satisfies Record<string, GrammarRules>;

/** `try!` and `raw` are names in older editions; the grammar takes them for keywords. */
function rustForms(text: string): string[] {
  return [
    text.replace(/\btry(?=\s*(?:!|::))/g, 'tr_').replace(/\braw\b(?!\s+(?:const|mut)\b)/g, 'r_w'),
  ];
}

/** A macro's input may hold any tokens at all; only its brackets must match. */
function isInRustMacro(text: string, { offset }: FaultAt): boolean {
  const before = text.slice(Math.max(0, offset - 20_000), offset);
  let depth = 0;
  for (let at = before.length - 1; at >= 0; at--) {
    const sign = before[at] ?? '';
    if (')]}'.includes(sign)) depth += 1;
    else if ('([{'.includes(sign)) {
      if (depth > 0) depth -= 1;
      else if (/!\s*(?:[\w$]+\s*)?$/.test(before.slice(Math.max(0, at - 80), at))) return true;
    }
  }
  return false;
}

/** The grammar reads `*(int*)p = 1` as a multiplication. */
function isPointerCode(text: string, { offset }: FaultAt): boolean {
  if (!/\bunsafe\b/.test(text)) return false;
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return /[*&]/.test(text.slice(start, end < 0 ? undefined : end));
}
