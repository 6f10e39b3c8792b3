import type { DefinitionKind } from '@borgos/contracts/search';

/** A line of code without its indentation, and what is around it. */
export interface Candidate {
  text: string;
  /** How far it is indented; a tab is four. */
  indent: number;
  /** The kind of the definition that it lies in, if any. */
  inside: DefinitionKind | undefined;
  /** The lines that follow, as long as a declaration may go on. */
  next(distance: number): string | undefined;
}

export type Recognised = { name: string; kind: DefinitionKind } | undefined;
export type Recognise = (line: Candidate) => Recognised;

/** How a language shows what it defines. */
export interface DefinitionRules {
  recognise: Recognise;
  /** A line that belongs to the definition below it: a comment or a decorator. */
  leading: RegExp;
  /** `outline`: headings, which go to the next one. Others end where the indentation says. */
  shape: 'indented' | 'braces' | 'outline';
}

type Pattern = readonly [expression: RegExp, kind: DefinitionKind];

/** The first pattern that fits; its last group that took part is the name. */
export function byPatterns(...patterns: Pattern[]): Recognise {
  return ({ text }) => {
    for (const [expression, kind] of patterns) {
      const match = expression.exec(text);
      const name = match?.findLast((group, index) => index > 0 && group !== undefined);
      if (name) return { name, kind };
    }
    return undefined;
  };
}

export function either(...recognisers: Recognise[]): Recognise {
  return (line) => {
    for (const recognise of recognisers) {
      const found = recognise(line);
      if (found) return found;
    }
    return undefined;
  };
}

const classes: ReadonlySet<DefinitionKind> = new Set([
  'class',
  'interface',
  'struct',
  'enum',
  'trait',
  'module',
]);

export function isClass(kind: DefinitionKind | undefined): boolean {
  return kind !== undefined && classes.has(kind);
}

/** What no language lets a function be called, though calls and statements look so. */
const statements = new Set(
  'if for while switch catch return new else do try throw sizeof typeof await yield case delete assert synchronized using lock foreach when function elseif and or not in is super this defined'.split(
    ' ',
  ),
);

export function isStatement(name: string): boolean {
  return statements.has(name);
}

/** How far the head of a function may go over lines. */
const mostHeadLines = 12;

/** Whether a body follows before the statement ends: a declaration is none, nor a call. */
export function hasBody({ text, next }: Candidate, opens: RegExp): boolean {
  let line: string | undefined = text;
  for (let distance = 1; line !== undefined && distance <= mostHeadLines; distance += 1) {
    if (opens.test(line)) return true;
    if (/;\s*(?:\/\/.*|\/\*.*)?$/.test(line) || /^\s*\}/.test(line)) return false;
    line = next(distance);
  }
  return false;
}
