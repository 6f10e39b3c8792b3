import { type Check, notApplicable, scored, seen, shareOf } from '../check.ts';
import { codeLanguages } from '../code.ts';
import { listed, percentage } from '../wording.ts';

const head = { id: 'language_energy', title: 'Energy of the languages', max: 5 };

/**
 * Classes by the energy that the same programs took, as multiples of C, in R. Pereira et al., "Energy
 * Efficiency across Programming Languages" (SLE 2017, table 4; confirmed in Science of Computer
 * Programming 205, 2021): up to 5 (C 1.00, Rust 1.03, C++ 1.34, Ada 1.70, Java 1.98, Pascal 2.14, Lisp
 * 2.27, OCaml 2.40, Fortran 2.52, Swift 2.79, Haskell 3.10, C# 3.14, Go 3.23, Dart 3.83, F# 4.13,
 * JavaScript 4.45), up to 30 (Racket 7.91, PHP 29.30), and over (Erlang 42.23, Lua 45.98, Ruby 69.91,
 * Python 75.88, Perl 79.58). TypeScript counts as the JavaScript that it becomes: its 21.50 there
 * comes from one program that was written differently. What is not in the table stands with the one
 * that it runs as: Kotlin with Java, Zig with C, Elixir with Erlang. Classes and not the numbers, as
 * these are of small programs, and most of an application's time is spent elsewhere.
 */
const classes = [
  {
    worth: 1,
    languages: new Set([
      ...['C', 'C/C++ Header', 'C++', 'Rust', 'Ada', 'Java', 'Pascal', 'Lisp', 'OCaml', 'Swift'],
      ...[
        'Fortran 77',
        'Fortran 90',
        'Haskell',
        'C#',
        'Go',
        'Dart',
        'F#',
        'JavaScript',
        'TypeScript',
      ],
      ...[
        'Vue',
        'Svelte',
        'Astro',
        'Kotlin',
        'Scala',
        'Clojure',
        'Visual Basic .NET',
        'Zig',
        'Nim',
      ],
      ...['D', 'Crystal', 'Objective-C', 'Objective-C++', 'CUDA', 'Assembly', 'V', 'Vala', 'Odin'],
      ...['ClojureScript', 'CoffeeScript', 'Elm', 'PureScript', 'ReScript', 'ReasonML', 'Mojo'],
      ...['COBOL', 'Standard ML', 'Julia', 'Cython', 'WebAssembly'],
    ]),
  },
  { worth: 0.6, languages: new Set(['Racket', 'Scheme', 'PHP', 'Groovy']) },
  {
    worth: 0.2,
    languages: new Set([
      ...['Erlang', 'Elixir', 'Gleam', 'Lua', 'Ruby', 'Python', 'Jupyter Notebook', 'Perl', 'Raku'],
      ...['R', 'Tcl/Tk', 'GDScript', 'Octave', 'MATLAB'],
    ]),
  },
] as const;

/** The mean of the classes over the lines of code; languages without one are left out. */
export const languageEnergy: Check = (facts) => {
  const judged = codeLanguages(facts)
    .flatMap(({ name, code }) => {
      const found = classes.find(({ languages }) => languages.has(name));
      return found && code > 0 ? [{ name, code, worth: found.worth }] : [];
    })
    .sort((a, b) => a.worth - b.worth || b.code - a.code);
  const lines = judged.reduce((sum, { code }) => sum + code, 0);
  if (lines === 0) {
    return notApplicable(head, 'There is no code in a language whose energy was measured.');
  }
  const costly = judged.filter(({ worth }) => worth < 1);
  const share = shareOf(
    costly.reduce((sum, { code }) => sum + code, 0),
    lines,
  );
  return scored(head, {
    part:
      costly.length === 0
        ? 1
        : shareOf(
            judged.reduce((sum, { code, worth }) => sum + code * worth, 0),
            lines,
          ),
    evidence: judged.map(({ name, code, worth }) =>
      seen(null, `${name}: ${percentage(code / lines)} of the lines, ${describe(worth)}`),
    ),
    why:
      costly.length === 0
        ? 'All of the code is in languages of the class that takes the least energy.'
        : `${percentage(share)} of the code is in languages that take over 5 times the energy of C for the same work: ${listed(costly.map(({ name }) => name))}.`,
    fix: `Move what computes most to a language that is compiled, such as Go, Rust or Java, or to a library in one: ${listed(costly.map(({ name }) => name))}.`,
  });
};

function describe(worth: number): string {
  if (worth === 1) return 'up to 5 times the energy of C';
  return worth > 0.5 ? '5 to 30 times the energy of C' : 'over 30 times the energy of C';
}
