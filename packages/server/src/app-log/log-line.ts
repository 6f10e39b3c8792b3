/** Where a line was printed to. */
export type LineStream = 'stdout' | 'stderr';

/** One line of a log, or a piece of one that is long or was not ended soon. */
export interface LogLine {
  /** Where it begins in the log, in bytes since the first line ever. */
  offset: number;
  /** Behind it. */
  end: number;
  stream: LineStream;
  /** When it was printed, in Unix nanoseconds: 19 digits. */
  at: string;
  revision: number;
  /** Which start of the app printed it. */
  generation: number;
  /** `false`: its line goes on in the next piece of the same stream and generation. */
  isEnded: boolean;
  /** What was printed, without the line's end: any bytes but a newline. */
  content: Buffer;
}

/** What is longer is kept in pieces. */
export const longestContent = 16 * 1024;
const timeDigits = 19;
/** Enough for any head: a mark, the time, two numbers of ten digits, and what is between them. */
export const longestHead = 1 + timeDigits + 1 + 10 + 1 + 10 + 1;
export const longestLine = longestHead + longestContent + 1;

const newline = 10;
const space = 32;
const dot = 46;
/** In small letters: the line goes on. */
const marks = { stdout: ['o', 'O'], stderr: ['e', 'E'] } as const;

/**
 * What stands before the content of a line in the file: `O1764000000123456789 3.7 ` is a line of
 * standard output of revision 3 and generation 7, `e…` a piece of one of standard error.
 */
export function headOf(line: Omit<LogLine, 'offset' | 'end' | 'content'>): string {
  const mark = marks[line.stream][line.isEnded ? 1 : 0];
  return `${mark}${line.at} ${line.revision}.${line.generation} `;
}

/**
 * The lines that are wholly in `bytes`, which begin where one begins. What is no line, as a broken
 * disk may leave it, is passed over.
 * @param offset of the first byte
 */
export function parseLines(bytes: Buffer, offset: number): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; ; ) {
    const until = bytes.indexOf(newline, at);
    if (until === -1) return lines;
    const line = parseLine(bytes, at, until);
    if (line) lines.push({ ...line, offset: offset + at, end: offset + until + 1 });
    at = until + 1;
  }
}

/** The line at `from` whose newline is at `until`; `undefined`: it is none. */
export function parseLine(
  bytes: Buffer,
  from: number,
  until: number,
): Omit<LogLine, 'offset' | 'end'> | undefined {
  const mark = bytes[from];
  // The small letters of ASCII are 32 above the others.
  const letter = (mark ?? 0) & ~0x20;
  const stream = letter === 0x4f ? 'stdout' : letter === 0x45 ? 'stderr' : undefined;
  const timeEnd = from + 1 + timeDigits;
  if (!stream || bytes[timeEnd] !== space) return undefined;
  let revision = 0;
  let number = 0;
  for (let at = timeEnd + 1; at < until && at <= from + longestHead; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === space) {
      return {
        stream,
        at: bytes.toString('latin1', from + 1, timeEnd),
        revision,
        generation: number,
        isEnded: mark === letter,
        content: bytes.subarray(at + 1, until),
      };
    }
    if (byte === dot) {
      revision = number;
      number = 0;
    } else if (byte >= 48 && byte <= 57) number = number * 10 + byte - 48;
    else return undefined;
  }
  return undefined;
}

/** Where text is to be cut so that a piece is at most so long, and no character is cut in two. */
export function cutAt(bytes: Buffer, from: number, most: number): number {
  const end = from + most;
  // A character of UTF-8 has at most three bytes after its first.
  for (let at = end; at > end - 4 && at > from; at -= 1) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return end;
}
