/** What an exception in an app's output is, apart from where it lies. */
export interface Description {
  /** As printed: `ValueError`, `java.lang.IllegalStateException`, `panic`. */
  error_type: string;
  /** `critical`: it ended the process. */
  severity: 'error' | 'critical';
  message: string;
}

export interface Found extends Description {
  /** How many of the unsure lines at its end belong to it after all. */
  unsure: number;
}

/**
 * Whether a line belongs to a traceback. `part`: it does, and so do the unsure ones before it.
 * `unsure`: what follows will tell. `last`: it does, and nothing after it. `alien`: it does not, and
 * the traceback has ended.
 */
export type Verdict = 'part' | 'unsure' | 'last' | 'alien';

/** A traceback that is being printed, or what may turn out to be one. Its first line is its own. */
export interface Block {
  take(text: string): Verdict;
  /**
   * What it is when nothing more belongs to it. `ignored`: a traceback that is no failure of the app,
   * as of a test. `undefined`: it was none; its lines but the first are judged anew.
   */
  finish(unsure: readonly string[]): Found | 'ignored' | undefined;
}

/**
 * The block that begins with a line, without ANSI codes and line end. It may depend on nothing but
 * the line and the one after it (unknown at the end of the output), and takes time linear in both:
 * lines are what anybody made the app print.
 */
export type OpenBlock = (line: string, next: string | undefined) => Block | undefined;
