import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countLines, type LineCount } from './count-lines.ts';
import type { Language } from './language.ts';
import { languages } from './languages.ts';

function language(name: string): Language {
  const found = languages.find((one) => one.name === name);
  if (!found) throw new Error(`there is no language ${name}`);
  return found;
}

function count(name: string, content: string | Buffer): Omit<LineCount, 'longest'> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const { longest: _, ...lines } = countLines(bytes, language(name));
  return lines;
}

/**
 * Each line of a snippet begins with what it is: `c` code, `#` comment, `b` blank; its text is behind the
 * bar. To see which line is what, the snippet is counted again and again, one line longer each time;
 * where only what follows decides about a line, the sums are compared.
 */
function lineKinds(name: string, marked: string): { expected: string; found: string } {
  const lines = marked
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line !== '');
  const texts = lines.map((line) => line.slice(2));
  const kinds = lines.map((line) => line[0]);
  const decidedLater = name === 'Python' || texts.some((text) => text.includes('<<'));
  if (decidedLater) {
    const { code, comment, blank } = count(name, texts.join('\n'));
    const sums = ['c', '#', 'b'].map((kind) => kinds.filter((one) => one === kind).length);
    return { expected: sums.join(' '), found: [code, comment, blank].join(' ') };
  }
  let before = { code: 0, comment: 0, blank: 0 };
  let found = '';
  for (let end = 1; end <= texts.length; end += 1) {
    const now = count(name, `${texts.slice(0, end).join('\n')}\n`);
    found += now.code > before.code ? 'c' : now.comment > before.comment ? '#' : 'b';
    before = now;
  }
  return { expected: kinds.join(''), found };
}

const snippets: readonly (readonly [language: string, what: string, marked: string])[] = [
  [
    'C',
    'comment signs in strings and characters, strings in comments',
    `
    c|#include <stdio.h>
    #|/* a "string in a comment
    b|
    #|   // and a sign */
    c|const char *a = "/* no comment"; /* one */
    c|char q = '"', e = '\\'', s = '/'; // "
    c|int x; /* begins
    #|   goes on */
    #|// continued \\
    #|   on this line
    c|/* before */ int y;
    #|/**/
    c|1'000'000 + '"' // digit groups
    c|char *w = "continued \\
    c|// in the string";
    b|
    c|}`,
  ],
  [
    'C++',
    'raw strings',
    `
    c|auto r = R"x(
    c|// not a comment " )"
    c|)x";
    #|// a comment
    c|auto s = LR"(/*)";
    #|// another`,
  ],
  [
    'C#',
    'verbatim and raw strings',
    `
    c|var a = @"C:\\";
    #|// a comment
    c|var b = $@"two ""quoted
    c|// lines"";
    c|";
    c|var c = """
    c|  // "" text
    c|  """;
    #|/// documentation`,
  ],
  [
    'Java',
    'text blocks',
    `
    c|String s = """
    c|  // text \\""" goes on
    c|  /* text
    c|  """;
    #|/** doc */
    c|char c = '"';
    #|// end`,
  ],
  [
    'Kotlin',
    'nested comments and raw strings',
    `
    #|/* outer /* inner */
    #|   still outer */
    c|val s = """ \\"""
    c|val t = "/*"
    #|// end`,
  ],
  [
    'Scala',
    'nested comments',
    `
    #|/* a /* b */ c
    #|*/
    c|val x = 'symbol
    c|val y = "//"`,
  ],
  [
    'Swift',
    'nested comments and raw strings',
    `
    #|/* a /* b */
    #|*/
    c|let a = #"a "quoted" \\ "#
    c|let b = """
    c|  // text
    c|  """
    #|// end`,
  ],
  [
    'Rust',
    'nested comments, lifetimes, raw and multi-line strings',
    `
    #|/* a /* b */
    #|*/
    c|fn f<'a>(x: &'a str) -> char { '"' }
    c|let r = r#"a " // text
    c|/* text
    c|"#;
    #|//! doc
    c|let s = "first
    c|// second \\" ";
    c|let b = b'\\'';
    #|/// doc`,
  ],
  [
    'Go',
    'raw strings',
    `
    c|s := \`raw \\
    c|// text
    c|/* text\`
    c|r := '"' // comment
    #|/* comment
    b|
    #|*/`,
  ],
  [
    'D',
    'both kinds of block comments',
    `
    #|/+ a /+ b +/
    #|+/
    #|/* a
    #|*/
    c|auto s = \`/+\`;`,
  ],
  [
    'JavaScript',
    'template literals and regular expressions',
    `
    c|#!/usr/bin/env node
    c|const a = \`text
    c|// text \${b + \`/* \${'}'} \`}
    b|
    c|/* text \${ { a: 1 } } \\\` \`;
    #|// comment
    c|const r = /[/"'\`]\\/*/.test(x), q = a / b;
    #|/* comment */
    c|return /"/;
    #|// comment
    c|const d = (a + b) / 2; const e = "/*";
    #|// comment
    c|s.replace(/\\/\\*/g, '');
    #|// comment
    c|const u = 'http://x';`,
  ],
  [
    'TypeScript',
    'JSX',
    `
    c|const a = <p>don't {/* comment */}</p>;
    #|// comment
    c|const b = <A b={\`c\`} />;
    #|/** doc
    #| */`,
  ],
  [
    'Python',
    'documentation strings and other strings',
    `
    c|#!/usr/bin/env python3
    #|"""Documents the module.
    b|
    #|# inside
    #|"""
    c|x = """a string
    c|# not a comment
    b|
    c|"""
    c|def f(a="#"):
    #|    r'''Documents
    #|    f.'''
    #|    # comment
    c|    return f"""{a}
    c|# not a comment"""
    c|call(
    #|    # comment
    c|    """argument
    c|    """,
    c|)
    c|"""not only a string
    c|""".strip()
    #|'one line'
    c|y = 'continued \\
    c|# string'
    #|"a" "b"
    c|z = 1; """documents nothing"""
    c|s = r"\\" # comment`,
  ],
  [
    'Starlark',
    'documentation strings',
    `
    #|"""Rules."""
    c|load(":a.bzl", "a")
    b|
    c|def f():
    #|    """Documents
    #|    f."""
    #|    # comment
    c|    a(name = "#", doc = """
    c|    # text
    c|    """)`,
  ],
  [
    'Shell',
    'here-documents and parameter expansion',
    `
    c|#!/bin/sh
    #|# comment
    c|n=\${#x} m=\${x#\\'} # comment
    c|cat <<EOF >out # comment
    c|# text
    b|
    c|  EOF
    c|EOF
    #|# comment
    c|cat <<-'END' <<"TWO WORDS"
    c|# text
    c|	END
    c|# text
    c|TWO WORDS
    #|# comment
    c|echo "$(cat <<A
    c|# text
    c|A
    c|)"
    c|cat <<< "$x"
    #|# comment
    c|echo $((1<<x))
    #|# comment`,
  ],
  [
    'Ruby',
    '=begin, =end and here-documents',
    `
    #|# comment
    #|=begin
    #|puts 1
    b|
    #|=end of it
    c|a <<x
    c|puts <<~EOS, "#{a}"
    c|  # text
    c|  EOS
    #|# comment
    c|call(<<-'one two', <<ONE)
    c|# text
    c|  one two
    c|# text
    c|ONE
    #|# comment`,
  ],
  [
    'Perl',
    'documentation, here-documents and the end mark',
    `
    c|#!/usr/bin/perl
    c|my $n = $#array;
    b|
    #|=head1 NAME
    b|
    #|text
    b|
    #|=cut
    b|
    c|print <<"A" . <<'B';
    c|# text
    c|A
    c|=head1 text
    c|B
    #|# comment
    #|=doc any word
    #|=cut
    c|s#a#b#;
    #|__END__
    #|print "nothing";`,
  ],
  [
    'PHP',
    'HTML around the code',
    `
    c|<html> // text
    #|<!-- comment
    #|  -->
    c|<?php // comment ?> <p>don't</p>
    c|<?php
    #|# comment
    #|// comment
    #|/* comment
    #| */
    c|#[Attribute]
    c|$a = "text
    c|// text
    c|# text \\"";
    c|$b = <<<EOT
    c|  // text
    c|  EOT;
    #|// comment
    c|?>
    c|<script>
    #|// comment
    c|let a = '<?php echo "'" ?>';
    #|// comment
    c|</script>
    c|// text`,
  ],
  [
    'HTML',
    'comments, scripts and styles',
    `
    c|<!DOCTYPE html>
    #|<!-- comment
    b|
    #|  -->
    c|<p>it's // text /* text
    c|<script type="module">
    #|  // comment
    c|  const a = '<!--';
    #|  /* comment */
    c|</script>
    c|// text
    c|<style>
    #|  /* comment */
    c|  // not a comment in CSS
    c|</style>
    c|<script type="text/template">
    c|// text
    #|<!-- comment -->
    c|</script>
    c|<script src="a.js"></script>
    #|<!-- comment -->`,
  ],
  [
    'Vue',
    'parts of a component',
    `
    c|<template>
    #|  <!-- comment -->
    c|  <p>it's</p>
    c|</template>
    c|<script setup lang="ts">
    #|// comment
    c|const a = \`
    c|// text\`;
    c|</script>
    c|<style lang="scss">
    #|// comment
    c|</style>`,
  ],
  ['XML', 'CDATA', 'c|<a><![CDATA[\nc|<!-- text\nc|]]></a>\n#|<!-- comment -->'],
  ['CSS', 'comments', 'c|a { b: url("/*"); }\n#|/* c\n#|*/\nc|// no comment'],
  ['SCSS', 'comments', 'c|@import url(http://x);\n#|// c\n#|/* c */\nc|a { b: "/*" }\n#|// c'],
  [
    'Haskell',
    'nested comments, pragmas and operators',
    `
    c|{-# LANGUAGE GADTs #-}
    #|{- a {- b -}
    #|-}
    #|-- comment
    #|--------
    c|--> operator
    c|f' = "--" ++ "{-"
    c|c = '"' -- comment
    #|-- comment`,
  ],
  [
    'OCaml',
    'nested comments and quoted strings',
    `
    #|(* a (* b *)
    #|*)
    c|let s = "(*" and c = '"' and t' = 1
    c|let q = {|
    c|(* text |}
    #|(* c *)`,
  ],
  [
    'F#',
    'the multiplication in brackets',
    'c|let m = (*) 2\n#|(* c\n#|*)\n#|// c\nc|let s = @"\\"\n#|// c',
  ],
  [
    'Lua',
    'long brackets',
    `
    #|--[==[ comment
    #|]] still
    #|]==] 
    c|local s = [[text
    c|-- text]] -- comment
    #|-- comment
    c|local t = "--[[" .. a[b[1]]
    #|--[ comment`,
  ],
  [
    'CMake',
    'bracket comments',
    'c|set(a "text\nc|# text")\n#|#[[ comment\n#|]]\n#|# comment\nc|set(b [[\nc|# text]])',
  ],
  [
    'SQL',
    'both kinds of comments',
    `
    #|-- comment
    #|/* comment
    #|*/
    c|select '--', 'it''s', "/*" -- comment
    c|from a;
    #|-- comment`,
  ],
  [
    'YAML',
    'block scalars, which are read as cloc reads them',
    `
    #|# comment
    c|a: "#" # comment
    c|b: |
    c|  text
    #|  # counts as comment
    b|
    c|c: 'it''s'`,
  ],
  ['TOML', 'multi-line strings', 'c|a = """\nc|# text"""\n#|# comment\nc|b = "#"'],
  ['JSON', 'no comments at all', 'c|{\nc|// "a": 1\nb|\nc|}'],
  ['JSON5', 'comments', 'c|{\n#|// c\nc|"a": "//" /* c\n#|*/\nc|}'],
  ['make', 'comments', 'c|all: a # b\n#|# comment\nc|\t@echo "#"\n#|\t# comment\nc|a := \\#\nb|'],
  [
    'Dockerfile',
    'comments and here-documents',
    `
    #|# syntax=docker/dockerfile:1
    c|FROM a
    c|RUN a && \\
    #|  # comment
    c|  b
    c|RUN <<EOF
    c|# text
    c|EOF
    #|# comment`,
  ],
  [
    'PO File',
    'flags are no comments',
    'c|#, fuzzy\n#|#: a.c:1\n#|#\n#|#~ msgid "old"\nc|msgid "# a"\nc|msgstr ""\nb|',
  ],
  ['INI', 'both signs', '#|; a\n#|# b\nc|a = ; b\nc|[c]'],
  ['DOS Batch', 'comments', '#|REM a\n#|:: b\n#|@rem c\nc|remove d\nc|echo rem\n#|rem'],
  [
    'PowerShell',
    'block comments and here-strings',
    '#|<# a\n#|#>\nc|$a = @"\nc|# text\nc|"@\n#|# b',
  ],
  [
    'Lisp',
    'strings and characters',
    'c|(a "text\nc|; text")\n#|; b\nc|#\\" ; c\n#|; d\n#|#| e #| f |#\n#||#',
  ],
  ['Emacs Lisp', 'characters', 'c|(a ?" ?\\" ?;)\n#|; b\nc|"text\nc|; text"\n#|;; c'],
  ['Clojure', 'forms left out', 'c|(a \\" "text\nc|; text")\n#|; b\n#|#_(c)'],
  ['Erlang', 'comments', '#|%% a\nc|b("%"). % c'],
  [
    'Elixir',
    'documentation',
    'c|defmodule A do\n#|  @doc """\n#|  text\n#|  """\nc|  @x """\nc|  # text\nc|  """\n#|  # b\n#|  @moduledoc ~S\'\'\'\n#|  text \'\'\'',
  ],
  [
    'Julia',
    'documentation and block comments',
    '#|"""\n#|doc\n#|"""\n#|#= a #= b =#\n#|=#\nc|f() = """\nc|# text"""',
  ],
  ['Nim', 'block comments', '#|#[ a #[ b ]#\n#|]#\nc|let s = """\nc|# text"""\n#|# c'],
  ['MATLAB', 'block comments', '#|%{\n#|a\n#|%}\nc|b = 1; % c\n#|% d'],
  [
    'Assembly',
    'the preprocessor',
    'c|#include <a.h>\nc|# define b\n#|# comment\n#|; c\n#|@ d\nc|mov a, b ; c\n#|/* e\n#|*/',
  ],
  ['Fortran 77', 'the first column', '#|C a\n#|* b\n#|  ! c\nc|      call d'],
  [
    'Pascal',
    'three kinds of comments',
    "c|{$R+}\n#|{ a\n#|}\n#|(* b *)\n#|// c\nc|d := '{';\n#|// e",
  ],
  ['Visual Basic .NET', 'comments', "#|' a\n#|Rem b\nc|c = 1 ' d"],
  ['vim script', 'comments', '#|" a\nc|let b = "c"'],
  ['TeX', 'comments', '#|% a\nc|b \\% % c'],
  ['Markdown', 'comments', 'c|# Title\n#|<!-- a\n#|-->\nc|text <!-- b -->\n#|[//]: # (c)'],
  ['GraphQL', 'descriptions', '#|"""\n#|text\n#|"""\nc|type A { b: C } # d\n#|# e'],
  [
    'HCL',
    'here-documents',
    '#|# a\n#|// b\n#|/* c\n#|*/\nc|d = <<-EOF\nc|  # text\nc|  EOF\n#|# e',
  ],
  [
    'reStructuredText',
    'directives, which are read as cloc reads them',
    'c|Title\nc|=====\n#|.. note::\nb|\n#|   text\nc|More',
  ],
  [
    'diff',
    'what is the same on both sides',
    '#|--- a\n#|+++ b\nc|@@ -1 +1 @@\n#| same\nb|  \nc|-old\nc|+new',
  ],
  ['Handlebars', 'comments', '#|{{!-- a }}\n#|--}}\n#|{{! b }}\nc|<p>{{c}}</p>\n#|<!-- d -->'],
  ['Prolog', 'quoted atoms', '#|% a\nc|b(0\'\', "%"). % c\n#|/* d\n#|*/'],
  [
    'Jupyter Notebook',
    'the source of code cells, as cloc has it',
    `
    #|{
    #| "cells": [
    #|  {
    #|   "cell_type": "code",
    #|   "source": [
    c|    "import a\\n",
    #|    "\\n",
    #|    "# comment\\n",
    c|    "a.b()"
    #|   ]
    #|  }
    #| ]
    #|}`,
  ],
];

describe('the lines of a file', () => {
  test.each(snippets)('in %s: %s', (name, _what, marked) => {
    const { expected, found } = lineKinds(name, marked);
    expect(found).toBe(expected);
  });

  test('are the same with the line ends of Windows and of old Macs', () => {
    for (const [name, , marked] of snippets) {
      const text = marked.replace(/^ *[cb#]\|/gm, '');
      expect(count(name, text.replaceAll('\n', '\r\n')), name).toEqual(count(name, text));
      expect(count(name, text.replaceAll('\n', '\r')), name).toEqual(count(name, text));
    }
  });

  test('of which the last has no end are counted with it', () => {
    expect(count('C', '')).toEqual({ code: 0, comment: 0, blank: 0 });
    expect(count('C', '\n')).toEqual({ code: 0, comment: 0, blank: 1 });
    expect(count('C', 'a')).toEqual({ code: 1, comment: 0, blank: 0 });
    expect(count('C', '// a\n  ')).toEqual({ code: 0, comment: 1, blank: 1 });
  });

  test('of UTF-16 are decoded, of binary files not counted', () => {
    const text = 'int a; // ünï\n\n// b\n';
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    const expected = { code: 1, comment: 1, blank: 1 };
    expect(count('C', little)).toEqual(expected);
    expect(count('C', Buffer.from(little).swap16())).toEqual(expected);
    expect(count('C', Buffer.concat([little, Buffer.from([7])]))).toEqual({
      ...expected,
      code: 1,
      blank: 1,
    });
    expect(count('C', Buffer.from(`\ufeff${text}`))).toEqual(expected);
    expect(count('C', Buffer.from(`a\n\0${text}`))).toEqual({ code: 0, comment: 0, blank: 0 });
    expect(count('C', Buffer.from([0x63, 0xff, 0xfe, 10, 0x2f, 0x2f, 0xc3, 10]))).toEqual({
      code: 1,
      comment: 1,
      blank: 0,
    });
  });

  test('have their longest told in bytes, without its end', () => {
    expect(countLines(Buffer.from('a\r\näbc\r\n// d'), language('C')).longest).toBe(4);
    expect(countLines(Buffer.from(''), language('C')).longest).toBe(0);
  });
});

describe('any file', () => {
  const signs = [
    ...[
      '//',
      '/*',
      '*/',
      '#',
      '"',
      "'",
      '`',
      '"""',
      "'''",
      '\\',
      '--',
      '{-',
      '-}',
      '(*',
      '*)',
      '${',
      '}',
    ],
    ...[
      '{',
      '<!--',
      '-->',
      '<script>',
      '</script>',
      '<?php',
      '?>',
      '<<EOF',
      'EOF',
      '<<~A',
      'A',
      '=begin',
    ],
    ...[
      '=end',
      '[[',
      ']]',
      '--[==[',
      ']==]',
      'R"(',
      ')"',
      'r#"',
      '"#',
      '@"',
      'a',
      ' ',
      '\t',
      '\n',
      '\n',
    ],
    ...['__END__', 'rem', '%{', '%}', ';', '/', '[', ']', 'return ', '<style', '..', 'ä', '\f'],
  ];
  const text = fc
    .array(fc.constantFrom(...signs), { maxLength: 60 })
    .map((parts) => parts.join(''));
  const anyLanguage = fc.constantFrom(...languages);

  function total({ code, comment, blank }: LineCount): number {
    return code + comment + blank;
  }

  test('has as many lines as it has line ends, blank where there is white space only', () => {
    fc.assert(
      fc.property(anyLanguage, text, (one, content) => {
        const lines = content.split('\n');
        if (lines.at(-1) === '') lines.pop();
        const counted = countLines(Buffer.from(content), one);
        expect(total(counted)).toBe(lines.length);
        expect(counted.blank).toBe(lines.filter((line) => /^[ \t\f]*$/.test(line)).length);
        expect(counted.longest).toBe(Math.max(0, ...lines.map((line) => Buffer.byteLength(line))));
      }),
      { numRuns: 5_000 },
    );
  });

  test('is counted the same whatever ends its lines', () => {
    fc.assert(
      fc.property(anyLanguage, text, (one, content) => {
        const expected = countLines(Buffer.from(content), one);
        expect(countLines(Buffer.from(content.replaceAll('\n', '\r\n')), one)).toEqual(expected);
        expect(countLines(Buffer.from(content.replaceAll('\n', '\r')), one)).toEqual(expected);
      }),
      { numRuns: 5_000 },
    );
  });

  test('of any bytes is counted without an error', () => {
    fc.assert(
      fc.property(anyLanguage, fc.uint8Array({ maxLength: 200 }), (one, bytes) => {
        const content = Buffer.from(bytes);
        const lines = bytes.includes(0) ? 0 : total(countLines(content, one));
        expect(lines).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the time it takes', () => {
  const hostile: readonly (readonly [string, string])[] = [
    ['JavaScript', '=/['],
    ['JavaScript', '`${'],
    ['JavaScript', '`${{'],
    ['TypeScript', 'a = b / c; '],
    ['Shell', ' <<A'],
    ['Shell', '<<A\n'],
    ['Ruby', '<<~"'],
    ['Rust', '"#'],
    ['Rust', 'r##"'],
    ['C++', 'R"('],
    ['C#', '"'],
    ['Lua', '[='],
    ['HTML', '<script'],
    ['HTML', '<script>'],
    ['PHP', '<?php ?>'],
    ['Haskell', '{-'],
    ['Python', '"""'],
    ['Python', 'r"'],
    ['OCaml', '(*'],
    ['Markdown', ' '],
    ['Jupyter Notebook', '"'],
  ];

  test.each(hostile)('of %s grows with the file only: %j over and over', (name, sign) => {
    const one = language(name);
    const content = Buffer.alloc(4_000_000, sign);
    const begun = performance.now();
    countLines(content, one);
    // A quadratic step would take minutes.
    expect(performance.now() - begun).toBeLessThan(4_000);
  });

  test('is short for a line of 50 MB', () => {
    const content = Buffer.alloc(50_000_000, 'const a = "b" / c; ');
    const counted = countLines(content, language('JavaScript'));
    expect(counted).toEqual({ code: 1, comment: 0, blank: 0, longest: 50_000_000 });
  });
});
