/** The values of a file of git's settings, in its order, under `section.subsection.key`. */
export type GitConfig = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a file of git's settings as text. `include` is a setting as any other: no other file is
 * read for it. What is no setting is passed over.
 */
export function parseGitConfig(text: string): GitConfig {
  const values = new Map<string, string[]>();
  let section = '';
  for (const line of logicalLines(text)) {
    const header = /^\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)$/s.exec(line);
    if (header) {
      const [, name = '', subsection] = header;
      section = name.toLowerCase();
      if (subsection !== undefined) section += `.${subsection.replace(/\\(.)/g, '$1')}`;
    }
    const setting = /^\s*([a-z][\w-]*)\s*(?:=(.*))?$/is.exec(header ? (header[3] ?? '') : line);
    if (!setting || section === '') continue;
    const key = `${section}.${(setting[1] ?? '').toLowerCase()}`;
    const value = setting[2] === undefined ? 'true' : unquote(setting[2]);
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

export function lastOf(config: GitConfig, key: string): string | undefined {
  return config.get(key)?.at(-1);
}

export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|yes|on|[1-9]\d*)$/i.test(value);
}

/** A backslash at its end makes a line go on in the next one. */
function* logicalLines(text: string): Iterable<string> {
  let begun = '';
  for (const raw of text.replace(/^\ufeff/, '').split('\n')) {
    const line = begun + (raw.endsWith('\r') ? raw.slice(0, -1) : raw);
    if (/^\s*[#;]/.test(line)) continue;
    const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      begun = line.slice(0, -1);
      continue;
    }
    begun = '';
    yield line;
  }
  if (begun) yield begun;
}

function unquote(text: string): string {
  let value = '';
  // Spaces outside of quotes count only if something comes after them.
  let spaces = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '"') {
      isQuoted = !isQuoted;
      value += spaces;
      spaces = '';
    } else if (!isQuoted && (char === '#' || char === ';')) {
      break;
    } else if (!isQuoted && /\s/.test(char)) {
      if (value !== '') spaces += char;
    } else {
      value += spaces;
      spaces = '';
      if (char === '\\') {
        at += 1;
        const escaped = text[at] ?? '';
        value += { n: '\n', t: '\t', b: '\b' }[escaped] ?? escaped;
      } else {
        value += char;
      }
    }
  }
  return value;
}
