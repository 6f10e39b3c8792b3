import path from 'node:path';

/** As the API takes it. */
const longest = 100;

/** One line of at most 100 characters; `undefined` where nothing is left. */
export function asProjectName(text: string | null | undefined): string | undefined {
  const line = (text ?? '')
    .slice(0, 4 * longest)
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return cut(line, longest) || undefined;
}

/** Never within a character that takes two units. */
function cut(text: string, length: number): string {
  const end = length - (/[\ud800-\udbff]/.test(text[length - 1] ?? '') ? 1 : 0);
  return text.length > length ? text.slice(0, end).trim() : text;
}

interface Named {
  readonly name: string;
  readonly path: string;
}

/**
 * Changes names so that each is there once, whatever its case, and none is among `taken`. Who keeps
 * the name does not depend on the order: one whose folder is called so, then the first by its path.
 * The others are called like their folder, or get the names of the folders above them.
 */
export function makeDistinct<T extends Named>(
  projects: readonly T[],
  taken: Iterable<string>,
): T[] {
  const used = new Set([...taken].map(fold));
  const names = new Map<T, string>();
  const inOrder = [...projects].sort(
    (a, b) => Number(isFolders(b)) - Number(isFolders(a)) || (a.path < b.path ? -1 : 1),
  );
  for (const project of inOrder) {
    for (const name of candidates(project)) {
      if (used.has(fold(name))) continue;
      used.add(fold(name));
      names.set(project, name);
      break;
    }
  }
  return projects.map((project) => ({ ...project, name: names.get(project) ?? project.name }));
}

function* candidates({ name, path: where }: Named): Iterable<string> {
  yield name;
  const folder = asProjectName(path.basename(where));
  if (folder && fold(name) !== fold(folder)) yield folder;
  const above = path.dirname(where).split('/').filter(Boolean);
  for (let count = 1; count <= above.length; count++) {
    const suffix = ` (${asProjectName(above.slice(-count).join('/'))})`;
    if (suffix.length > longest / 2) break;
    yield cut(name, longest - suffix.length) + suffix;
  }
  for (let number = 2; ; number++) yield `${cut(name, longest - 8)} ${number}`;
}

function isFolders({ name, path: where }: Named): boolean {
  return fold(name) === fold(path.basename(where));
}

function fold(name: string): string {
  return name.toLowerCase();
}
