import { CODE, isSpace, isWordByte, NEWLINE, type ScanState } from './scan-state.ts';

const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const SLASH = 47;
/** Longer ones are unheard of, and each slash of a minified file would be searched to its end. */
const MAX_LENGTH = 4_096;
const MAX_FAILURES = 1_000;

/** Words after which a value comes, so that a slash begins a regular expression. */
const VALUE_FOLLOWS = new Set(
  'return typeof case in of delete void throw new do else instanceof yield await'.split(' '),
);

/** Skips the regular expression at `scan.position`; false if the slash divides. */
export function skipRegex(scan: ScanState): boolean {
  if (scan.failedRegexes >= MAX_FAILURES || !mayBegin(scan)) return false;
  const { bytes, position } = scan;
  const limit = Math.min(scan.end, position + MAX_LENGTH);
  let inClass = false;
  for (let at = position + 1; at < limit; at += 1) {
    const byte = bytes[at];
    if (byte === NEWLINE) break;
    if (byte === BACKSLASH) at += 1;
    else if (byte === OPEN_BRACKET) inClass = true;
    else if (byte === CLOSE_BRACKET) inClass = false;
    else if (byte === SLASH && !inClass) {
      scan.seen |= CODE;
      scan.position = at + 1;
      return true;
    }
  }
  scan.failedRegexes += 1;
  return false;
}

/** A slash after a value divides; after anything else it begins a regular expression. */
function mayBegin({ bytes, position, lineStart }: ScanState): boolean {
  let at = position - 1;
  while (at >= lineStart && isSpace(bytes[at] as number)) at -= 1;
  if (at < lineStart) return true;
  const byte = bytes[at] as number;
  if (isWordByte(byte)) {
    let from = at;
    while (from > lineStart && at - from < 12 && isWordByte(bytes[from - 1])) from -= 1;
    const word = String.fromCharCode(...bytes.subarray(from, at + 1));
    return VALUE_FOLLOWS.has(word);
  }
  // `<` is before the slash of a closing tag in JSX.
  return !')]}"\'`$<'.includes(String.fromCharCode(byte));
}
