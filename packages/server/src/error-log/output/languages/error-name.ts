const suffix = /(?:Error|Exception)(?=(?: \[[\w-]{1,60}\])?(?:: |:?$| \{$))/g;
const partOfName = /[\w.$/]/;
const longestName = 200;

export interface ErrorName {
  /** As printed, with its package, without a module's name before a slash. */
  type: string;
  /** Where it begins in the line. */
  at: number;
  /** What comes after it and the colon. */
  message: string;
}

/**
 * The first name in a line that ends as the names of exceptions do and has a message after it, or
 * nothing. Walks back from the end of the name: a pattern that begins anywhere would take quadratic
 * time for a line of colons.
 */
export function findErrorName(line: string): ErrorName | undefined {
  suffix.lastIndex = 0;
  for (let match = suffix.exec(line); match; match = suffix.exec(line)) {
    let at = match.index;
    while (at > 0 && match.index - at < longestName && partOfName.test(line[at - 1] as string)) {
      at -= 1;
    }
    const end = match.index + match[0].length;
    const name = line.slice(at, end);
    const slash = name.lastIndexOf('/');
    const type = name.slice(slash + 1);
    if (/^[A-Za-z_$]/.test(type)) {
      const message = line
        .slice(end)
        .replace(/^ \[[\w-]{1,60}\]/, '')
        .replace(/^: ?/, '');
      return { type, at: at + slash + 1, message };
    }
  }
  return undefined;
}
