/** A longer line is cut: nothing that is looked for stands behind, and patterns stay fast. */
const MAX_LINE = 4_096;

/** The lines of a text without their ends, made one by one: a lock may have a million. */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const last = text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end;
    yield text.slice(start, Math.min(last, start + MAX_LINE));
    start = end + 1;
  }
}
