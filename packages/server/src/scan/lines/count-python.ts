import {
  CODE,
  COMMENT,
  endLine,
  isSpace,
  isWordByte,
  NEWLINE,
  type ScanState,
  UNDECIDED,
} from './scan-state.ts';

const BACKSLASH = 92;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const APOSTROPHE = 39;
const HASH = 35;
const SEMICOLON = 59;
const PREFIXES = 'rRbBuUfFtT';

/** Where in a statement the reader is. `documented`: all of it so far is strings. */
type Statement = 'begin' | 'documented' | 'inside';

interface PythonState {
  statement: Statement;
  /** Open brackets: inside of them a line's end does not end the statement. */
  depth: number;
}

/**
 * Python and its relatives. A statement that is only a string documents what it is in, and counts as
 * comment; every other string is code, whatever its quotes are.
 */
export function countPython(scan: ScanState): void {
  const { bytes, end } = scan;
  const python: PythonState = { statement: 'begin', depth: 0 };
  while (scan.position < end) {
    const byte = bytes[scan.position] as number;
    if (byte === NEWLINE) {
      if (python.depth === 0) endStatement(scan, python);
      endLine(scan, scan.position);
      scan.position += 1;
    } else if (byte === HASH) {
      skipComment(scan);
    } else if (byte === QUOTE || byte === APOSTROPHE) {
      readString(scan, python, byte);
    } else if (byte === BACKSLASH) {
      readBackslash(scan, python);
    } else if (isSpace(byte)) {
      scan.position += 1;
    } else {
      readCode(scan, python, byte);
    }
  }
  endStatement(scan, python);
}

function readCode(scan: ScanState, python: PythonState, byte: number): void {
  if (python.statement !== 'inside') {
    const prefix = stringPrefix(scan.bytes, scan.position);
    if (prefix > 0) {
      scan.position += prefix;
      return;
    }
  }
  if (python.statement === 'documented') decide(scan, CODE);
  python.statement = 'inside';
  scan.seen |= CODE;
  scan.position += 1;
  if (isWordByte(byte)) {
    const { bytes, end } = scan;
    let at = scan.position;
    while (at < end && isWordByte(bytes[at])) at += 1;
    scan.position = at;
  } else if (byte === SEMICOLON && python.depth === 0) {
    python.statement = 'begin';
  } else if (byte === 40 || byte === 91 || byte === 123) {
    python.depth += 1;
  } else if ((byte === 41 || byte === 93 || byte === 125) && python.depth > 0) {
    python.depth -= 1;
  }
}

function readString(scan: ScanState, python: PythonState, quote: number): void {
  const { bytes, position } = scan;
  if (python.statement === 'begin') python.statement = 'documented';
  const isTriple = bytes[position + 1] === quote && bytes[position + 2] === quote;
  skipString(scan, quote, isTriple, python.statement === 'documented' ? UNDECIDED : CODE);
}

/** A backslash before the line's end joins the next line to the statement. */
function readBackslash(scan: ScanState, python: PythonState): void {
  const { bytes, position } = scan;
  const next = bytes[position + 1] === CARRIAGE_RETURN ? position + 2 : position + 1;
  if (bytes[next] !== NEWLINE) {
    readCode(scan, python, BACKSLASH);
    return;
  }
  scan.seen |= python.statement === 'documented' ? UNDECIDED : CODE;
  endLine(scan, next);
  scan.position = next + 1;
}

/** Bytes of the `rb` before a string's quote; 0 if no string begins here. */
function stringPrefix(bytes: Uint8Array, from: number): number {
  for (let length = 0; length <= 2; length += 1) {
    const byte = bytes[from + length];
    if (byte === QUOTE || byte === APOSTROPHE) return length;
    if (byte === undefined || !PREFIXES.includes(String.fromCharCode(byte))) return 0;
  }
  return 0;
}

function skipString(scan: ScanState, quote: number, isTriple: boolean, mark: number): void {
  const { bytes, end } = scan;
  const step = isTriple ? 3 : 1;
  let at = scan.position + step;
  scan.seen |= mark;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH) {
      scan.seen |= mark;
      at += bytes[at + 1] === CARRIAGE_RETURN && bytes[at + 2] === NEWLINE ? 2 : 1;
      if (bytes[at] === NEWLINE) endLine(scan, at);
      at += 1;
    } else if (byte === NEWLINE) {
      if (!isTriple) break;
      endLine(scan, at);
      at += 1;
    } else if (
      byte === quote &&
      (!isTriple || (bytes[at + 1] === quote && bytes[at + 2] === quote))
    ) {
      scan.seen |= mark;
      at += step;
      break;
    } else {
      if (!isSpace(byte)) scan.seen |= mark;
      at += 1;
    }
  }
  scan.position = Math.min(at, end);
}

function skipComment(scan: ScanState): void {
  const { bytes, end } = scan;
  let at = scan.position;
  while (at < end && bytes[at] !== NEWLINE) at += 1;
  scan.seen |= COMMENT;
  scan.position = at;
}

function endStatement(scan: ScanState, python: PythonState): void {
  if (python.statement === 'documented') decide(scan, COMMENT);
  python.statement = 'begin';
}

/** It is known what the strings of the statement are: counts their lines, and marks this one. */
function decide(scan: ScanState, kind: number): void {
  if (kind === CODE) scan.code += scan.undecided;
  else scan.comment += scan.undecided;
  scan.undecided = 0;
  if (scan.seen & UNDECIDED) scan.seen = (scan.seen & ~UNDECIDED) | kind;
}
