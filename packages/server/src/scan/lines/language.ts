/** What a language's files are for: only `programming` is counted as a project's code. */
export type LanguageKind = 'programming' | 'markup' | 'data' | 'prose';

/** Where on a line a sign has its meaning. */
export type Place = 'anywhere' | 'first-on-line' | 'first-column';

export interface LineComment {
  readonly open: string;
  /** Default: anywhere. */
  readonly at?: Place;
  /** When one of these follows, it is no comment: `#[` in PHP, `-->` in Haskell. */
  readonly unlessBefore?: string;
  /** White space or the line's end must follow: `rem`. */
  readonly word?: boolean;
  readonly anyCase?: boolean;
}

export interface BlockComment {
  readonly open: string;
  readonly close: string;
  readonly nested?: boolean;
  /** Default: anywhere. */
  readonly at?: Place;
  /** White space or the line's end must follow what opens it: `%{`. */
  readonly word?: boolean;
  /** A letter must follow what opens it: every `=word` begins Perl's documentation. */
  readonly beforeLetter?: boolean;
  /** The close counts at the first column only, and takes its whole line: `=end`. */
  readonly closesAtColumn?: boolean;
}

/** Strings whose end is made from what precedes the quote: `r#"…"#`, `R"x(…)x"`, `@"…"`. */
export type RawString = 'rust' | 'c++' | 'swift' | 'c#';

export interface StringSyntax {
  readonly open: string;
  /** Default: as it opens. */
  readonly close?: string;
  /** Whether a backslash takes the next byte's meaning away. Default: true. */
  readonly escapes?: boolean;
  /** Whether it may go over lines. Otherwise it ends with its line at the latest. Default: false. */
  readonly multiline?: boolean;
  readonly raw?: RawString;
}

/** Another language inside this one, until `close`: `<script>`, `<?php`. */
export interface Embedded {
  readonly open: string;
  readonly close: string;
  readonly syntax: Syntax;
  /** `open` begins a tag, whose attributes come first. */
  readonly tag?: boolean;
}

export type HeredocStyle = 'shell' | 'perl' | 'ruby' | 'php';

/**
 * How comments are told from code. Strings are named only where they can hide a comment sign or go
 * over lines: what is not named cannot be misread.
 */
export interface Syntax {
  readonly lineComments?: readonly (string | LineComment)[];
  /** A backslash at the end of a line comment takes the next line into it: C. */
  readonly continuesLineComments?: boolean;
  readonly blockComments?: readonly BlockComment[];
  readonly strings?: readonly StringSyntax[];
  /** `'x'` and `'\''` are literals, any other `'` is not a quote: lifetimes, primes, digit groups. */
  readonly characters?: boolean;
  /** What looks like a comment or a quote, and is code: `{-#`, `?"`. */
  readonly plain?: readonly (string | { readonly open: string; readonly at: Place })[];
  /** `/…/` is a regular expression where a value may stand. */
  readonly regexes?: boolean;
  /** Template literals with `${…}`. */
  readonly templates?: boolean;
  readonly heredocs?: HeredocStyle;
  /** `[==[ … ]==]`, and a comment after this sign. */
  readonly longBrackets?: '--' | '#';
  /** A line that begins so ends the code: what follows is not code. */
  readonly endMarks?: readonly string[];
  readonly embedded?: readonly Embedded[];
}

/** Languages whose lines no table of signs can tell apart have a counter of their own. */
export type OwnCounter = 'python' | 'notebook' | 'restructured-text';

export interface Language {
  readonly name: string;
  readonly kind: LanguageKind;
  /** Without the dot, as written; a lower-case one is also found for other spellings. */
  readonly extensions?: readonly string[];
  readonly fileNames?: readonly string[];
  /** Of a `#!` line, without path and version. */
  readonly interpreters?: readonly string[];
  readonly syntax: Syntax | OwnCounter;
}
