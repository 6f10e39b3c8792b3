/** What is longer is cut in the middle: the exception is named at one end, and thrown at the other. */
const longestStack = 64 * 1024;

/** The longest name and message of an exception, in characters. */
const longestType = 200;
const longestMessage = 8 * 1024;

/** @returns at most 64 KiB of UTF-8 */
export function stackText(lines: readonly string[]): string {
  const text = lines.join('\n');
  const bytes = Buffer.from(text);
  if (bytes.length <= longestStack) return text;
  const half = longestStack / 2 - 64;
  const head = wholeLines(bytes.subarray(0, half), (piece) => piece.lastIndexOf('\n'), 'head');
  const tail = wholeLines(bytes.subarray(-half), (piece) => piece.indexOf('\n'), 'tail');
  const left = bytes.length - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return `${head}\n[${left} bytes are left out here]\n${tail}`;
}

function wholeLines(bytes: Buffer, find: (piece: string) => number, side: 'head' | 'tail'): string {
  // Half a character at the cut becomes a longer replacement: it goes with the rest of its line.
  const piece = bytes.toString().replace(side === 'head' ? /\ufffd$/ : /^\ufffd+/, '');
  const at = find(piece);
  if (at === -1) return piece;
  return side === 'head' ? piece.slice(0, at) : piece.slice(at + 1);
}

export function shortType(type: string): string {
  return type.slice(0, longestType);
}

export function shortMessage(message: string): string {
  const text = message.trimEnd();
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}
