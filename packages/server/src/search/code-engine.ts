import type { ParsedQuery } from './query/parsed-query.ts';

/** A project whose code is searched. */
export interface SearchedProject {
  id: number;
  name: string;
  /** Absolute, with symlinks resolved. */
  path: string;
}

/** A question to an engine. */
export interface CodeQuery {
  query: ParsedQuery;
  projects: SearchedProject[];
  /** How many hits at most, 1 to 100. */
  limit: number;
  /** Lines around each hit that are given with it, 0 to 20. */
  contextLines: number;
  signal: AbortSignal;
}

/** A function, class or type. */
export interface Definition {
  name: string;
  kind: string;
  line: number;
  endLine: number;
}

/** A line of code that answers the question. */
export interface CodeHit {
  projectId: number;
  /** In the project, with `/`. */
  path: string;
  /** From 1. */
  line: number;
  /** That line as it is in the file now, cut at 500 characters. */
  content: string;
  /** 0 to 1, comparable across projects and questions. */
  score: number;
  /** The definition that the line lies in, if any. */
  definition: Definition | null;
  /** The text that stands for the hit when it is compared by its meaning: its definition or surroundings. */
  passage: string;
  before: string[];
  after: string[];
  /** What matched in `content`, as [start, end) in UTF-16 code units. */
  ranges: [number, number][];
}

export interface CodeAnswer {
  /** Best first. */
  hits: CodeHit[];
  /** Whether there may be more than were looked for. */
  truncated: boolean;
  /** Projects of which something may be missing, and why. */
  incomplete?: { projectId: number; reason: string }[];
}

/** What answers a search over code: an index of BorgOS's own, or a Zoekt server. */
export interface CodeEngine {
  search(question: CodeQuery): Promise<CodeAnswer>;
}
