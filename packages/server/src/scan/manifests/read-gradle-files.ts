import { collectLocked, type Draft, dependency } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { parseToml } from './parse-text.ts';
import { at, tableAt, textAt } from './table.ts';

const CONFIGURATION =
  /^\s*["'`]?((?:[a-z]\w*)?(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|[cC]lasspath|[kK]apt|[kK]sp|[aA]nnotationProcessor|[cC]ompile))["'`]?[\s(]/;
const COORDINATES = /["']([\w.-]+):([\w.-]+)(?::([^"':@]+))?[^"']*["']/;
const NAMED = /group\s*[:=]\s*["']([\w.-]+)["']\s*,\s*name\s*[:=]\s*["']([\w.-]+)["']/;

/** build.gradle and build.gradle.kts: the lines that say it plainly. A script is not run. */
export function readGradleBuild(text: string): Draft {
  const direct: Dependency[] = [];
  const plugins: string[] = [];
  for (const line of linesOf(text)) {
    if (/^\s*(?:\/\/|\*|\/\*)/.test(line)) continue;
    const found = dependencyOf(line);
    if (found) direct.push(found);
    const plugin = pluginOf(line);
    if (plugin) plugins.push(plugin);
  }
  return {
    version: /^\s*version\s*=?\s*["']([\w.-]+)["']\s*$/m.exec(text)?.[1],
    direct,
    plugins,
    isLibrary: isLibrary(plugins),
    packageManager: 'gradle',
  };
}

function dependencyOf(line: string): Dependency | undefined {
  const configuration = CONFIGURATION.exec(line)?.[1];
  if (configuration === undefined) return undefined;
  const scope: DependencyScope =
    /^(?:test|androidTest|debug|kapt|ksp|annotationProcessor|classpath)/.test(configuration) ||
    /CompileOnly$|^compileOnly$/.test(configuration)
      ? 'development'
      : 'runtime';
  const kotlin = /\bkotlin\(\s*["']([\w-]+)["']/.exec(line)?.[1];
  if (kotlin) return dependency(`org.jetbrains.kotlin:kotlin-${kotlin}`, '', scope, false);
  const named = NAMED.exec(line);
  if (named) {
    const version = /version\s*[:=]\s*["']([^"']+)["']/.exec(line)?.[1] ?? '';
    return dependency(`${named[1]}:${named[2]}`, version, scope, isAnyVersion(version));
  }
  const found = COORDINATES.exec(line);
  if (!found) return undefined;
  const version = found[3] ?? '';
  return dependency(`${found[1]}:${found[2]}`, version, scope, isAnyVersion(version));
}

/** None at all is the version of a platform. */
function isAnyVersion(version: string): boolean {
  return version === '+' || version.startsWith('latest.');
}

function pluginOf(line: string): string | undefined {
  const id = /^\s*id\s*\(?\s*["']([\w.-]+)["']/.exec(line)?.[1];
  const applied = /^\s*apply\s*\(?\s*plugin\s*[:=]\s*["']([\w.-]+)["']/.exec(line)?.[1];
  const kotlin = /^\s*kotlin\(\s*["']([\w.-]+)["']\s*\)/.exec(line)?.[1];
  const quoted = /^\s*`([\w.-]+)`\s*(?:version\b.*)?$/.exec(line)?.[1];
  const core = /^\s*(java|application|war|groovy|scala)\s*$/.exec(line)?.[1];
  return id ?? applied ?? (kotlin && `org.jetbrains.kotlin.${kotlin}`) ?? quoted ?? core;
}

function isLibrary(plugins: readonly string[]): boolean | undefined {
  const library = ['java-library', 'maven-publish', 'com.android.library', 'java-gradle-plugin'];
  const app = ['application', 'com.android.application', 'org.springframework.boot', 'war'];
  if (plugins.some((plugin) => app.includes(plugin))) return false;
  return plugins.some((plugin) => library.includes(plugin)) ? true : undefined;
}

export function readGradleSettings(text: string): Draft {
  const workspaces: string[] = [];
  for (const line of linesOf(text)) {
    if (!/^\s*include\b/.test(line)) continue;
    for (const [, name = ''] of line.matchAll(/["']:?([\w.:-]+)["']/g)) {
      workspaces.push(name.replaceAll(':', '/'));
    }
  }
  return {
    name: /^\s*rootProject\.name\s*=\s*["']([^"'\n]+)["']/m.exec(text)?.[1],
    workspaces,
    packageManager: 'gradle',
  };
}

/** libs.versions.toml: what the scripts may use by another name. */
export function readGradleCatalog(text: string): Draft {
  const file = parseToml(text);
  const versions = tableAt(file, 'versions');
  const versionOf = (entry: unknown): string => {
    const reference = textAt(entry, 'version', 'ref');
    const value = reference === undefined ? at(entry, 'version') : at(versions, reference);
    return typeof value === 'string'
      ? value
      : (textAt(value, 'strictly') ?? textAt(value, 'require') ?? textAt(value, 'prefer') ?? '');
  };
  const direct = Object.values(tableAt(file, 'libraries')).flatMap((entry) => {
    if (typeof entry === 'string') {
      const [group, artifact, version = ''] = entry.split(':');
      return artifact ? dependency(`${group}:${artifact}`, version, 'runtime', false) : [];
    }
    const group = textAt(entry, 'group');
    const name = textAt(entry, 'module') ?? (group && `${group}:${textAt(entry, 'name')}`);
    const version = versionOf(entry);
    return name ? dependency(name, version, 'runtime', isAnyVersion(version)) : [];
  });
  const plugins = Object.values(tableAt(file, 'plugins')).flatMap((entry) =>
    typeof entry === 'string' ? (entry.split(':', 1)[0] ?? []) : (textAt(entry, 'id') ?? []),
  );
  return { direct, plugins, packageManager: 'gradle' };
}

export function readGradleLock(text: string): Draft {
  const { locked, add } = collectLocked();
  for (const line of linesOf(text)) {
    const found = /^([\w.-]+:[\w.-]+):([^=\s]+)=/.exec(line);
    if (found) add(found[1] ?? '', found[2] ?? '');
  }
  return { locked, packageManager: 'gradle' };
}
