import { basename } from 'node:path/posix';
import { collectLocked, type Draft, dependency } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { parseJson, parseYaml } from './parse-text.ts';
import { asText, at, isTable, tableAt, textAt, textsOf, textTable } from './table.ts';

/** Of one Package.swift. */
const MAX_PACKAGES = 1_000;

/** pubspec.yaml of Dart and Flutter. */
export function readPubspec(text: string): Draft {
  const file = parseYaml(text);
  if (!isTable(file)) throw new ManifestFault('must be a table, such as "name: app"', 1);
  return {
    name: textAt(file, 'name'),
    version: textAt(file, 'version'),
    direct: [
      ...packages(at(file, 'dependencies'), 'runtime'),
      ...packages(at(file, 'dev_dependencies'), 'development'),
    ],
    workspaces: textsOf(at(file, 'workspace')),
    commands: Object.keys(tableAt(file, 'executables')),
    isLibrary: textAt(file, 'publish_to') !== 'none' && at(file, 'version') !== undefined,
    packageManager: 'pub',
    engines: textTable(at(file, 'environment')),
  };
}

function packages(table: unknown, scope: DependencyScope): Dependency[] {
  if (!isTable(table)) return [];
  return Object.entries(table).map(([name, value]) => {
    if (!isTable(value)) return dependency(name, asText(value) ?? '', scope);
    const version = textAt(value, 'version');
    return version === undefined
      ? dependency(name, '', scope, false)
      : dependency(name, version, scope);
  });
}

/** pubspec.lock, which its tool always writes alike. */
export function readPubLock(text: string): Draft {
  const { locked, add } = collectLocked();
  let name = '';
  for (const line of linesOf(text)) {
    name = /^ {2}(\w+):\s*$/.exec(line)?.[1] ?? name;
    const version = /^ {4}version: "([^"]+)"/.exec(line)?.[1];
    if (version) add(name, version);
  }
  return { locked, packageManager: 'pub' };
}

/** Package.swift: the calls that say it plainly. */
export function readPackageSwift(source: string): Draft {
  const text = [...linesOf(source)].map((line) => line.replace(/(?:^|\s)\/\/.*$/, '')).join('\n');
  const direct: Dependency[] = [];
  for (const rest of text.split('.package(').slice(1, MAX_PACKAGES)) {
    const call = rest.slice(0, 1_000);
    const url = /\burl:\s*"([^"]+)"/.exec(call)?.[1];
    if (!url) continue;
    const range =
      /(?:from|exact|branch|revision):\s*"([^"]+)"|(?:exact|upToNextMajor|upToNextMinor)\(\s*(?:from:\s*)?"([^"]+)"|"([^"]+"\s*\.\.[.<]\s*"[^"]+)"/.exec(
        call.replace(url, ''),
      );
    const version = (range?.[1] ?? range?.[2] ?? range?.[3] ?? '').replaceAll('"', '');
    direct.push(dependency(basename(url).replace(/\.git$/, ''), version, 'runtime', false));
  }
  const isProgram = /\.executable(?:Target)?\(/.test(text);
  const command = /\.executable(?:Target)?\(\s*name:\s*"([^"]+)"/.exec(text)?.[1];
  return {
    name: /\bPackage\(\s*name:\s*"([^"]+)"/.exec(text)?.[1],
    direct,
    commands: command ? [command] : [],
    plugins: [...new Set(text.match(/\.(?:iOS|macOS|tvOS|watchOS|visionOS)(?=\()/g) ?? [])].map(
      (platform) => platform.slice(1).toLowerCase(),
    ),
    isLibrary: /\.library\(/.test(text) && !isProgram ? true : isProgram ? false : undefined,
    packageManager: 'swiftpm',
  };
}

/** Package.resolved, of every version. */
export function readSwiftLock(text: string): Draft {
  const lock = parseJson(text);
  const { locked, add } = collectLocked();
  const pins = at(lock, 'pins') ?? at(lock, 'object', 'pins');
  for (const pin of Array.isArray(pins) ? pins : []) {
    const name = textAt(pin, 'identity') ?? textAt(pin, 'package');
    add(name ?? '', textAt(pin, 'state', 'version') ?? textAt(pin, 'state', 'revision') ?? '');
  }
  return { locked, packageManager: 'swiftpm' };
}
