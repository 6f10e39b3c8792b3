import { type Draft, dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { parseToml } from './parse-text.ts';
import { at, isTable, tableAt, textAt, textsOf } from './table.ts';

const SECTIONS: readonly [string, DependencyScope][] = [
  ['dependencies', 'runtime'],
  ['build-dependencies', 'development'],
  ['dev-dependencies', 'development'],
];

export function readCargoToml(text: string): Draft {
  const file = parseToml(text);
  const workspace = at(file, 'workspace');
  const binaries = at(file, 'bin');
  const commands = (Array.isArray(binaries) ? binaries : []).flatMap(
    (binary) => textAt(binary, 'name') ?? [],
  );
  const rust = textAt(file, 'package', 'rust-version');
  const targets = [file, ...Object.values(tableAt(file, 'target'))];
  return {
    name: textAt(file, 'package', 'name'),
    version: textAt(file, 'package', 'version'),
    direct: [
      ...targets.flatMap((target) =>
        SECTIONS.flatMap(([section, scope]) => crates(at(target, section), scope)),
      ),
      ...crates(at(workspace, 'dependencies'), 'runtime'),
    ],
    workspaces: textsOf(at(workspace, 'members')),
    commands,
    isLibrary: isLibrary(file, commands),
    packageManager: 'cargo',
    engines: rust ? { rust } : undefined,
  };
}

/** Cargo also sees by the files in src/ what a package is: then this does not tell. */
function isLibrary(file: unknown, commands: readonly string[]): boolean | undefined {
  if (!isTable(at(file, 'package'))) return undefined;
  if (commands.length > 0 || at(file, 'package', 'publish') === false) return false;
  return isTable(at(file, 'lib')) ? true : undefined;
}

function crates(table: unknown, scope: DependencyScope): Dependency[] {
  if (!isTable(table)) return [];
  return Object.entries(table).map(([key, value]) => {
    const name = textAt(value, 'package') ?? key;
    if (typeof value === 'string') return dependency(name, value, scope);
    const range = textAt(value, 'version') ?? textAt(value, 'git') ?? textAt(value, 'path') ?? '';
    const actual = at(value, 'optional') === true && scope === 'runtime' ? 'optional' : scope;
    // Its version stands in the workspace.
    return at(value, 'workspace') === true
      ? dependency(name, range, actual, false)
      : dependency(name, range, actual);
  });
}
