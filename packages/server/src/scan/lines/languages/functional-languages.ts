import type { Language, Syntax } from '../language.ts';
import {
  apostrophe,
  firstOnLine,
  multilineQuote,
  parenthesisStar,
  quote,
  slashStar,
  startsWith,
  threeQuotes,
} from './syntaxes.ts';

/** `-->` and `--|` are operators; `{-# … #-}` tells the compiler something. */
const haskell: Syntax = {
  lineComments: [{ open: '--', unlessBefore: '!#$%&*+./<=>?@\\^~:' }],
  blockComments: [{ open: '{-', close: '-}', nested: true }],
  strings: [quote],
  characters: true,
  plain: ['{-#'],
};

const lisp: Syntax = {
  lineComments: [';'],
  blockComments: [{ open: '#|', close: '|#', nested: true }],
  strings: [multilineQuote],
  // Characters that are written with the sign itself.
  plain: ['#\\"', '#\\;', '#\\|', '\\"', '\\;'],
};

const ml: Syntax = {
  blockComments: [parenthesisStar],
  strings: [multilineQuote],
  characters: true,
};

/** Languages of functions, logic and proofs. */
export const functionalLanguages: readonly Language[] = [
  {
    name: 'Haskell',
    kind: 'programming',
    extensions: ['hs', 'hsc', 'hs-boot'],
    interpreters: ['runhaskell', 'runghc', 'stack'],
    syntax: haskell,
  },
  {
    name: 'Elm',
    kind: 'programming',
    extensions: ['elm'],
    syntax: { ...haskell, strings: [threeQuotes, quote] },
  },
  {
    name: 'PureScript',
    kind: 'programming',
    extensions: ['purs'],
    syntax: { ...haskell, strings: [threeQuotes, quote] },
  },
  { name: 'Agda', kind: 'programming', extensions: ['agda'], syntax: haskell },
  { name: 'Idris', kind: 'programming', extensions: ['idr'], syntax: haskell },
  {
    name: 'Lean',
    kind: 'programming',
    extensions: ['lean', 'hlean'],
    syntax: {
      lineComments: ['--'],
      blockComments: [{ open: '/-', close: '-/', nested: true }],
      strings: [multilineQuote],
      characters: true,
    },
  },
  {
    name: 'OCaml',
    kind: 'programming',
    extensions: ['ml', 'mli', 'mll', 'mly', 'ml4', 'eliom', 'eliomi'],
    interpreters: ['ocaml', 'ocamlrun'],
    syntax: {
      ...ml,
      strings: [multilineQuote, { open: '{|', close: '|}', escapes: false, multiline: true }],
    },
  },
  {
    name: 'Standard ML',
    kind: 'programming',
    extensions: ['sml', 'sig', 'fun'],
    syntax: { ...ml, characters: false },
  },
  {
    name: 'F#',
    kind: 'programming',
    extensions: ['fsi', 'fsx', 'fsscript'],
    syntax: {
      lineComments: ['//'],
      blockComments: [parenthesisStar],
      strings: [
        { ...threeQuotes, escapes: false },
        { ...multilineQuote, raw: 'c#' },
      ],
      characters: true,
      plain: ['(*)'],
    },
  },
  { name: 'Coq', kind: 'programming', syntax: { ...ml, characters: false } },
  {
    name: 'Mathematica',
    kind: 'programming',
    extensions: ['wl', 'wlt', 'nbp', 'mathematica'],
    syntax: { ...ml, characters: false },
  },
  {
    name: 'Lisp',
    kind: 'programming',
    extensions: ['lisp', 'lsp', 'asd'],
    interpreters: ['sbcl', 'clisp', 'ecl'],
    syntax: lisp,
  },
  {
    name: 'Emacs Lisp',
    kind: 'programming',
    extensions: ['el'],
    fileNames: ['.emacs', 'Cask'],
    interpreters: ['emacs'],
    syntax: {
      lineComments: [';'],
      strings: [multilineQuote],
      plain: ['?\\"', '?"', '?;', '?\\;', '\\"', '\\;'],
    },
  },
  {
    name: 'Scheme',
    kind: 'programming',
    extensions: ['scm', 'ss', 'sch', 'sld', 'sps'],
    interpreters: ['guile', 'csi', 'scheme', 'chibi-scheme'],
    syntax: lisp,
  },
  {
    name: 'Racket',
    kind: 'programming',
    extensions: ['rkt', 'rktd', 'rktl', 'scrbl'],
    interpreters: ['racket'],
    syntax: lisp,
  },
  {
    name: 'Clojure',
    kind: 'programming',
    extensions: ['clj', 'boot', 'cl2', 'cljx', 'hic', 'edn', 'bb'],
    interpreters: ['clojure', 'clj', 'bb'],
    syntax: clojure(),
  },
  { name: 'ClojureScript', kind: 'programming', extensions: ['cljs'], syntax: clojure() },
  { name: 'ClojureC', kind: 'programming', extensions: ['cljc'], syntax: clojure() },
  { name: 'Fennel', kind: 'programming', extensions: ['fnl'], syntax: lisp },
  {
    name: 'Erlang',
    kind: 'programming',
    extensions: ['erl', 'hrl', 'yrl', 'xrl', 'escript', 'app.src'],
    fileNames: ['Emakefile', 'rebar.config'],
    interpreters: ['escript'],
    syntax: startsWith('%'),
  },
  {
    name: 'Gleam',
    kind: 'programming',
    extensions: ['gleam'],
    syntax: { lineComments: ['//'], strings: [multilineQuote] },
  },
  {
    name: 'Prolog',
    kind: 'programming',
    extensions: ['P', 'prolog', 'yap', 'swipl'],
    interpreters: ['swipl', 'gprolog'],
    syntax: {
      lineComments: ['%'],
      blockComments: [slashStar],
      strings: [quote, apostrophe],
      plain: ["0'"],
    },
  },
  { name: 'Mercury', kind: 'programming', syntax: startsWith('%') },
  {
    name: 'Nix',
    kind: 'programming',
    extensions: ['nix'],
    syntax: { ...startsWith('#'), blockComments: [slashStar] },
  },
  {
    name: 'Dhall',
    kind: 'programming',
    extensions: ['dhall'],
    syntax: { lineComments: ['--'], blockComments: [{ open: '{-', close: '-}', nested: true }] },
  },
];

function clojure(): Syntax {
  return {
    // `#_` leaves out the form behind it.
    lineComments: [';', firstOnLine('#_')],
    strings: [multilineQuote],
    plain: ['\\"', '\\;'],
  };
}
