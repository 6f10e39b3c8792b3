import { CODE, COMMENT, endLine, isSpace, NEWLINE, type ScanState } from './scan-state.ts';

/** A line of source is looked at up to here; what it is stands at its begin. */
const MAX_HEAD = 120;

/**
 * A Jupyter notebook, as it is saved with one line of source a line of JSON. As cloc has it, the lines
 * of code cells are code, and whatever else is in the file is not.
 */
export function countNotebook(scan: ScanState): void {
  const { bytes, end } = scan;
  let cell: 'none' | 'code' | 'source' = 'none';
  while (scan.position < end) {
    const found = bytes.indexOf(NEWLINE, scan.position);
    const lineEnd = found < 0 ? end : found;
    const line = head(bytes, scan.position, lineEnd);
    if (line !== '') scan.seen |= COMMENT;
    if (cell === 'none' && /^"cell_type":\s*"code",/.test(line)) {
      cell = 'code';
    } else if (cell === 'code' && /^"source":\s*\[$/.test(line)) {
      cell = 'source';
    } else if (cell === 'source') {
      if (/^\]/.test(line)) cell = 'none';
      else if (line !== '' && !/^"\s*(?:#|(?:\\n)?",?$)/.test(line)) scan.seen |= CODE;
    }
    if (lineEnd < end) endLine(scan, lineEnd);
    scan.position = lineEnd + 1;
  }
  scan.position = end;
}

function head(bytes: Uint8Array, from: number, to: number): string {
  let start = from;
  while (start < to && isSpace(bytes[start] as number)) start += 1;
  const text = Buffer.from(bytes.subarray(start, Math.min(to, start + MAX_HEAD)));
  return text.toString('latin1').trimEnd();
}
