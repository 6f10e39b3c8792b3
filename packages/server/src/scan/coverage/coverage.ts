export type CoverageTool =
  | 'lcov'
  | 'cobertura'
  | 'coverage.py'
  | 'jacoco'
  | 'clover'
  | 'go'
  | 'istanbul'
  | 'simplecov';

/** What a report says about the lines of a project. */
export interface Coverage {
  readonly file: string;
  readonly tool: CoverageTool;
  /** Of lines, 0 to 100, to the second digit; of statements where the tool counts those. */
  readonly percent: number;
  /** `null` where the report has only the percent. */
  readonly lines_covered: number | null;
  readonly lines_total: number | null;
  /** When it was measured, ISO 8601. */
  readonly date: string | null;
}

/** What a reader finds in a report. */
export interface Measured {
  readonly tool: CoverageTool;
  /** Only where lines are not counted. */
  readonly percent?: number | undefined;
  readonly covered?: number | undefined;
  readonly total?: number | undefined;
  /** Seconds or milliseconds since 1970. */
  readonly time?: number | undefined;
}
