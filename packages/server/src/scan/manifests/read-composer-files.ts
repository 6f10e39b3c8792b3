import { collectLocked, type Draft, dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { parseJson } from './parse-text.ts';
import { asText, at, isTable, tableAt, textAt, textsOf } from './table.ts';

export function readComposerJson(text: string): Draft {
  const file = parseJson(text);
  if (!isTable(file)) throw new ManifestFault('must be an object', 1);
  const type = textAt(file, 'type');
  const php = textAt(file, 'require', 'php');
  const bin = at(file, 'bin');
  return {
    name: textAt(file, 'name'),
    version: textAt(file, 'version'),
    direct: [
      ...packages(at(file, 'require'), 'runtime'),
      ...packages(at(file, 'require-dev'), 'development'),
    ],
    scripts: Object.keys(tableAt(file, 'scripts')),
    commands: (typeof bin === 'string' ? [bin] : textsOf(bin)).map(
      (path) => path.split('/').at(-1) ?? '',
    ),
    // Composer takes none for a library, but apps leave it out as well.
    isLibrary: type === undefined ? undefined : type !== 'project',
    packageManager: 'composer',
    engines: php ? { php } : undefined,
  };
}

/** `php`, `ext-json` and `lib-curl` are of the machine: only packages have a `/`. */
function packages(table: unknown, scope: DependencyScope): Dependency[] {
  if (!isTable(table)) return [];
  return Object.entries(table).flatMap(([name, range]) =>
    name.includes('/') ? dependency(name.toLowerCase(), asText(range) ?? '', scope) : [],
  );
}

export function readComposerLock(text: string): Draft {
  const lock = parseJson(text);
  const { locked, add } = collectLocked();
  for (const section of ['packages', 'packages-dev']) {
    const list = at(lock, section);
    for (const entry of Array.isArray(list) ? list : []) {
      add(textAt(entry, 'name') ?? '', textAt(entry, 'version') ?? '');
    }
  }
  return { locked, packageManager: 'composer' };
}
