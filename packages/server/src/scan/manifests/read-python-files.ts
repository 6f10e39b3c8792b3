import { collectLocked, type Draft } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency } from './manifest.ts';
import { parseJson, parseToml, parseYaml } from './parse-text.ts';
import { pythonName, pythonRequirement } from './python-requirement.ts';
import { poetryDependencies } from './read-pyproject.ts';
import { asText, at, isTable, tableAt, textAt } from './table.ts';

export function readPipfile(text: string): Draft {
  const file = parseToml(text);
  const python = textAt(file, 'requires', 'python_version');
  return {
    direct: [
      ...poetryDependencies(at(file, 'packages'), 'runtime'),
      ...poetryDependencies(at(file, 'dev-packages'), 'development'),
    ],
    scripts: Object.keys(tableAt(file, 'scripts')),
    isLibrary: false,
    packageManager: 'pipenv',
    engines: python === undefined ? undefined : { python },
  };
}

export function readPipfileLock(text: string): Draft {
  const lock = parseJson(text);
  const { locked, add } = collectLocked();
  for (const section of ['default', 'develop']) {
    for (const [name, entry] of Object.entries(tableAt(lock, section))) {
      const version = textAt(entry, 'version')?.replace(/^==/, '');
      if (version) add(pythonName(name), version);
    }
  }
  return { locked, packageManager: 'pipenv' };
}

/** environment.yml of conda; what pip installs in it counts too. */
export function readCondaEnvironment(text: string): Draft {
  const file = parseYaml(text);
  const list = at(file, 'dependencies');
  const entries: unknown[] = Array.isArray(list) ? list : [];
  const direct: Dependency[] = [];
  let python: string | undefined;
  for (const entry of entries) {
    const pip = isTable(entry) ? at(entry, 'pip') : undefined;
    for (const line of Array.isArray(pip) ? pip : []) {
      const found = pythonRequirement(asText(line) ?? '');
      if (found) direct.push(found);
    }
    const found = typeof entry === 'string' ? condaRequirement(entry) : undefined;
    if (found?.name === 'python') python = found.range;
    else if (found && found.name !== 'pip') direct.push(found);
  }
  return {
    name: textAt(file, 'name'),
    direct,
    isLibrary: false,
    packageManager: 'conda',
    engines: python ? { python } : undefined,
  };
}

/** `conda-forge::numpy=1.26.*=py311` */
function condaRequirement(text: string): Dependency | undefined {
  const found = /^(?:[\w./-]+::)?([\w.-]+)\s*([=<>!~ ][^;#]*)?/.exec(text.trim());
  const range = (found?.[2] ?? '').replace(/\s+/g, '');
  const name = pythonName(found?.[1] ?? '');
  return name ? { name, range, scope: 'runtime', unpinned: range === '' } : undefined;
}

/** `[[package]]` with name and version: poetry.lock, uv.lock, pdm.lock, pylock.toml, Cargo.lock. */
export function readPackageTables(
  text: string,
  tableName: string,
  nameOf: (name: string) => string,
): Draft {
  const { locked, add } = collectLocked();
  let name: string | undefined;
  let inside = false;
  for (const line of linesOf(text)) {
    if (line.startsWith('[')) {
      inside = line.trimEnd() === `[[${tableName}]]`;
      name = undefined;
    }
    if (!inside) continue;
    const pair = /^(name|version) = "([^"]{1,300})"/.exec(line);
    if (pair?.[1] === 'name') name = nameOf(pair[2] ?? '');
    if (pair?.[1] !== 'version' || name === undefined) continue;
    add(name, pair[2] ?? '');
    name = undefined;
  }
  return { locked };
}
