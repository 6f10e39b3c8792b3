/** As much of a call as is looked at: a list of requirements is shorter. */
const MAX_ITEMS = 2_000;

/** A Python string without a prefix that changes it. The body has no line break. */
const STRING = /(['"])((?:(?!\1)[^\\\n]|\\.)*)\1/y;
const BETWEEN = /(?:\s|#[^\n]*)*/y;

function matchAt(pattern: RegExp, text: string, offset: number): RegExpExecArray | null {
  const sticky = new RegExp(pattern.source, 'y');
  sticky.lastIndex = offset;
  return sticky.exec(text);
}

function skipBlank(text: string, offset: number): number {
  return offset + (matchAt(BETWEEN, text, offset)?.[0].length ?? 0);
}

/**
 * The strings of the list that begins at `offset`, with the offset behind it. `undefined` if it holds
 * anything that would have to be computed.
 */
export function literalList(
  text: string,
  offset: number,
): { strings: string[]; end: number } | undefined {
  const close = { '[': ']', '(': ')' }[text[offset] ?? ''];
  if (close === undefined) return undefined;
  const strings: string[] = [];
  let here = skipBlank(text, offset + 1);
  while (strings.length < MAX_ITEMS) {
    if (text[here] === close) return { strings, end: here + 1 };
    const string = matchAt(STRING, text, here);
    if (!string) return undefined;
    strings.push(string[2] ?? '');
    here = skipBlank(text, here + string[0].length);
    if (text[here] === ',') here = skipBlank(text, here + 1);
    else if (text[here] !== close) return undefined;
  }
  return undefined;
}

/** The lists of a dictionary that begins at `offset`, by their literal keys. */
export function literalLists(text: string, offset: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (text[offset] !== '{') return found;
  let here = skipBlank(text, offset + 1);
  while (found.size < MAX_ITEMS) {
    const key = matchAt(STRING, text, here);
    if (!key) return found;
    here = skipBlank(text, here + key[0].length);
    if (text[here] !== ':') return found;
    const list = literalList(text, skipBlank(text, here + 1));
    if (!list) return found;
    found.set(key[2] ?? '', list.strings);
    here = skipBlank(text, list.end);
    if (text[here] === ',') here = skipBlank(text, here + 1);
  }
  return found;
}

/** Where the value of a keyword argument begins: `install_requires=`. */
export function argumentAt(text: string, keyword: string): number | undefined {
  const found = new RegExp(`(?:^|[(,])[ \\t]*${keyword}[ \\t]*=(?!=)`, 'm').exec(text);
  return found ? skipBlank(text, found.index + found[0].length) : undefined;
}

export function literalString(text: string, offset: number): string | undefined {
  return matchAt(STRING, text, offset)?.[2];
}
