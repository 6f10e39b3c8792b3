/** As far into a file as a NUL byte is looked for. */
const BINARY_HEAD = 8_192;

/** A NUL byte in the first 8 KB, and no UTF-16 that would explain it. */
export function isBinary(content: Buffer): boolean {
  if (utf16Order(content)) return false;
  return content.subarray(0, BINARY_HEAD).includes(0);
}

/**
 * The text in bytes of which ASCII signs are one each, its lines ended by `\n`: UTF-16 is decoded, a
 * byte order mark left out. Whatever else it is encoded in stays as it is: signs are ASCII in all of
 * these. A file that is fine already is not copied.
 */
export function decodeText(content: Buffer): Buffer {
  const text = decodeUtf16(content);
  if (text.includes(10)) return text;
  return text.includes(13) ? withNewlines(text) : text;
}

function decodeUtf16(content: Buffer): Buffer {
  const order = utf16Order(content);
  if (!order) return startsWith(content, [0xef, 0xbb, 0xbf]) ? content.subarray(3) : content;
  const even = content.subarray(2, content.length - (content.length % 2));
  const littleEndian = order === 'little' ? even : Buffer.from(even).swap16();
  return Buffer.from(littleEndian.toString('utf16le'), 'utf8');
}

function utf16Order(content: Buffer): 'little' | 'big' | undefined {
  if (startsWith(content, [0xff, 0xfe])) return 'little';
  return startsWith(content, [0xfe, 0xff]) ? 'big' : undefined;
}

function startsWith(content: Buffer, start: readonly number[]): boolean {
  return start.every((byte, index) => content[index] === byte);
}

/** Old Macs end lines with a carriage return alone. */
function withNewlines(text: Buffer): Buffer {
  const copy = Buffer.from(text);
  for (let at = copy.indexOf(13); at >= 0; at = copy.indexOf(13, at + 1)) copy[at] = 10;
  return copy;
}
