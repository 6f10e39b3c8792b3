import { z } from 'zod';
import type { LineStream } from './log-line.ts';

/** How far one stream of an instance was copied. */
const streamPosition = z.object({
  /** The time of its last line, in Unix nanoseconds: 19 digits. */
  at: z.string(),
  /** How many lines of that time there are. */
  count: z.int(),
  /** How many bytes of what was printed are copied, line ends included. */
  bytes: z.int(),
});

/**
 * How far an instance's output was copied into a log. The lines in there tell it, so that who is
 * killed finds it again: by times, as the Docker Engine needs it, and by bytes, as a file does.
 */
export const logPosition = z.object({
  stdout: streamPosition.optional(),
  stderr: streamPosition.optional(),
});

export type LogPosition = z.infer<typeof logPosition>;

/** Moves a position behind one more line. */
export function advance(
  position: LogPosition,
  { stream, at }: { stream: LineStream; at: string },
  bytes: number,
): void {
  const last = position[stream];
  if (!last) {
    position[stream] = { at, count: 1, bytes };
    return;
  }
  last.count = last.at === at ? last.count + 1 : 1;
  last.at = at;
  last.bytes += bytes;
}
