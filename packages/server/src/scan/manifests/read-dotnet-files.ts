import { collectLocked, type Draft, dependency } from './draft.ts';
import type { Dependency } from './manifest.ts';
import { ManifestFault } from './manifest-fault.ts';
import { parseJson } from './parse-text.ts';
import { parseXml } from './parse-xml.ts';
import { asList, at, isTable, tableAt, textAt } from './table.ts';

/** *.csproj and its kin, Directory.Build.props, Directory.Packages.props. */
export function readDotnetProject(text: string): Draft {
  const project = at(parseXml(text), 'Project');
  if (!isTable(project)) throw new ManifestFault('has no <Project>', 1);
  const property = (name: string) =>
    asList(project.PropertyGroup)
      .map((group) => textAt(asList(at(group, name))[0], '#text') ?? textAt(group, name))
      .find((value) => value !== undefined);
  const sdks = [project, ...asList(project.Sdk)].flatMap(
    (part) => textAt(part, '@Sdk') ?? textAt(part, '@Name') ?? [],
  );
  const framework = property('TargetFramework') ?? property('TargetFrameworks');
  const plugins = [
    ...sdks,
    ...['UseWPF', 'UseWindowsForms', 'UseMaui'].filter((name) => isTrue(property(name))),
  ];
  return {
    name: property('PackageId') ?? property('AssemblyName'),
    version: property('Version') ?? property('VersionPrefix'),
    direct: packagesOf(project),
    plugins,
    commands: isTrue(property('PackAsTool')) ? [property('ToolCommandName') ?? ''] : [],
    isLibrary: isLibrary(property, sdks),
    packageManager: 'nuget',
    engines: framework ? { dotnet: framework } : undefined,
  };
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

function isLibrary(
  property: (name: string) => string | undefined,
  sdks: readonly string[],
): boolean | undefined {
  const output = property('OutputType')?.toLowerCase();
  if (output === 'exe' || output === 'winexe' || sdks.some((sdk) => /\.(?:Web|Worker)/.test(sdk))) {
    return false;
  }
  const isPacked = isTrue(property('IsPackable')) || isTrue(property('GeneratePackageOnBuild'));
  return property('PackageId') !== undefined || isPacked ? true : undefined;
}

function packagesOf(project: unknown): Dependency[] {
  const groups = asList(at(project, 'ItemGroup'));
  return groups.flatMap((group) =>
    ['PackageReference', 'PackageVersion', 'GlobalPackageReference'].flatMap((kind) =>
      asList(at(group, kind)).flatMap((entry) => {
        const name = textAt(entry, '@Include') ?? textAt(entry, '@Update');
        const range = textAt(entry, '@Version') ?? textAt(entry, 'Version') ?? '';
        const assets = textAt(entry, '@PrivateAssets') ?? textAt(entry, 'PrivateAssets');
        const scope = assets?.toLowerCase() === 'all' ? 'development' : 'runtime';
        // Without a version of its own it has the one in Directory.Packages.props.
        return name ? dependency(name, range, scope, range === '*') : [];
      }),
    ),
  );
}

export function readPackagesConfig(text: string): Draft {
  const direct = asList(at(parseXml(text), 'packages', 'package')).flatMap((entry) => {
    const name = textAt(entry, '@id');
    const scope = textAt(entry, '@developmentDependency') === 'true' ? 'development' : 'runtime';
    return name ? dependency(name, textAt(entry, '@version') ?? '', scope) : [];
  });
  return { direct, packageManager: 'nuget' };
}

/** packages.lock.json */
export function readNugetLock(text: string): Draft {
  const { locked, add } = collectLocked();
  for (const framework of Object.values(tableAt(parseJson(text), 'dependencies'))) {
    for (const [name, entry] of Object.entries(isTable(framework) ? framework : {})) {
      const version = textAt(entry, 'resolved');
      if (version) add(name, version);
    }
  }
  return { locked, packageManager: 'nuget' };
}
