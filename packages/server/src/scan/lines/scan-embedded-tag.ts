import { CODE, endLine, isSpace, NEWLINE, type ScanState } from './scan-state.ts';

const GREATER = 62;
const SLASH = 47;
/** Attributes are looked at up to here for what the element holds. */
const MAX_ATTRIBUTES = 512;

/**
 * Reads the rest of a `<script` or `<style` tag. True if its content is in the language that the
 * element usually has: not for `<script type="text/template">`, `<script … />` or `<scripture>`.
 */
export function scanEmbeddedTag(scan: ScanState): boolean {
  const { bytes, end } = scan;
  const from = scan.position;
  const first = bytes[from];
  if (first !== undefined && first !== GREATER && !isSpace(first)) return false;
  let at = from;
  while (at < end && bytes[at] !== GREATER) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) endLine(scan, at);
    else if (!isSpace(byte)) scan.seen |= CODE;
    at += 1;
  }
  if (at < end) scan.seen |= CODE;
  scan.position = Math.min(at + 1, end);
  if (bytes[at - 1] === SLASH) return false;
  const attributes = Buffer.from(bytes.subarray(from, Math.min(at, from + MAX_ATTRIBUTES)));
  return !/\btype\s*=\s*["']?(?:text\/(?:x-|html|template|ng-)|x-)/i.test(
    attributes.toString('latin1'),
  );
}
