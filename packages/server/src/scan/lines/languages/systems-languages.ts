import type { Language, Syntax } from '../language.ts';
import { apostrophe, firstOnLine, hash, quote, slashStar, startsWith } from './syntaxes.ts';

/** Words of the C preprocessor: where assembly goes through it, `#` does not begin a comment. */
const directives = [
  ...['#include', '#define', '#undef', '#if', '#else', '#elif', '#endif', '#error', '#pragma'],
  ...['#warning', '#line', '#import', '# include', '# define', '# undef', '# ifdef', '# ifndef'],
  ...['# if ', '# else', '# elif', '# endif', '# error'],
];

const assembly: Syntax = {
  lineComments: ['//', ...['#', ';', '@', '|', '!', '--'].map(firstOnLine)],
  blockComments: [slashStar],
  strings: [quote],
  plain: directives.map((open) => ({ open, at: 'first-on-line' as const })),
};

const dashes: Syntax = startsWith('--');

/** Letters and signs at the first column, where punched cards had them. */
const fixedFortran: Syntax = {
  lineComments: [
    ...['c', 'C', '*', '!'].map((open) => ({ open, at: 'first-column' as const })),
    firstOnLine('!'),
  ],
};

/** Close to the machine, of its circuits, of databases, or older than the others. */
export const systemsLanguages: readonly Language[] = [
  {
    name: 'Assembly',
    kind: 'programming',
    extensions: ['S', 's', 'asm', 'nasm', 'a51'],
    syntax: assembly,
  },
  { name: 'LLVM IR', kind: 'programming', extensions: ['ll'], syntax: startsWith(';') },
  {
    name: 'WebAssembly',
    kind: 'programming',
    extensions: ['wat', 'wast'],
    syntax: {
      lineComments: [';;'],
      blockComments: [{ open: '(;', close: ';)', nested: true }],
      strings: [quote],
    },
  },
  { name: 'Ada', kind: 'programming', extensions: ['adb', 'ads', 'ada', 'pad'], syntax: dashes },
  {
    name: 'VHDL',
    kind: 'programming',
    extensions: ['vhd', 'vhdl', 'vho', 'vhs', 'vht', 'vhw'],
    syntax: { lineComments: ['--'], blockComments: [slashStar], strings: [quote] },
  },
  {
    name: 'Fortran 77',
    kind: 'programming',
    extensions: ['f', 'f77', 'for', 'ftn', 'fpp'],
    syntax: fixedFortran,
  },
  {
    name: 'Fortran 90',
    kind: 'programming',
    extensions: ['f90', 'f95', 'f03', 'f08', 'f18'],
    syntax: startsWith('!'),
  },
  {
    name: 'COBOL',
    kind: 'programming',
    extensions: ['cob', 'cbl', 'cobol', 'ccp', 'cpy'],
    syntax: startsWith('*'),
  },
  {
    name: 'SQL',
    kind: 'programming',
    extensions: ['sql', 'psql', 'mysql', 'cql', 'viw', 'pgsql'],
    syntax: {
      lineComments: ['--'],
      blockComments: [slashStar],
      strings: [
        { ...apostrophe, escapes: false },
        { ...quote, escapes: false },
      ],
    },
  },
  {
    name: 'PL/SQL',
    kind: 'programming',
    extensions: ['pls', 'plsql', 'pks', 'pkb', 'bod', 'fnc', 'prc', 'spc', 'trg'],
    syntax: {
      lineComments: ['--'],
      blockComments: [slashStar],
      strings: [{ ...apostrophe, escapes: false }],
    },
  },
  {
    name: 'ABAP',
    kind: 'programming',
    extensions: ['abap'],
    syntax: { lineComments: [{ open: '*', at: 'first-column' }, firstOnLine('"')] },
  },
  {
    name: 'Forth',
    kind: 'programming',
    extensions: ['4th', 'forth', 'fth', 'frt'],
    syntax: {
      lineComments: [{ open: '\\', word: true }],
      blockComments: [{ open: '( ', close: ')' }],
    },
  },
  {
    name: 'Smalltalk',
    kind: 'programming',
    extensions: ['st'],
    syntax: {
      blockComments: [{ open: '"', close: '"' }],
      strings: [{ ...apostrophe, escapes: false, multiline: true }],
    },
  },
  { name: 'IDL', kind: 'programming', extensions: ['dlm'], syntax: startsWith(';') },
  {
    name: 'dtrace',
    kind: 'programming',
    extensions: ['dtrace'],
    interpreters: ['dtrace'],
    syntax: { ...hash, blockComments: [slashStar] },
  },
  {
    name: 'make',
    kind: 'programming',
    extensions: ['mk', 'mak', 'make', 'am'],
    fileNames: ['Makefile', 'makefile', 'GNUmakefile', 'gnumakefile', 'Kbuild', 'BSDmakefile'],
    interpreters: ['make'],
    syntax: hash,
  },
  {
    name: 'CMake',
    kind: 'programming',
    extensions: ['cmake', 'cmake.in'],
    fileNames: ['CMakeLists.txt'],
    syntax: { lineComments: ['#'], strings: [{ ...quote, multiline: true }], longBrackets: '#' },
  },
  {
    name: 'Meson',
    kind: 'programming',
    fileNames: ['meson.build', 'meson_options.txt', 'meson.options'],
    syntax: hash,
  },
  {
    name: 'm4',
    kind: 'programming',
    extensions: ['m4', 'ac'],
    syntax: { lineComments: [{ open: 'dnl', at: 'first-on-line', word: true }] },
  },
  { name: 'Qt Project', kind: 'programming', extensions: ['pri'], syntax: hash },
  { name: 'ProGuard', kind: 'data', syntax: hash },
  {
    name: 'Dockerfile',
    kind: 'programming',
    extensions: ['dockerfile', 'containerfile'],
    fileNames: ['Dockerfile', 'Containerfile', 'dockerfile'],
    syntax: { ...hash, heredocs: 'shell' },
  },
  {
    name: 'HCL',
    kind: 'programming',
    extensions: ['tf', 'tfvars', 'hcl', 'nomad', 'tofu'],
    syntax: {
      lineComments: ['#', '//'],
      blockComments: [slashStar],
      strings: [quote],
      heredocs: 'shell',
    },
  },
  { name: 'Jam', kind: 'programming', fileNames: ['Jamfile', 'Jamrules', 'Jamroot'], syntax: hash },
  {
    name: 'Just',
    kind: 'programming',
    extensions: ['just'],
    fileNames: ['justfile', 'Justfile', '.justfile'],
    syntax: hash,
  },
  { name: 'Windows Module Definition', kind: 'data', extensions: ['def'], syntax: startsWith(';') },
];
