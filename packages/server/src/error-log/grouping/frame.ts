/** One call of a trace. What the trace does not say is null. */
export interface Frame {
  /** As the trace has it: a path, a URL, or a bare file name. */
  file: string | null;
  function: string | null;
  /** From 1. */
  line: number | null;
  /** False for what the app did not write: its libraries, its language, its framework. */
  inApp: boolean;
}

export interface Trace {
  /** The nearest to the throw first, at most `mostFrames`. */
  frames: Frame[];
  /** What the trace names as the reason behind what was thrown; `frames` are then its own. */
  cause: Cause | null;
}

export interface Cause {
  type: string;
  message: string;
}

/** Reads the lines of a trace. Lines it does not know are passed over. */
export type TraceReader = (lines: string[]) => Trace;

export const mostFrames = 250;
