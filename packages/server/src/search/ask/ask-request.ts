import type { CodeHit } from '../code-engine.ts';
import type { ParsedQuery } from '../query/parsed-query.ts';

/** A question about one project, as it is sent to a thread. */
export type AskRequest = CodeRequest | SymbolRequest;

interface Asked {
  projectId: number;
  /** Absolute, of the project. */
  directory: string;
  /** Absolute, of its index. */
  indexFile: string;
}

export interface CodeRequest extends Asked {
  kind: 'code';
  query: ParsedQuery;
  limit: number;
  contextLines: number;
  /** ripgrep's program; `null`: there is none for this machine. */
  ripgrep: string | null;
  /** How long it may look through files. */
  patienceMs: number;
}

export interface SymbolRequest extends Asked {
  kind: 'symbols';
  /** Words of the name; the last may be a beginning. Empty: all. */
  query: string;
  definitionKind: string | null;
  limit: number;
  offset: number;
}

export interface CodeFound {
  hits: CodeHit[];
  truncated: boolean;
  /** Why something may be missing, if that is known. */
  incomplete: string | null;
}

export interface FoundSymbol {
  name: string;
  kind: string;
  path: string;
  line: number;
  endLine: number;
}

export interface SymbolsFound {
  symbols: FoundSymbol[];
  total: number;
}

/** How a thread answers. `broken`: the index cannot be used and has to be made anew. */
export type AskAnswer =
  | { kind: 'found'; found: CodeFound | SymbolsFound }
  | { kind: 'broken'; reason: string }
  | { kind: 'failed'; error: unknown };
