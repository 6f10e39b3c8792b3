/** What has been seen on the line so far; a line may have several. */
export const CODE = 1;
export const COMMENT = 2;
/** Text of a string of which it is not known yet whether it is a documentation string. */
export const UNDECIDED = 4;

const CARRIAGE_RETURN = 13;
export const NEWLINE = 10;

export interface Heredoc {
  readonly delimiter: Uint8Array;
  /** The delimiter may be indented. */
  readonly indented: boolean;
  /** More may follow the delimiter on its line. */
  readonly open: boolean;
}

/** One pass over one file. */
export interface ScanState {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;
  lineStart: number;
  /** Bits of CODE, COMMENT and UNDECIDED. */
  seen: number;
  code: number;
  comment: number;
  blank: number;
  /** Lines that a documentation string may take, counted once it is known. */
  undecided: number;
  /** Bytes of the longest line, its end not counted. */
  longest: number;
  /** Opened on this line: their text begins with the next one. */
  heredocs: Heredoc[];
  /** Searches that found nothing. Bounded, or a hostile file would take quadratic time. */
  failedHeredocs: number;
  failedRegexes: number;
}

export function startScan(bytes: Uint8Array): ScanState {
  return {
    bytes,
    end: bytes.length,
    position: 0,
    lineStart: 0,
    seen: 0,
    code: 0,
    comment: 0,
    blank: 0,
    undecided: 0,
    longest: 0,
    heredocs: [],
    failedHeredocs: 0,
    failedRegexes: 0,
  };
}

/** Counts the line that ends at `at`: its newline, or the end of the file. */
export function endLine(scan: ScanState, at: number): void {
  let length = at - scan.lineStart;
  if (length > 0 && scan.bytes[at - 1] === CARRIAGE_RETURN) length -= 1;
  if (length > scan.longest) scan.longest = length;
  const { seen } = scan;
  if (seen & CODE) scan.code += 1;
  else if (seen & UNDECIDED) scan.undecided += 1;
  else if (seen & COMMENT) scan.comment += 1;
  else scan.blank += 1;
  scan.seen = 0;
  scan.lineStart = at + 1;
}

/** White space on a line, as Perl's `\s` has it; the newline is told apart before. */
export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

export function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 97 && byte <= 122) ||
    (byte >= 65 && byte <= 90) ||
    (byte >= 48 && byte <= 57) ||
    byte === 95 ||
    byte >= 128
  );
}

export function matchesAt(bytes: Uint8Array, at: number, sign: Uint8Array): boolean {
  for (let index = 0; index < sign.length; index += 1) {
    if (bytes[at + index] !== sign[index]) return false;
  }
  return true;
}

/** `sign` is in lower case. */
export function matchesAnyCaseAt(bytes: Uint8Array, at: number, sign: Uint8Array): boolean {
  for (let index = 0; index < sign.length; index += 1) {
    const byte = bytes[at + index] ?? 0;
    const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    if (lower !== sign[index]) return false;
  }
  return true;
}
