import { type Draft, dependency } from './draft.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { parseToml } from './parse-text.ts';
import { isDevelopmentGroup, pythonName, pythonRequirement } from './python-requirement.ts';
import { asList, at, isTable, tableAt, textAt, textsOf } from './table.ts';

/** pyproject.toml: PEP 621 and 735, poetry, PDM, uv, hatch. */
export function readPyproject(text: string): Draft {
  const file = parseToml(text);
  const project = tableAt(file, 'project');
  const poetry = tableAt(file, 'tool', 'poetry');
  const commands = [project, poetry].flatMap((table) => [
    ...Object.keys(tableAt(table, 'scripts')),
    ...Object.keys(tableAt(table, 'gui-scripts')),
  ]);
  const python = textAt(project, 'requires-python') ?? textAt(at(poetry, 'dependencies'), 'python');
  return {
    name: textAt(project, 'name') ?? textAt(poetry, 'name'),
    version: textAt(project, 'version') ?? textAt(poetry, 'version'),
    direct: [...standardDependencies(file), ...toolDependencies(file)],
    scripts: [
      ...Object.keys(tableAt(file, 'tool', 'pdm', 'scripts')),
      ...Object.keys(tableAt(file, 'tool', 'poe', 'tasks')),
      ...Object.keys(tableAt(file, 'tool', 'taskipy', 'tasks')),
    ],
    workspaces: textsOf(at(file, 'tool', 'uv', 'workspace', 'members')),
    commands,
    isLibrary: isLibrary(file),
    packageManager: packageManagerOf(file),
    engines: python === undefined ? undefined : { python },
  };
}

function standardDependencies(file: unknown): Dependency[] {
  const extras = Object.entries(tableAt(file, 'project', 'optional-dependencies'));
  const groups = Object.entries(tableAt(file, 'dependency-groups'));
  return [
    ...requirements(at(file, 'project', 'dependencies'), 'runtime'),
    ...extras.flatMap(([name, list]) =>
      requirements(list, isDevelopmentGroup(name) ? 'development' : 'optional'),
    ),
    ...groups.flatMap(([, list]) => requirements(list, 'development')),
  ];
}

function toolDependencies(file: unknown): Dependency[] {
  const poetry = tableAt(file, 'tool', 'poetry');
  const groups = Object.entries(tableAt(poetry, 'group'));
  const pdm = Object.values(tableAt(file, 'tool', 'pdm', 'dev-dependencies'));
  return [
    ...poetryDependencies(at(poetry, 'dependencies'), 'runtime'),
    ...poetryDependencies(at(poetry, 'dev-dependencies'), 'development'),
    ...groups.flatMap(([name, group]) =>
      poetryDependencies(
        at(group, 'dependencies'),
        name === 'main' ? 'runtime' : at(group, 'optional') === true ? 'optional' : 'development',
      ),
    ),
    ...pdm.flatMap((list) => requirements(list, 'development')),
    ...requirements(at(file, 'tool', 'uv', 'dev-dependencies'), 'development'),
    ...Object.values(tableAt(file, 'tool', 'hatch', 'envs')).flatMap((environment) =>
      requirements(at(environment, 'dependencies'), 'development'),
    ),
  ];
}

function requirements(list: unknown, scope: DependencyScope): Dependency[] {
  return textsOf(list).flatMap((text) => pythonRequirement(text, scope) ?? []);
}

/** Tables of name and version, of poetry and of a Pipfile. */
export function poetryDependencies(table: unknown, scope: DependencyScope): Dependency[] {
  if (!isTable(table)) return [];
  return Object.entries(table).flatMap(([key, value]) => {
    const name = pythonName(key);
    if (name === 'python') return [];
    // One that differs by platform is a list.
    const first = asList(value)[0];
    if (typeof first === 'string') return dependency(name, first, scope);
    const isOptional = at(first, 'optional') === true && scope === 'runtime';
    const source = ['git', 'url', 'path', 'file'].map((kind) => textAt(first, kind)).find(Boolean);
    const range = textAt(first, 'version') ?? source ?? '';
    return source
      ? dependency(name, range, isOptional ? 'optional' : scope, false)
      : dependency(name, range, isOptional ? 'optional' : scope);
  });
}

/** Poetry gives every app a build system: only what is described for an index is for others. */
function isLibrary(file: unknown): boolean | undefined {
  const project = tableAt(file, 'project');
  const poetry = tableAt(file, 'tool', 'poetry');
  if (Object.keys(project).length === 0 && Object.keys(poetry).length === 0) return undefined;
  if (at(poetry, 'package-mode') === false || at(file, 'tool', 'uv', 'package') === false) {
    return false;
  }
  const classifiers = [...textsOf(project.classifiers), ...textsOf(poetry.classifiers)];
  if (classifiers.some((line) => /^private ::/i.test(line))) return false;
  const isDescribed =
    classifiers.length > 0 ||
    ['urls', 'keywords'].some((key) => Object.hasOwn(project, key)) ||
    ['homepage', 'repository', 'keywords', 'urls'].some((key) => Object.hasOwn(poetry, key));
  return at(file, 'build-system') !== undefined && isDescribed;
}

function packageManagerOf(file: unknown): string | undefined {
  return ['poetry', 'pdm', 'uv', 'hatch'].find((tool) => isTable(at(file, 'tool', tool)));
}
