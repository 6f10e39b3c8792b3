import type { Token } from './lexicon.ts';
import { CODE, endLine, isSpace, matchesAt, NEWLINE, type ScanState } from './scan-state.ts';

const BACKSLASH = 92;
const QUOTE = 34;
const APOSTROPHE = 39;
const HASH = 35;
const AT = 64;
const DOLLAR = 36;
const BACKTICK = 96;
const OPEN_BRACE = 123;
const OPEN_PARENTHESIS = 40;
const SMALL_R = 114;
const CAPITAL_R = 82;
/** `'\u{10FFFF}'` is the longest there is; what is longer is no character. */
const MAX_CHARACTER = 12;
/** A raw string's delimiter in C++ has at most 16. */
const MAX_DELIMITER = 16;

/** As many quotes as a raw string of C# may open with here; each quote in it is compared to them. */
const MAX_QUOTES = 16;

/** How a string ends. */
interface StringEnd {
  readonly close: Uint8Array;
  readonly escapes: boolean;
  readonly multiline: boolean;
  /** The close twice is the quote itself. */
  readonly doubled: boolean;
  /** Bytes that open it. */
  readonly open: number;
}

export function scanString(scan: ScanState, token: Token): void {
  const ending = rawEnd(scan, token) ?? {
    close: token.close,
    escapes: token.escapes,
    multiline: token.multiline,
    doubled: false,
    open: token.open.length,
  };
  scanTo(scan, ending);
}

function scanTo(scan: ScanState, ending: StringEnd): void {
  const { bytes, end } = scan;
  const { close, escapes, multiline, doubled } = ending;
  const closes = close[0];
  scan.seen |= CODE;
  let at = scan.position + ending.open;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) {
      if (!multiline) break;
      endLine(scan, at);
      at += 1;
    } else if (byte === BACKSLASH && escapes) {
      scan.seen |= CODE;
      at = escaped(scan, at);
    } else if (byte === closes && matchesAt(bytes, at, close)) {
      scan.seen |= CODE;
      at += close.length;
      if (!doubled || bytes[at] !== closes) break;
      at += 1;
    } else {
      if (!isSpace(byte)) scan.seen |= CODE;
      at += 1;
    }
  }
  scan.position = at;
}

/** Behind the escape at `at`. An escaped line end goes on with the string on the next line. */
function escaped(scan: ScanState, at: number): number {
  const { bytes } = scan;
  let next = at + 1;
  if (bytes[next] === 13 && bytes[next + 1] === NEWLINE) next += 1;
  if (next >= scan.end) return scan.end;
  if (bytes[next] === NEWLINE) endLine(scan, next);
  return next + 1;
}

function rawEnd({ bytes, position }: ScanState, token: Token): StringEnd | undefined {
  const before = bytes[position - 1];
  switch (token.raw) {
    case undefined:
      return undefined;
    case 'rust':
    case 'swift': {
      let hashes = 0;
      while (bytes[position - 1 - hashes] === HASH) hashes += 1;
      const isRaw = token.raw === 'rust' ? bytes[position - 1 - hashes] === SMALL_R : hashes > 0;
      if (!isRaw) return undefined;
      const quotes = token.open.length;
      const close = new Uint8Array(quotes + hashes).fill(QUOTE, 0, quotes).fill(HASH, quotes);
      const multiline = token.raw === 'rust' || quotes > 1;
      return { close, escapes: false, multiline, doubled: false, open: quotes };
    }
    case 'c++':
      return before === CAPITAL_R ? cppRawEnd(bytes, position) : undefined;
    case 'c#': {
      const isVerbatim = before === AT || (before === DOLLAR && bytes[position - 2] === AT);
      const quote = Uint8Array.of(QUOTE);
      if (isVerbatim)
        return { close: quote, escapes: false, multiline: true, doubled: true, open: 1 };
      let quotes = 1;
      while (quotes <= MAX_QUOTES && bytes[position + quotes] === QUOTE) quotes += 1;
      if (quotes < 3 || quotes > MAX_QUOTES) return undefined;
      const close = new Uint8Array(quotes).fill(QUOTE);
      return { close, escapes: false, multiline: true, doubled: false, open: quotes };
    }
  }
}

/** `R"delimiter(…)delimiter"`. */
function cppRawEnd(bytes: Uint8Array, position: number): StringEnd | undefined {
  const from = position + 1;
  let to = from;
  while (to - from <= MAX_DELIMITER && to < bytes.length && bytes[to] !== OPEN_PARENTHESIS) to += 1;
  if (bytes[to] !== OPEN_PARENTHESIS) return undefined;
  const delimiter = bytes.subarray(from, to);
  const close = Uint8Array.of(41, ...delimiter, QUOTE);
  return { close, escapes: false, multiline: true, doubled: false, open: 1 };
}

/** `'x'` or `'\n'`; false if the apostrophe is something else. */
export function skipCharacter(scan: ScanState): boolean {
  const { bytes, position } = scan;
  const first = bytes[position + 1];
  let at = position + 2;
  if (first === BACKSLASH) {
    const limit = position + MAX_CHARACTER;
    at += 1;
    while (at < limit && bytes[at] !== APOSTROPHE && bytes[at] !== NEWLINE) at += 1;
  } else if (first !== undefined && first >= 0xc0) {
    // The bytes that follow in one UTF-8 character.
    while (((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  }
  if (first === NEWLINE || bytes[at] !== APOSTROPHE) return false;
  scan.seen |= CODE;
  scan.position = at + 1;
  return true;
}

/** The text of a template literal: up to its end, or behind the `${` of a hole. */
export function scanTemplateText(scan: ScanState, holes: boolean): 'end' | 'hole' {
  const { bytes, end } = scan;
  let at = scan.position;
  let found: 'end' | 'hole' = 'end';
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) {
      endLine(scan, at);
      at += 1;
      continue;
    }
    if (!isSpace(byte)) scan.seen |= CODE;
    if (byte === BACKSLASH) {
      at = escaped(scan, at);
    } else if (byte === BACKTICK) {
      at += 1;
      break;
    } else if (byte === DOLLAR && holes && bytes[at + 1] === OPEN_BRACE) {
      at += 2;
      found = 'hole';
      break;
    } else {
      at += 1;
    }
  }
  scan.position = at;
  return found;
}
