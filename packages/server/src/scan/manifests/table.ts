export type Table = Record<string, unknown>;

/** What a file of unknown shape holds, as a table: an empty one where it is something else. */
export function asTable(value: unknown): Table {
  return isTable(value) ? value : {};
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One that is not in a list is taken for a list of one: XML does not tell them apart. */
export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** A version written as a number, such as `1.2` in YAML, is text too. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The value at the end of a path of own keys. */
export function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isTable(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

export function tableAt(value: unknown, ...path: string[]): Table {
  return asTable(at(value, ...path));
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  return asText(at(value, ...path));
}

/** Those values of a table that are text, such as the `engines` of a package. */
export function textTable(value: unknown): Record<string, string> | undefined {
  const entries = Object.entries(asTable(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== '__proto__',
  );
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
