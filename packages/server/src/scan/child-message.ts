/** What a child says. */
export type ChildMessage =
  | { kind: 'progress'; progress: unknown }
  /** A part of a list of the result, which comes after it. */
  | { kind: 'items'; list: string; items: unknown[] }
  | { kind: 'result'; result: object }
  /** For a person. */
  | { kind: 'failed'; reason: string }
  /** A mistake of ours, for the log. */
  | { kind: 'broken'; stack: string };
