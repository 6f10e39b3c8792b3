import { CODE, COMMENT, endLine, isSpace, NEWLINE, type ScanState } from './scan-state.ts';

const DOT = 46;

/**
 * reStructuredText. As cloc has it, `..` at the first column begins a comment or directive, which goes
 * on to the next line that begins with text.
 */
export function countRestructuredText(scan: ScanState): void {
  const { bytes, end } = scan;
  let isInside = false;
  while (scan.position < end) {
    const found = bytes.indexOf(NEWLINE, scan.position);
    const lineEnd = found < 0 ? end : found;
    const first = bytes[scan.position] as number;
    if (first === DOT) isInside ||= bytes[scan.position + 1] === DOT;
    else if (!isSpace(first)) isInside = false;
    scan.seen |= isBlank(bytes, scan.position, lineEnd) ? 0 : isInside ? COMMENT : CODE;
    if (lineEnd < end) endLine(scan, lineEnd);
    scan.position = lineEnd + 1;
  }
  scan.position = end;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    if (!isSpace(bytes[at] as number)) return false;
  }
  return true;
}
