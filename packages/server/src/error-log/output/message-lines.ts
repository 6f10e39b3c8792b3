const opensMore = /[:,({[\\]$/;
const isIndented = /^[ \t]+\S/;
const isBracketed = /^[([{^~]/;

/**
 * How many of the lines after an exception's first one belong to its message, where nothing marks its
 * end. Grouping suffers more from a foreign line in a message than from one that lacks, so only such
 * are taken as look like a continuation.
 */
export function countMessageLines(first: string, following: readonly string[]): number {
  let taken = 0;
  for (const [index, line] of following.entries()) {
    const next = following[index + 1];
    const before = index === 0 ? first : (following[index - 1] as string);
    if (line.trim() === '') continue;
    const continues =
      isIndented.test(line) ||
      isBracketed.test(line) ||
      opensMore.test(before) ||
      (before.trim() !== '' && next !== undefined && isIndented.test(next));
    if (!continues) break;
    taken = index + 1;
  }
  return taken;
}

/** How many lines there are without the empty ones at the end. */
export function countToLastText(lines: readonly string[]): number {
  return lines.findLastIndex((line) => line.trim() !== '') + 1;
}
