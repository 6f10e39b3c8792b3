import type { Lexicon, Token } from './lexicon.ts';
import {
  COMMENT,
  endLine,
  isSpace,
  matchesAnyCaseAt,
  matchesAt,
  NEWLINE,
  type ScanState,
} from './scan-state.ts';

const BACKSLASH = 92;
const CARRIAGE_RETURN = 13;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const EQUALS = 61;

/** To the end of the line, which stays to be read. */
export function scanLineComment(scan: ScanState, lexicon: Lexicon): void {
  const { bytes, end } = scan;
  const { leave } = lexicon;
  const leaves = leave?.open[0] ?? -1;
  // A sign may be white space itself: in a patch, what is the same on both sides begins with one.
  if (!isBlankAt(bytes, scan.position)) scan.seen |= COMMENT;
  let at = scan.position;
  while (at < end) {
    const byte = bytes[at];
    if (byte === NEWLINE) {
      if (!lexicon.continuesLineComments || !isContinued(bytes, at)) break;
      endLine(scan, at);
      // An empty line is taken in too, and is blank all the same.
      scan.seen = isBlankAt(bytes, at + 1) ? 0 : COMMENT;
    } else if (byte === leaves && leave && matchesAnyCaseAt(bytes, at, leave.open)) {
      break;
    }
    at += 1;
  }
  scan.position = at;
}

function isContinued(bytes: Uint8Array, newline: number): boolean {
  const last = bytes[newline - 1] === CARRIAGE_RETURN ? newline - 2 : newline - 1;
  return bytes[last] === BACKSLASH;
}

function isBlankAt(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (at < bytes.length && bytes[at] !== NEWLINE) {
    if (!isSpace(bytes[at] as number)) return false;
    at += 1;
  }
  return true;
}

export function scanBlockComment(scan: ScanState, token: Token): void {
  const { bytes, end } = scan;
  const { open, close } = token;
  const opens = token.nested ? (open[0] as number) : -1;
  const closes = close[0] as number;
  let depth = 1;
  let at = scan.position + open.length;
  scan.seen |= COMMENT;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) {
      endLine(scan, at);
      at += 1;
    } else if (byte === closes && closesAt(scan, token, at)) {
      scan.seen |= COMMENT;
      at += close.length;
      depth -= 1;
      if (depth === 0) break;
    } else if (byte === opens && matchesAt(bytes, at, open)) {
      depth += 1;
      at += open.length;
    } else {
      if (!isSpace(byte)) scan.seen |= COMMENT;
      at += 1;
    }
  }
  if (token.closesAtColumn) {
    while (at < end && bytes[at] !== NEWLINE) at += 1;
  }
  scan.position = at;
}

function closesAt(scan: ScanState, token: Token, at: number): boolean {
  if (token.closesAtColumn && at !== scan.lineStart) return false;
  return matchesAt(scan.bytes, at, token.close);
}

/**
 * `[==[ … ]==]`, its first bracket `offset` behind `scan.position`: a comment or a string, as `kind`
 * says. False if the brackets are none of this kind.
 */
export function scanLongBracket(scan: ScanState, kind: number, offset: number): boolean {
  const { bytes, end } = scan;
  let at = scan.position + offset + 1;
  let level = 0;
  while (bytes[at] === EQUALS) {
    level += 1;
    at += 1;
  }
  if (bytes[at] !== OPEN_BRACKET) return false;
  scan.seen |= kind;
  at += 1;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) {
      endLine(scan, at);
      at += 1;
    } else if (byte === CLOSE_BRACKET && closesLongBracket(bytes, at, level)) {
      scan.seen |= kind;
      at += level + 2;
      break;
    } else {
      if (!isSpace(byte)) scan.seen |= kind;
      at += 1;
    }
  }
  scan.position = at;
  return true;
}

function closesLongBracket(bytes: Uint8Array, from: number, level: number): boolean {
  for (let at = from + 1; at <= from + level; at += 1) {
    if (bytes[at] !== EQUALS) return false;
  }
  return bytes[from + level + 1] === CLOSE_BRACKET;
}

/** Everything to the end of the file is what follows `__END__`: no code. */
export function scanRest(scan: ScanState): void {
  const { bytes, end } = scan;
  let at = scan.position;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) endLine(scan, at);
    else if (!isSpace(byte)) scan.seen |= COMMENT;
    at += 1;
  }
  scan.position = at;
}
