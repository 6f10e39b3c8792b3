import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFaultFinder, type FaultFinder, type FileFaults } from './find-faults.ts';

let finder: FaultFinder;
beforeAll(async () => {
  finder = createFaultFinder();
  await finder.prepare(['a.go']);
});
afterAll(() => finder.close());

const find = (path: string, text: string | Buffer): FileFaults =>
  finder.find(path, Buffer.from(text as string));
const template = '$' + '{x}';

describe('a file in order has no fault', () => {
  test.each([
    ['a.py', 'match x:\n    case [1, *rest] if rest: pass\n'],
    ['a.py', 'type Pair[T] = tuple[T, T]\ndef f[T: int](a, /, *, b) -> T: ...\n'],
    ['a.py', 'x = f"{a!r:>{width}} {"nested"}"\nasync def g(): return [x async for x in y]\n'],
    ['a.py', 'try:\n\tpass\nexcept* ValueError as e:\n\tpass\n'],
    ['a.py', '# -*- coding: latin-1 -*-\r\nx = 1\r\n'],
    ['a.pyi', 'class A:\n    x: int = ...\n'],
    ['a.js', 'with (a) b = 010;\n'],
    ['a.js', 'return 1;\n'],
    ['a.js', '#!/usr/bin/env node\nimport x from "y" with { type: "json" };\nawait x;\n'],
    ['a.js', 'const a = <div className="x">it\'s {b} &amp; {/* c */}</div>;\n'],
    ['a.js', '<!-- an old page\nvar a = 1 / 2 / 3;\n'],
    ['a.js', '// @flow\ntype A = {| +a?: ?string |};\nexport type { A };\n'],
    ['a.mjs', 'export default class { static #a = 1; static { this.#a ||= 2; } }\n'],
    ['a.ts', 'const a = <T,>(x: T): x is T & {} => x satisfies T;\nenum E { A = 1 }\n'],
    ['a.ts', 'let a = <any>b;\nabstract class C { declare x: number; accessor y = 1; }\n'],
    ['a.ts', '<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS version="2.1"></TS>\n'],
    ['a.tsx', 'export const A = <T extends object>(p: T) => <B<T> {...p} />;\n'],
    ['a.d.ts', 'declare module "x" { export default function f(a: string): void }\n'],
    [
      'a.php',
      '<?php\nenum A: string { case B = "b"; }\nfn(int ...$x): ?int => $x?->y ?? match(true) { default => 1 };\n',
    ],
    ['a.php', '<html><?php if ($a): ?><b><?= $a ?></b><?php endif ?></html>\n'],
    ['a.php', '<?php $x = <<<"A"\n  {$a["b"]}\n  A;\n'],
    ['a.go', 'package a\n\nfunc F[T ~int | string](x ...T) (y T) { for range x { }; return }\n'],
    [
      'a.java',
      'record A<T>(T x) { sealed interface B permits C {} final class C implements B {} }\n',
    ],
    [
      'a.java',
      'class A { int f(Object o) { return switch (o) { case Integer i when i > 1 -> i; default -> 0; }; } }\n',
    ],
    ['a.rs', "fn f<'a>(x: &'a str) -> impl Fn() + 'a { move || { println!(\"{x}\"); } }\n"],
    [
      'a.rs',
      'macro_rules! m { ($($x:tt)*) => { $( ~ $x )* }; }\nfn f() { m!(a ~ # b); let y = try!(g()); }\n',
    ],
    [
      'a.cs',
      '#if DEBUG\nclass A : B {\n#else\nclass A {\n#endif\n  int x => 1; string s = $"{x:n0}";\n}\n',
    ],
    [
      'a.cs',
      'namespace A;\npublic record struct B(int X) { public required string Y { get; init; } }\n',
    ],
    [
      'a.rb',
      'class A\n  def end = 1\n  def x(a:, **) = puts(<<~B, %w(a b))\n    #{a}\n  B\nend\nx.end\n',
    ],
    [
      'a.c',
      'PG_TRY();\n{\n  list_for_each(a, b)\n    f(a);\n}\nPG_END_TRY();\n#if A\nif (x) {\n#else\nif (y) {\n#endif\n}\n',
    ],
    [
      'a.h',
      '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void) __attribute__((pure));\n#ifdef __cplusplus\n}\n#endif\n',
    ],
    [
      'a.cpp',
      'auto f = [=](auto&&... x) -> int { return (x + ...); };\nT operator=(T) &&;\nauto s = R"x(")x";\n',
    ],
    // A macro may be anything, also in lower case where it is the custom.
    [
      'a.c',
      'static noinline int f(void) attr_pure;\nstatic int g(const char *p_restrict s, u8 c);\n',
    ],
    [
      'a.c',
      'void f(void) {\n  foreach_node(a, b)\n    g(a);\n  CHECK(a) h();\n  check_it(a)\n  h();\n}\n',
    ],
    ['a.c', 'int f(a, b)\n  int a;\n  char *b;\n{\n  return (T *)a ?: *(b)++;\n}\n'],
    ['a.c', 'ITEMS(x) = {\n  FIELD(a, int),\n  FIELD(b, char *)\n} ITEMS_END(x)\nstatic int a;\n'],
    ['a.c', 'x = op(+, a, b) + va_arg(p, struct t *) + ((T (*)(void)) f)();\n'],
    ['a.c', 'void f(void) {\n  LINE(if (a) {);\n  LINE(});\n  p("%" PRIu64 "x" SUFFIX, a);\n}\n'],
    [
      'a.c',
      '#define TRY {{\nint f(void) {\n  TRY }} }\n#if SOME_DAY\n  this is 3 more words\n#endif\n',
    ],
    [
      'a.c',
      'int f(void) {\n  int class = 1, *new = &class;\n  return offsetof(struct { int a; }, a);\n}\n',
    ],
    [
      'a.h',
      'MACRO_BEGIN\nnamespace n {\nclass EXPORT A : public B {\n  Q_OBJECT\npublic:\n  A() noexcept : b{1} {}\n  operator bool() const;\n};\n}\n',
    ],
    [
      'a.cpp',
      'void f() {\n  auto [a, b] = g<1, T*>(c < d, e);\n  if (auto* x = h(); x) delete x->y;\n  (o.*p)(1);\n  E{}; s = "a"s;\n}\n',
    ],
    [
      'a.cpp',
      'template <class T> concept C = requires(T t) { { t.a() } -> B<int>; };\ninline int (&f())[4] {\n  static int a[4];\n  return a;\n}\nauto* x = new (T);\n',
    ],
    [
      'a.h',
      '#if A\n#elif B\nnamespace a {\n#else\n#error no\n#endif\nint f();\n#if B\n}\n#endif\n',
    ],
    ['a.json', ' {"a": [1, -2.5e3, "\\u00e9", null]} '],
    ['a.json', '// a comment says that its reader allows more\n{"a": 1,}\n'],
    ['a.json', '{"line": 1}\n{"line": 2}\n'],
    ['tsconfig.json', '{\n  /* all */ "include": ["a"],\n}\n'],
    ['a.yaml', '%YAML 1.2\n---\na: &x {b: c}\nd: *x\n<<: *x\n---\n- !Ref e\n- |\n  f: {\n'],
    ['a.yaml', '? a\n: b\n? [c, d]\n: e\n~: f\n'],
    ['a.yaml', `on:\n  run: echo $${'{{'} matrix.a }}\n`],
    ['templates/a.yaml', 'a:\n{{- if .Values.b }}\n  b: {{ .Values.b }}\n{{- end }}\n'],
    [
      'a.toml',
      '[a."b c"]\nd = 1979-05-27T07:32:00Z\ne = 9223372036854775807\n[[f]]\ng = """\n"x"\n"""\n',
    ],
    [
      'a.xml',
      '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "<c>]">]>\n<a x=\'1\'>&b;<![CDATA[<]]><!-- -- --></a>\n',
    ],
    ['a.svg', '<svg xmlns:x="y"><x:g a="&lt;&#10;"/></svg>'],
    ['a.unknown', '((('],
    ['a.py', ''],
  ])('%s: %j', (path, text) => {
    expect(find(path, text).faults).toEqual([]);
  });
});

describe('a broken file has a fault', () => {
  test.each([
    ['a.py', 'x = 1\n  y = 2\n', 2, 'Unexpected indentation'],
    ['a.py', 'def f(:\n    pass\n', 1, /Expected/],
    ['a.py', 'if a\n    pass\n', 1, /Expected `:`/],
    ['a.py', 'x = "é" + (1,\ny = 2\n', 2, /Expected|unexpected/i],
    ['a.js', 'let a = f(1, 2;\n', 1, 'Missing `)` to close `(` on line 1'],
    ['a.js', 'a;\nb }\n', 2, /./],
    ['a.ts', 'const a: = 1;\n', 1, /./],
    ['a.tsx', 'const a = <div><b></div>;\n', 1, /closing tag/],
    ['a.php', '<?php\n$a = [1, 2;\n', 2, 'Unexpected `;`, expecting `]`'],
    ['a.php', '<?php\nclass A {\n  public public function f() {}\n}\n', 3, /./],
    [
      'a.go',
      'package a\n\nfunc f() {\n\tx := g(1, 2\n\ty := 3\n}\n',
      4,
      'Missing `)` to close `(` on line 4',
    ],
    [
      'a.go',
      'package a\n\nfunc f() {\n\tif x {\n\t\ty()\n\t\n}\n',
      7,
      'Missing `}` to close `{` on line 4',
    ],
    ['a.go', ' http\n\nfunc f() {}\n', 1, 'Outside of functions there are only declarations'],
    ['a.c', 'int x;\nreturn return x;\n', 2, 'Unexpected `return` after `return`'],
    ['a.java', 'class A {\n  int x = 1\n\n  int y = 2;\n}\n', 2, 'Missing `;` before `int`'],
    ['a.java', 'com.example.B;\nclass A {}\n', 1, 'This is not a statement'],
    ['a.rs', 'fn f() {\n    let x = ;\n}\n', 2, 'Unexpected `;`'],
    [
      'a.rs',
      'macro_rules! m {\n    ($x:tt) => {\n        f({);\n    }\n}\n',
      3,
      'Missing `}` to close `{` on line 3',
    ],
    ['a.cs', 'class A\n{\n  void F() { G(1; }\n}\n', 3, /Missing `\)`|Unexpected `;`/],
    [
      'a.rb',
      'class A\n  def x\n    1\n  end\nend\nend\n',
      6,
      'Unexpected `end`: nothing is open here',
    ],
    ['a.rb', 'def x\n  if y\n    1\nend\n', 4, /./],
    ['a.c', 'int f(void) {\n  if (a) {\n    b();\n}\n', 4, 'Missing `}` to close `{` on line 2'],
    ['a.c', 'int f(void) {\n  return g(1;\n}\n', 2, 'Missing `)` to close `(` on line 2'],
    [
      'a.c',
      'void f(void) {\n  g(a b);\n  int a = 1;\n  b = a;\n  a = b;\n}\n',
      2,
      'Missing `,` before `b`',
    ],
    ['a.c', 'void f(void) {\n  a = 1\n  b = 2;\n}\n', 2, 'Missing `;` before `b`'],
    ['a.c', 'void f(void) {\n  b = g(a);\n  g(a)\n  b = 2;\n}\n', 3, 'Missing `;` before `b`'],
    ['a.c', 'void f(void) {\n  (a == 1)\n    b = 2;\n}\n', 2, 'Missing `;` before `b`'],
    ['a.c', 'void f(void) {\n  if (!a a) b();\n}\n', 2, /Missing `\)`|after itself/],
    ['a.c', 'void f(void) {\n  while (a -) b();\n}\n', 2, 'Unexpected `)` after `-`'],
    ['a.c', 'void f(void) {\n  printf(, a);\n}\n', 2, 'Unexpected `,` after `(`'],
    ['a.c', 'int f(int a, , int b);\n', 1, 'Unexpected `,` after `,`'],
    ['a.c', 'struct s {\n  int a\n  int b;\n};\n', 2, 'Missing `;` before `int`'],
    ['a.c', 'enum e {\n  A = 1\n  B = 2\n};\n', 2, 'Missing `,` before `B`'],
    ['a.c', 'static static int a;\n', 1, 'Unexpected `static` after `static`'],
    ['a.c', 'int const = 4;\n', 1, 'Unexpected `=` after `const`'],
    ['a.c', 'void f(void) {\n  case 2 break;\n}\n', 2, 'Missing `:` before `break`'],
    ['a.c', '#if A\nvoid f(void) {\n  g(];\n}\n#else\nint a;\n#endif\n', 3, /`\]`/],
    ['a.c', 'int a;\n#endif\n', 2, '`#endif` without an `#if`'],
    ['a.c', '#include <a.h>\n/ a comment\nint a;\n', 2, 'Unexpected `/`: is this a comment?'],
    ['a.cpp', 'struct A {\n  void f() { a.(1); }\n};\n', 2, 'Unexpected `(` after `.`'],
    ['a.cpp', 'int f() {\n  if (negative negative) return 1;\n}\n', 2, /`negative`/],
    ['a.c', 'int x = ;\n', 1, 'Unexpected `;` after `=`'],
    ['a.c', '/* a\nint x;\n', 1, 'A comment is not closed'],
    ['a.c', 'include <stdio.h>\n', 1, 'Missing `#` before `include`'],
    ['a.json', '{"a": 1\n "b": 2}', 2, 'Missing `,` before `"`'],
    ['a.json', '{"a": [1, 2,]}', 1, /`\]`/],
    ['package.json', '{\n  // no\n  "name": "a"\n}', 2, 'JSON has no comments'],
    ['a.yaml', 'a: 1\n\tb: 2\n', 2, 'A tab cannot indent in YAML: use spaces'],
    ['a.yaml', 'a: b: c\n', 1, 'A second `: ` on one line: put the value into quotes'],
    ['a.yaml', 'a: 1\n: b\n', 2, 'There is no key before this `:`'],
    ['a.toml', 'a = 1\nb = \n', 2, /./],
    ['a.xml', '<a>\n  <b>\n</a>', 3, 'Missing `</b>` to close `<b>` on line 2: `</a>` is not it'],
    ['a.xml', '<a b="1" b="2"/>', 1, 'The attribute `b` occurs twice'],
    ['a.xml', '<a>x & y</a>', 1, '`&` must be written `&amp;`'],
  ])('%s: %j, on line %i', (path, text, line, message) => {
    const { faults, syntax } = find(path, text);
    const expected = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(faults[0]).toMatchObject({ type: 'syntax', severity: 'error', line, message: expected });
    expect(syntax).toBe('broken');
  });
});

describe('Python 2', () => {
  test.each([
    'print "hello"\nprint "again"\n',
    'try:\n  pass\nexcept (A, B), e:\n  print e\n',
    'raise ValueError, "no"\n',
    'if a <> b: pass\n',
    'x = 0777\n',
  ])('is one warning: %j', (text) => {
    const { faults, syntax } = find('a.py', text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ severity: 'warning', message: /This is Python 2/ });
    expect(syntax).toBe('valid');
  });

  test('is not what a newer file with a mistake is', () => {
    expect(find('a.py', 'async def f(): pass\nprint "x"\n').faults[0]?.severity).toBe('error');
    expect(find('a.py', 'print f(x))\n').faults[0]?.severity).toBe('error');
  });
});

test('a duplicate key of YAML is a warning, and the file in order', () => {
  const { faults, syntax } = find('a.yml', 'a: 1\na: 2\n');
  expect(faults).toMatchObject([{ severity: 'warning', line: 2 }]);
  expect(syntax).toBe('valid');
});

describe('merge conflicts', () => {
  const conflict = 'a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\nd\n';

  test.each(['a.py', 'a.txt', 'Makefile', 'a.md'])('are found in %s, and nothing else', (path) => {
    const { faults } = find(path, conflict);
    expect(faults).toMatchObject([{ type: 'conflict', severity: 'error', line: 2, column: 1 }]);
  });

  test('are found with ancestors, with CRLF, and each', () => {
    const text = `<<<<<<< a\r\nx\r\n||||||| b\r\ny\r\n=======\r\nz\r\n>>>>>>> c\r\n${conflict}`;
    expect(find('a.txt', text).faults.map(({ line }) => line)).toEqual([1, 9]);
  });

  test.each([
    ['a heading', 'a.rst', 'Title\n=======\n\ntext\n'],
    ['a quotation', 'a.md', `> ${conflict.replaceAll('\n', '\n> ')}`],
    ['an example in a fence', 'a.md', `\`\`\`\n${conflict}\`\`\`\n`],
    ['another order', 'a.txt', '>>>>>>> a\n=======\n<<<<<<< b\n'],
    ['no middle', 'a.txt', '<<<<<<< a\n>>>>>>> b\n'],
  ])('are not %s', (_, path, text) => {
    expect(find(path, text).faults).toEqual([]);
  });
});

describe('manifests', () => {
  test.each([
    ['package.json', '{"name": 7}', 1, '`name` must be a string, not a number'],
    [
      'package.json',
      '{"dependencies": ["a"]}',
      1,
      '`dependencies` must be an object, not an array',
    ],
    [
      'package.json',
      '{"scripts": {\n"a": 1}}',
      2,
      '`a` in `scripts` must be a string, not a number',
    ],
    ['package.json', '[]', 1, 'It must be an object, not an array'],
    ['web/composer.json', '{"require": "x"}', 1, '`require` must be an object, not a string'],
    ['tsconfig.json', '{"include": "src"}', 1, '`include` must be an array, not a string'],
    ['Cargo.toml', '[dependencies]\n', 1, 'Cargo.toml needs a `[package]` or a `[workspace]`'],
    ['Cargo.toml', '[lib]\n[package]\nversion = "1"\n', 2, '`[package]` needs a `name`'],
    ['pyproject.toml', '[project]\nname = "a"\n', 1, /needs a `version`/],
    ['go.mod', 'go 1.22\n', 1, 'go.mod needs a line `module <path>`'],
    ['go.mod', 'module a\nrequires b v1\n', 2, 'go.mod has no `requires`'],
    [
      'pom.xml',
      '<?xml version="1.0"?>\n<projects/>',
      2,
      'A pom.xml is a `<project>`, not a `<projects>`',
    ],
  ])('%s: %j', (path, text, line, message) => {
    const expected = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(find(path, text).faults).toMatchObject([{ type: 'manifest', line, message: expected }]);
  });

  test.each([
    ['package.json', '{}'],
    ['package.json', '{"name": "@a/b", "dependencies": {}, "scripts": {"//": ["why"]}}'],
    ['composer.json', '{"name": "a/b", "require": {"php": "^8"}}'],
    ['Cargo.toml', '[workspace]\nmembers = ["a"]\n'],
    ['Cargo.toml', '[package]\nname = "a"\nversion.workspace = true\n'],
    ['pyproject.toml', '[project]\nname = "a"\ndynamic = ["version"]\n'],
    ['pyproject.toml', '[tool.black]\nline-length = 100\n'],
    [
      'go.mod',
      '// a\nmodule a\n\ngo 1.22\n\nrequire (\n\tb v1.0.0 // indirect\n)\nretract v0.1.0\n',
    ],
    ['pom.xml', '<!-- <a> --><project xmlns="x"/>'],
  ])('%s is in order: %j', (path, text) => {
    expect(find(path, text).faults).toEqual([]);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['binary', Buffer.from('a\0b'), 'It is binary.'],
    ['larger than 2 MB', Buffer.alloc(50 * 1024 * 1024, 'a'), 'It is larger than 2 MB.'],
  ])('is said: %s', (_, content, note) => {
    expect(finder.find('a.py', content)).toEqual({ faults: [], total: 0, syntax: 'skipped', note });
    expect(finder.find('a.bin', content)).toMatchObject({ syntax: 'none' });
  });

  test('is not UTF-16, nor what has a byte order mark, nor Latin-1', () => {
    const text = 'x = 1\n  y = 2\n';
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const content of [utf16, Buffer.from(utf16).swap16(), Buffer.from(`\ufeff${text}`)]) {
      expect(finder.find('a.py', content).faults[0]).toMatchObject({ line: 2 });
    }
    const latin = Buffer.from('# é\nx = "é"\n', 'latin1');
    expect(finder.find('a.py', latin)).toMatchObject({ faults: [], syntax: 'valid' });
  });

  test('is a template, if it is not in order as it is', () => {
    for (const [path, text] of [
      ['{{ cookiecutter.name }}/a.py', 'class {{ cookiecutter.name }}: pass'],
      ['a.yaml', '{% for x in y %}\n- {{ x }}\n{% endfor %}\n'],
      ['A.java', `package ${template};\n`.replace('{x}', '{packageName}')],
    ] as const) {
      expect(find(path, text)).toMatchObject({ faults: [], syntax: 'skipped' });
    }
  });
});

test('at most 50 faults are shown, and all are counted', () => {
  const { faults, total } = find('a.py', 'x = = 1\n'.repeat(200));
  expect(faults).toHaveLength(50);
  expect(total).toBeGreaterThanOrEqual(200);
});

describe('hostile files neither crash nor hang', () => {
  const deep = (open: string, close = '') => open.repeat(100_000) + close.repeat(100_000);
  const extensions = 'py js ts tsx php go java rs cs rb c cpp json yaml toml xml env md'.split(' ');

  test.each(extensions)('.%s', { timeout: 120_000 }, async (extension) => {
    const start = extension === 'php' ? '<?php ' : '';
    for (const text of [
      deep('(', ')'),
      deep('['),
      deep('<a>'),
      deep('a=>'),
      '&a [*a, - '.repeat(10_000),
    ]) {
      const began = performance.now();
      find(`a.${extension}`, start + text);
      expect(performance.now() - began).toBeLessThan(15_000);
      // A parser that was given up is replaced.
      await finder.prepare([`a.${extension}`]);
    }
  });

  test('and the parsers go on after them', async () => {
    for (const [path, text, line] of [
      ['a.py', 'x = (\n', 2],
      ['a.js', 'x = (\n', 2],
      ['A.java', 'class A {\n  int x = ;\n}\n', 2],
    ] as const) {
      await finder.prepare([path]);
      expect(find(path, text).faults[0]?.line).toBeGreaterThanOrEqual(line - 1);
    }
  });

  test('such as a billion laughs', () => {
    const laugh = (name: string, of: string) => `<!ENTITY ${name} "${`&${of};`.repeat(10)}">`;
    const names = Array.from({ length: 10 }, (_, index) => `l${index}`);
    const entities = names.slice(1).map((name, index) => laugh(name, names[index] ?? ''));
    const xml = `<!DOCTYPE a [<!ENTITY l0 "ha">${entities.join('')}]><a>&l9;</a>`;
    expect(find('a.xml', xml)).toMatchObject({ faults: [], syntax: 'valid' });
    const yaml = names
      .map((name, index) => `${name}: &${name} [${Array(9).fill(index ? `*l${index - 1}` : 'ha')}]`)
      .join('\n');
    expect(find('a.yaml', yaml)).toMatchObject({ faults: [], syntax: 'valid' });
  });

  test('of arbitrary bytes under any extension', { timeout: 120_000 }, () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom(
          '<?php ',
          '{',
          '}',
          '(',
          ')',
          '[',
          ']',
          '"',
          "'",
          '`',
          '\n',
          '\\',
          '/*',
          '*/',
          '//',
          '#if 1\n',
          '#else\n',
          '#endif\n',
          '<a ',
          '</a>',
          '<![CDATA[',
          '&',
          '- ',
          ': ',
          '|',
          '"""',
          'def ',
          'end\n',
          'class A',
          'fn ',
          ';',
          ',',
          '=',
          '=>',
          '${',
          '#{',
          'password="',
          '-----BEGIN PRIVATE KEY-----\n',
          'AKIA',
          '<<<<<<< a\n',
          '=======\n',
          '>>>>>>> b\n',
          '\ud800',
          '\u2028',
          '%w(',
          '<<~A\n',
          'r#"',
        )
        .map((text) => Buffer.from(text)),
    );
    const paths = [
      ...extensions.map((extension) => `a.${extension}`),
      'package.json',
      'Cargo.toml',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.array(piece, { maxLength: 40 }), (path, pieces) => {
        const { faults, total } = finder.find(path, Buffer.concat(pieces));
        expect(total).toBeGreaterThanOrEqual(faults.length);
        for (const { line, column } of faults) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
