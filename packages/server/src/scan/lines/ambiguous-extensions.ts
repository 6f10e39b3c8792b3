/** Decides by a file's begin which language of several it is in: the name, or undefined for none. */
type Decide = (head: string, name: string) => string | undefined;

/** Lines of the head that match. */
function count(head: string, pattern: RegExp): number {
  return head.match(pattern)?.length ?? 0;
}

/** The one with the most points; the first named, where there are as many. */
function most(...points: readonly [string, number][]): string | undefined {
  return points.toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

const perlOrProlog: Decide = (head) => {
  if (/^#!.*\bperl/.test(head)) return 'Perl';
  return most(
    ['Perl', count(head, /;[ \t]*$|[{}]|^[ \t]*sub\s|^=(?:head|over|item|cut)|\$(?:\w+->|[_!])/gm)],
    ['Prolog', count(head, /^[^#\n]*\.[ \t]*$|:-/gm)],
  );
};

const objectiveCOrMatlab: Decide = (head) => {
  if (/^:-\s/m.test(head)) return 'Mercury';
  return most(
    ['Objective-C', 5 * count(head, /^[ \t]*(?:\/\*|\/\/|@\w|#\s*(?:import|include))/gm)],
    ['Mathematica', 5 * count(head, /^[ \t]*\(\*|\*\)\s*$|BeginPackage/gm)],
    ['MATLAB', 5 * count(head, /^[ \t]*(?:%|\[[^\]]*\]\s*=|function\b|end\s*;?\s*$)/gm) + 1],
  );
};

const headerOrObjectiveC: Decide = (head) =>
  /^[ \t]*(?:@(?:interface|protocol|class|import|end)\b|#\s*import\s)/m.test(head)
    ? 'Objective-C'
    : 'C/C++ Header';

const fortranOrForth: Decide = (head) =>
  most(
    ['Fortran 77', count(head, /^[cC*!]|^ {5,}\w/gm)],
    ['Forth', count(head, /^[ \t]*(?:\\ |:\s+\S+)|^\S.*;\s*$/gm)],
  );

/** By extension: those whose name alone does not say what is in the file. */
export const ambiguousExtensions: ReadonlyMap<string, Decide> = new Map<string, Decide>([
  ['h', headerOrObjectiveC],
  ['m', objectiveCOrMatlab],
  ['pl', perlOrProlog],
  ['PL', perlOrProlog],
  ['ts', (head) => (/^\s*(?:<\?xml|<!DOCTYPE TS|<TS\b)/.test(head) ? 'Qt Linguist' : 'TypeScript')],
  [
    'v',
    (head) =>
      most(
        [
          'Verilog-SystemVerilog',
          count(head, /^[ \t]*(?:(?:end)?module|input|output|wire|reg|`\w|\/\/)/gm),
        ],
        ['Coq', count(head, /^[ \t]*(?:Require|Import|Lemma|Theorem|Definition|Proof|Qed|\(\*)/gm)],
        ['V', count(head, /^[ \t]*(?:import\s+\w|pub\s+fn|fn\s+\w|mut\s|module\s+\w+\s*$)/gm)],
      ),
  ],
  ['r', (head) => (/^[ \t]*rebol\b/im.test(head) ? undefined : 'R')],
  [
    'cls',
    (head) => {
      if (/^[ \t]*\\(?:NeedsTeXFormat|ProvidesClass|\w+)|^[ \t]*%/m.test(head)) return 'TeX';
      return /^(?:VERSION \d|Attribute VB_)/m.test(head) ? 'Visual Basic' : 'Apex Class';
    },
  ],
  ['f', fortranOrForth],
  ['for', fortranOrForth],
  [
    'fs',
    (head) =>
      most(
        ['F#', count(head, /^[ \t]*(?:let|open|module|namespace|type|\/\/|\(\*)/gm)],
        ['Forth', count(head, /^[ \t]*(?:\\ |: \S)/gm)],
        ['GLSL', count(head, /^[ \t]*(?:#version|void main|uniform|varying|precision)/gm) * 2],
      ),
  ],
  [
    'cs',
    (head) => (/^!?\w+ (?:class )?methodsFor:|^Object subclass:/m.test(head) ? 'Smalltalk' : 'C#'),
  ],
  [
    'cl',
    (head) =>
      most(
        ['OpenCL', count(head, /^[ \t]*(?:__?kernel|kernel|int|float|const|#|\/[/*])/gm)],
        ['Lisp', count(head, /^[ \t]*(?:;|\((?:def|eval|require|let|loop|in-package))/gm)],
      ),
  ],
  [
    'jl',
    (head) =>
      most(
        ['Julia', count(head, /^[ \t]*(?:function|end|println|for|while|using|module|#)/gm)],
        ['Lisp', count(head, /^[ \t]*(?:;|\(def)/gm)],
      ),
  ],
  [
    'pp',
    (head) =>
      most(
        ['Puppet', count(head, /^[ \t]*(?:class|define|include|#)|=>/gm)],
        ['Pascal', count(head, /^[ \t]*(?:unit|program|begin|end[;.]|procedure|uses|\{)/gim)],
      ),
  ],
  [
    'inc',
    (head) => {
      if (/<\?(?:php|=|\s)/.test(head)) return 'PHP';
      return /^[ \t]*(?:\{\$|procedure|function|implementation|begin\s*$)/im.test(head)
        ? 'Pascal'
        : undefined;
    },
  ],
  [
    'd',
    (head) => {
      if (/^#!.*\bdtrace/.test(head)) return 'dtrace';
      if (/^#!/.test(head)) return 'Shell';
      // What a compiler writes for make: `main.o: main.c main.h`.
      return /^\S+\.\w+:\s/.test(head) && !/[;{}]/.test(head) ? undefined : 'D';
    },
  ],
  ['sls', (head) => (/^[ \t]*[;(]/.test(head) ? 'Scheme' : 'SaltStack')],
  [
    'ui',
    (head) => (/<glade|<interface/.test(head) ? 'Glade' : /<ui\b/i.test(head) ? 'Qt' : undefined),
  ],
  [
    'pro',
    (head) => {
      if (/^[ \t]*(?:-keep|-dont|-optimi)/m.test(head)) return 'ProGuard';
      if (/^[ \t]*(?:TEMPLATE|TARGET|SOURCES|CONFIG|QT|SUBDIRS)\s*[+-]?=/m.test(head))
        return 'Qt Project';
      if (/:-|^[^#;\n]*\.\s*$/m.test(head)) return 'Prolog';
      return /^[ \t]*#/m.test(head) ? 'ProGuard' : 'IDL';
    },
  ],
  ['tpl', (head) => (/\{\/?(?:\*|if|foreach|include|\$)/.test(head) ? 'Smarty' : undefined)],
  ['xml', (head, name) => (name === 'build.xml' && /<project\b/.test(head) ? 'Ant' : 'XML')],
]);
