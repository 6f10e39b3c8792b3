import type { Project } from '@borgos/contracts/projects';

type Severity = Project['errors'][number]['severity'];

/** A fault in one file. Line and column count from 1, the column in UTF-16 units. */
export interface Fault {
  type: 'syntax' | 'conflict' | 'manifest' | 'secret';
  severity: Severity;
  line: number | null;
  column: number | null;
  message: string;
}

/** A fault that is placed by an offset into the text. */
export interface FaultAt {
  offset: number;
  message: string;
  severity?: Severity;
}

/** What a parser has to say of a text. `skipped`: it cannot be judged, and why. */
export type Verdict = { faults: readonly FaultAt[] } | { skipped: string };

/** Judges one language's texts. Synchronous; a hostile text may make it throw. */
export type SyntaxCheck = (text: string, path: string) => Verdict;

export const valid: Verdict = { faults: [] };
