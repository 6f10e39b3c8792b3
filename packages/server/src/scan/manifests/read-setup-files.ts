import type { Draft } from './draft.ts';
import { linesOf } from './lines-of.ts';
import type { Dependency, DependencyScope } from './manifest.ts';
import { argumentAt, literalList, literalLists, literalString } from './python-literals.ts';
import { isDevelopmentGroup, pythonRequirement } from './python-requirement.ts';

/** setup.py: what is written there literally. Nothing of it is executed. */
export function readSetupPy(source: string): Draft {
  const call = /\bsetup\s*\(/.exec(source);
  const text = call ? source.slice(call.index) : '';
  const list = (keyword: string) => {
    const offset = argumentAt(text, keyword);
    return offset === undefined ? [] : (literalList(text, offset)?.strings ?? []);
  };
  const lists = (keyword: string) => {
    const offset = argumentAt(text, keyword);
    return offset === undefined ? new Map<string, string[]>() : literalLists(text, offset);
  };
  const string = (keyword: string) => {
    const offset = argumentAt(text, keyword);
    return offset === undefined ? undefined : literalString(text, offset);
  };
  const python = string('python_requires');
  return {
    name: string('name'),
    version: string('version'),
    direct: [
      ...requirements(list('install_requires'), 'runtime'),
      ...requirements(list('tests_require'), 'development'),
      ...extras(lists('extras_require')),
    ],
    commands: commandNames(lists('entry_points').get('console_scripts') ?? []),
    isLibrary: call ? true : undefined,
    packageManager: 'pip',
    engines: python === undefined ? undefined : { python },
  };
}

/** setup.cfg, which often only configures a linter. */
export function readSetupCfg(text: string): Draft {
  const sections = parseIni(text);
  const options = sections.get('options');
  const metadata = sections.get('metadata');
  const python = options?.get('python_requires')?.[0];
  const required = sections.get('options.extras_require');
  return {
    name: metadata?.get('name')?.[0],
    version: metadata?.get('version')?.[0],
    direct: [
      ...requirements(options?.get('install_requires') ?? [], 'runtime'),
      ...requirements(options?.get('tests_require') ?? [], 'development'),
      ...extras(required ?? new Map()),
    ],
    commands: commandNames(sections.get('options.entry_points')?.get('console_scripts') ?? []),
    isLibrary: options || metadata?.has('name') ? true : undefined,
    packageManager: 'pip',
    engines: python === undefined ? undefined : { python },
  };
}

function requirements(lines: readonly string[], scope: DependencyScope): Dependency[] {
  return lines.flatMap((line) => pythonRequirement(line, scope) ?? []);
}

function extras(lists: ReadonlyMap<string, string[]>): Dependency[] {
  return [...lists].flatMap(([name, lines]) =>
    requirements(lines, isDevelopmentGroup(name) ? 'development' : 'optional'),
  );
}

function commandNames(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^([\w.-]+)\s*=/.exec(line)?.[1] ?? []);
}

/** Values go on in the lines that are indented; each line of one is an item. */
function parseIni(text: string): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>();
  let section = new Map<string, string[]>();
  let value: string[] | undefined;
  for (const line of linesOf(text)) {
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? new Map();
      sections.set(header, section);
      value = undefined;
      continue;
    }
    if (/^\s/.test(line)) {
      value?.push(line.trim());
      continue;
    }
    const [, key, first] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    value = first?.trim() ? [first.trim()] : [];
    section.set(key.trim(), value);
  }
  return sections;
}
