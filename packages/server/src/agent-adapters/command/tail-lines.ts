import { open } from 'node:fs/promises';
import { pause } from '../pause.ts';

export interface Line {
  /** `null`: it was longer than what is read. */
  text: string | null;
  /** Where it begins in the file. */
  start: number;
  /** Where the next one begins. */
  end: number;
}

const chunkBytes = 65_536;
const longestLine = 4 * 1_048_576;
const shortestPauseMs = 40;
const longestPauseMs = 120;
const newline = 10;

/**
 * The lines of a file that a process still writes to, as they come, until it has ended and all is
 * read. Ends early when the signal is aborted.
 * @param hasEnded nothing will be written any more
 */
export async function* tailLines(
  file: string,
  { hasEnded, signal }: { hasEnded: () => boolean; signal: AbortSignal },
): AsyncGenerator<Line> {
  const handle = await open(file);
  // Used again for each read: twenty agents that rest are looked at hundreds of times a second.
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  try {
    let at = 0;
    let pauseMs = shortestPauseMs;
    let rest: Buffer[] = [];
    let restBytes = 0;
    let start = 0;
    const takeRest = (last: Buffer): string | null => {
      const text =
        restBytes + last.length > longestLine
          ? null
          : Buffer.concat([...rest, last]).toString('utf8');
      rest = [];
      restBytes = 0;
      return text;
    };
    while (!signal.aborted) {
      // Asked before the last read, so that what was written in between is not missed.
      const ended = hasEnded();
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, at);
      const chunk = buffer.subarray(0, bytesRead);
      if (chunk.length === 0) {
        if (ended) break;
        await pause(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
        continue;
      }
      pauseMs = shortestPauseMs;
      let from = 0;
      for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
        const text = takeRest(chunk.subarray(from, to));
        from = to + 1;
        yield { text, start, end: at + from };
        start = at + from;
        if (signal.aborted) return;
      }
      const left = Buffer.from(chunk.subarray(from));
      restBytes += left.length;
      // Of a line that is too long nothing is kept.
      if (restBytes <= longestLine) rest.push(left);
      else rest = [];
      at += chunk.length;
    }
    if (restBytes > 0 && !signal.aborted) {
      yield { text: takeRest(Buffer.alloc(0)), start, end: at };
    }
  } finally {
    await handle.close();
  }
}
