const classes: Record<string, (byte: number) => boolean> = {
  alnum: (byte) => isDigit(byte) || isLower(byte) || isUpper(byte),
  alpha: (byte) => isLower(byte) || isUpper(byte),
  blank: (byte) => byte === 32 || byte === 9,
  cntrl: (byte) => byte < 32 || byte === 127,
  digit: isDigit,
  graph: (byte) => byte > 32 && byte < 127,
  lower: isLower,
  print: (byte) => byte >= 32 && byte < 127,
  punct: (byte) => byte > 32 && byte < 127 && !isDigit(byte) && !isLower(byte) && !isUpper(byte),
  space: (byte) => byte === 32 || (byte >= 9 && byte <= 13),
  upper: isUpper,
  xdigit: (byte) => isDigit(byte) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102),
};

/**
 * The set of bytes that the bracket at `start` matches, one bit a byte, and where its `]` is.
 * `undefined`: it is malformed, and a pattern with it matches nothing. In the order in which git's
 * wildmatch reads it, so that oddities such as `[]-a]` and `[[:x]` mean the same.
 */
export function parseBracket(
  pattern: string,
  start: number,
  ignoreCase: boolean,
): { bits: Uint8Array; end: number } | undefined {
  const tests: ((byte: number) => boolean)[] = [];
  let at = start + 1;
  const isNegated = pattern[at] === '!' || pattern[at] === '^';
  if (isNegated) at += 1;
  // 0: what was before cannot be the start of a range.
  let before = 0;
  do {
    if (at >= pattern.length) return undefined;
    let byte = pattern.charCodeAt(at);
    const next = pattern[at + 1];
    if (pattern[at] === '\\') {
      at += 1;
      if (at >= pattern.length) return undefined;
      byte = pattern.charCodeAt(at);
      tests.push(equals(byte));
    } else if (pattern[at] === '-' && before && next !== undefined && next !== ']') {
      at += next === '\\' ? 2 : 1;
      if (at >= pattern.length) return undefined;
      tests.push(within(before, pattern.charCodeAt(at), ignoreCase));
      byte = 0;
    } else if (pattern[at] === '[' && next === ':') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      if (end - 1 < at + 2 || pattern[end - 1] !== ':') {
        tests.push(equals(byte));
      } else {
        const name = pattern.slice(at + 2, end - 1);
        const test = Object.hasOwn(classes, name) ? classes[name] : undefined;
        if (!test) return undefined;
        // Without case, bytes come as small letters: `upper` would be none of them.
        tests.push(ignoreCase && name === 'upper' ? isLower : test);
        at = end;
        byte = 0;
      }
    } else {
      tests.push(equals(byte));
    }
    before = byte;
    at += 1;
  } while (pattern[at] !== ']');

  const bits = new Uint8Array(32);
  for (let byte = 0; byte < 256; byte++) {
    if (tests.some((test) => test(byte)) !== isNegated) {
      bits[byte >> 3] = (bits[byte >> 3] as number) | (1 << (byte & 7));
    }
  }
  return { bits, end: at };
}

function equals(wanted: number) {
  return (byte: number) => byte === wanted;
}

function within(first: number, last: number, ignoreCase: boolean) {
  return (byte: number) =>
    (byte >= first && byte <= last) ||
    (ignoreCase && isLower(byte) && byte - 32 >= first && byte - 32 <= last);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isLower(byte: number): boolean {
  return byte >= 97 && byte <= 122;
}

function isUpper(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}
