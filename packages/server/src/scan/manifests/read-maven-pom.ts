import { type Draft, dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { parseXml } from './parse-xml.ts';
import { asList, at, isTable, tableAt, textAt } from './table.ts';

const SCOPES: Readonly<Record<string, DependencyScope>> = {
  test: 'development',
  provided: 'development',
};

/** pom.xml. What dependencyManagement names is not asked for by that. */
export function readMavenPom(text: string): Draft {
  const project = at(parseXml(text), 'project');
  if (!isTable(project)) throw new ManifestFault('has no <project>', 1);
  const resolve = propertiesOf(project);
  const parent = tableAt(project, 'parent');
  const plugins = asList(at(project, 'build', 'plugins', 'plugin')).map((plugin) =>
    coordinates(plugin, resolve),
  );
  const java = ['java.version', 'maven.compiler.release', 'maven.compiler.source']
    .map((name) => textAt(project, 'properties', name))
    .find(Boolean);
  return {
    name: textAt(project, 'artifactId'),
    version: resolve(textAt(project, 'version') ?? textAt(parent, 'version') ?? '') || undefined,
    direct: dependenciesOf(project, resolve),
    workspaces: asList(at(project, 'modules', 'module')).filter((name) => typeof name === 'string'),
    plugins: [...(parent.artifactId ? [coordinates(parent, resolve)] : []), ...plugins].filter(
      Boolean,
    ),
    isLibrary: at(project, 'distributionManagement') === undefined ? undefined : true,
    packageManager: 'maven',
    engines: java ? { java } : undefined,
  };
}

function dependenciesOf(project: unknown, resolve: (text: string) => string): Dependency[] {
  const profiles = asList(at(project, 'profiles', 'profile'));
  return [project, ...profiles].flatMap((part) =>
    asList(at(part, 'dependencies', 'dependency')).flatMap((entry) => {
      const name = coordinates(entry, resolve);
      if (!name) return [];
      const range = resolve(textAt(entry, 'version') ?? '');
      const scope = SCOPES[textAt(entry, 'scope') ?? ''] ?? 'runtime';
      const isOptional = textAt(entry, 'optional') === 'true';
      // Without a version of its own it has that of the parent or of a bill of materials.
      const unpinned = /^(?:LATEST|RELEASE)$/.test(range);
      return dependency(name, range, isOptional ? 'optional' : scope, unpinned);
    }),
  );
}

function coordinates(entry: unknown, resolve: (text: string) => string): string {
  const artifact = textAt(entry, 'artifactId');
  if (!artifact) return '';
  return `${resolve(textAt(entry, 'groupId') ?? 'org.apache.maven.plugins')}:${resolve(artifact)}`;
}

/** `${spring.version}`: one level is enough for what is read here. */
function propertiesOf(project: unknown): (text: string) => string {
  const own: Record<string, string | undefined> = {
    'project.version': textAt(project, 'version') ?? textAt(project, 'parent', 'version'),
    'project.groupId': textAt(project, 'groupId') ?? textAt(project, 'parent', 'groupId'),
  };
  const properties = tableAt(project, 'properties');
  return (text) =>
    text.replace(/\$\{([\w.-]{1,100})\}/g, (whole, name: string) =>
      (
        textAt(properties, name) ??
        (Object.hasOwn(own, name) ? own[name] : undefined) ??
        whole
      ).slice(0, 200),
    );
}
