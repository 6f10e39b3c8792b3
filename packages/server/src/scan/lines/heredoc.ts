import type { HeredocStyle } from './language.ts';
import type { Token } from './lexicon.ts';
import {
  CODE,
  endLine,
  type Heredoc,
  isSpace,
  isWordByte,
  matchesAt,
  NEWLINE,
  type ScanState,
} from './scan-state.ts';

const MAX_DELIMITER = 120;
/** More on one line, or more that never end, are no here-documents but shifts of bits. */
const MAX_ON_LINE = 8;
const MAX_FAILURES = 16;
const DASH = 45;
const DOT = 46;

/**
 * Notes the here-document that opens at `scan.position`: its text begins with the next line. False if
 * it is none: `1 << x` looks the same, so its end has to be in the file.
 */
export function openHeredoc(scan: ScanState, token: Token): boolean {
  const style = token.heredoc as HeredocStyle;
  const from = scan.position + token.open.length;
  if (style === 'perl' || style === 'ruby') {
    const before = scan.bytes[scan.position - 1];
    if (isWordByte(before) || before === 41 || before === 93) return false;
  }
  const head = heredocHead(scan.bytes, from, style);
  if (!head || scan.heredocs.length >= MAX_ON_LINE) return false;
  if (scan.failedHeredocs >= MAX_FAILURES) return false;
  if (!hasEnd(scan, head.heredoc, head.behind)) {
    scan.failedHeredocs += 1;
    return false;
  }
  scan.heredocs.push(head.heredoc);
  scan.seen |= CODE;
  scan.position = head.behind;
  return true;
}

/** Reads the text of all that were opened on the line before. */
export function scanHeredocs(scan: ScanState): void {
  for (const heredoc of scan.heredocs) {
    while (scan.position < scan.end) {
      const lineEnd = endOfLine(scan, scan.position);
      const isLast = endsHeredoc(scan.bytes, scan.position, lineEnd, heredoc);
      // What follows the end on its line is code like that before it.
      scan.seen |= isBlank(scan.bytes, scan.position, lineEnd) ? 0 : CODE;
      scan.position = lineEnd;
      if (lineEnd < scan.end) {
        endLine(scan, lineEnd);
        scan.position += 1;
      }
      if (isLast) break;
    }
  }
  scan.heredocs = [];
}

/** The dash or tilde, quotes and delimiter behind the `<<`. */
function heredocHead(
  bytes: Uint8Array,
  from: number,
  style: HeredocStyle,
): { heredoc: Heredoc; behind: number } | undefined {
  let at = from;
  const mark = String.fromCharCode(bytes[at] ?? 0);
  const indented = (style === 'shell' && mark === '-') || (style === 'ruby' && '-~'.includes(mark));
  const stripped = style === 'perl' && mark === '~';
  if (indented || stripped) at += 1;
  const spaced = at;
  if (style !== 'ruby') while (bytes[at] === 32 || bytes[at] === 9) at += 1;
  const quote = bytes[at];
  const isQuoted = quote === 34 || quote === 39;
  if (isQuoted || (style === 'shell' && quote === 92)) at += 1;
  else if (style === 'perl' && at > spaced) return undefined;
  const begin = at;
  while (
    at - begin < MAX_DELIMITER &&
    isDelimiterByte(bytes[at], isQuoted ? quote : undefined, style)
  ) {
    at += 1;
  }
  const delimiter = bytes.subarray(begin, at);
  const first = delimiter[0];
  if (first === undefined || (isQuoted && bytes[at] !== quote)) return undefined;
  if (!isQuoted && first >= 48 && first <= 57) return undefined;
  // `list <<item` appends; the delimiter of a bare `<<` is written in capitals.
  if (style === 'ruby' && !indented && !isQuoted && !(first >= 65 && first <= 90)) return undefined;
  return {
    heredoc: {
      delimiter,
      indented: indented || stripped || style === 'php',
      open: style === 'php',
    },
    behind: isQuoted ? at + 1 : at,
  };
}

function isDelimiterByte(
  byte: number | undefined,
  quote: number | undefined,
  style: HeredocStyle,
): boolean {
  if (byte === undefined || byte === NEWLINE) return false;
  if (quote !== undefined) return byte !== quote;
  return isWordByte(byte) || (style === 'shell' && (byte === DASH || byte === DOT));
}

function hasEnd(scan: ScanState, heredoc: Heredoc, from: number): boolean {
  let at = endOfLine(scan, from) + 1;
  while (at < scan.end) {
    const lineEnd = endOfLine(scan, at);
    if (endsHeredoc(scan.bytes, at, lineEnd, heredoc)) return true;
    at = lineEnd + 1;
  }
  return false;
}

function endsHeredoc(bytes: Uint8Array, from: number, lineEnd: number, heredoc: Heredoc): boolean {
  const { delimiter, indented, open } = heredoc;
  let at = from;
  if (indented) while (at < lineEnd && isSpace(bytes[at] as number)) at += 1;
  if (at + delimiter.length > lineEnd || !matchesAt(bytes, at, delimiter)) return false;
  const behind = at + delimiter.length;
  return open ? !isWordByte(bytes[behind]) : isBlank(bytes, behind, lineEnd);
}

function endOfLine(scan: ScanState, from: number): number {
  let at = from;
  while (at < scan.end && scan.bytes[at] !== NEWLINE) at += 1;
  return at;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (!isSpace(bytes[at] as number)) return false;
  }
  return true;
}
