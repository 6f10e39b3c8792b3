import { type Draft, dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { parseJson, parseJsonWithComments, parseYaml } from './parse-text.ts';
import { asTable, asText, at, isTable, type Table, textAt, textsOf, textTable } from './table.ts';

const SECTIONS: readonly [string, DependencyScope][] = [
  ['dependencies', 'runtime'],
  ['optionalDependencies', 'optional'],
  ['peerDependencies', 'optional'],
  ['devDependencies', 'development'],
];
/** What a package has that others import, and an app has no use for. */
const LIBRARY_KEYS = ['exports', 'module', 'types', 'typings', 'publishConfig', 'peerDependencies'];

export function readPackageJson(text: string): Draft {
  const manifest = parseJson(text);
  if (!isTable(manifest)) throw new ManifestFault('must be an object, such as {"name": "app"}', 1);
  const name = textAt(manifest, 'name');
  const scripts = Object.keys(asTable(at(manifest, 'scripts')));
  return {
    name,
    version: textAt(manifest, 'version'),
    direct: dependenciesOf(manifest),
    scripts,
    workspaces: workspacesOf(at(manifest, 'workspaces')),
    commands: commandsOf(at(manifest, 'bin'), name),
    isLibrary: isLibrary(manifest, scripts),
    packageManager: textAt(manifest, 'packageManager')?.split('@', 1)[0],
    engines: textTable(at(manifest, 'engines')),
  };
}

export function readPnpmWorkspace(text: string): Draft {
  return { workspaces: textsOf(at(parseYaml(text), 'packages')), packageManager: 'pnpm' };
}

/** Packages that it asks others to bring, and tests with itself, count once. */
function dependenciesOf(manifest: Table): Dependency[] {
  const found = new Map<string, Dependency>();
  for (const [section, scope] of SECTIONS) {
    for (const [key, value] of Object.entries(asTable(at(manifest, section)))) {
      const written = asText(value) ?? '';
      const [name, range] = withoutAlias(key, written);
      if (!found.has(name)) found.set(name, dependency(name, range, scope));
    }
  }
  return [...found.values()];
}

/** `"old": "npm:name@^1"` is about `name`. */
function withoutAlias(key: string, written: string): [string, string] {
  if (!written.startsWith('npm:')) return [key, written];
  const target = written.slice('npm:'.length);
  const split = target.indexOf('@', 1);
  return split < 0 ? [target, ''] : [target.slice(0, split), target.slice(split + 1)];
}

function workspacesOf(value: unknown): string[] {
  return textsOf(isTable(value) ? at(value, 'packages') : value);
}

function commandsOf(bin: unknown, name: string | undefined): string[] {
  if (typeof bin === 'string') return name ? [name.replace(/^@[^/]*\//, '')] : [];
  return Object.keys(asTable(bin));
}

function isLibrary(manifest: Table, scripts: readonly string[]): boolean {
  if (at(manifest, 'private') === true || textAt(manifest, 'name') === undefined) return false;
  const isImported = LIBRARY_KEYS.some((key) => Object.hasOwn(manifest, key));
  if (isImported) return true;
  const isStarted = scripts.some((script) => ['start', 'dev', 'serve'].includes(script));
  // `npm init` writes a "main" into every app.
  return !isStarted && (Object.hasOwn(manifest, 'main') || Object.hasOwn(manifest, 'files'));
}

/** deno.json and jsr.json. */
export function readDenoJson(text: string): Draft {
  const manifest = parseJsonWithComments(text);
  const workspace = at(manifest, 'workspace');
  const direct = Object.entries(asTable(at(manifest, 'imports'))).flatMap(([key, value]) => {
    const found = typeof value === 'string' ? denoImport(key, value) : undefined;
    return found ? [found] : [];
  });
  return {
    name: textAt(manifest, 'name'),
    version: textAt(manifest, 'version'),
    direct,
    scripts: Object.keys(asTable(at(manifest, 'tasks'))),
    workspaces: textsOf(isTable(workspace) ? at(workspace, 'members') : workspace),
    isLibrary: at(manifest, 'exports') !== undefined && textAt(manifest, 'version') !== undefined,
    packageManager: 'deno',
  };
}

/** `jsr:@oak/oak@^17`, `npm:react@18/jsx-runtime`, `https://deno.land/x/oak@v12.0.0/mod.ts` */
function denoImport(key: string, target: string): Dependency | undefined {
  const address =
    /^(?:npm:|jsr:)\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]*))?/.exec(target) ??
    /^https:\/\/(?:deno\.land\/x|esm\.sh|jsr\.io)\/((?:@[^/@]+\/)?[^/@]+)(?:@([^/]*))?/.exec(
      target,
    );
  if (address) return dependency(address[1] ?? key, address[2] ?? '');
  const standard = /^https:\/\/deno\.land\/std(?:@([^/]*))?/.exec(target);
  return standard ? dependency('std', standard[1] ?? '') : undefined;
}
