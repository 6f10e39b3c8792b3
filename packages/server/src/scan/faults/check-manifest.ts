import path from 'node:path';
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import { parse, type TomlTable } from 'smol-toml';
import type { FaultAt } from './fault.ts';

/**
 * What a manifest lacks that its own format requires; only what no tool that reads it would take.
 * Asked for one that is in order as JSON, TOML or XML.
 */
export function findManifestFaults(text: string, file: string): FaultAt[] {
  const name = path.posix.basename(file);
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  return check?.(text) ?? [];
}

const checks: Record<string, (text: string) => FaultAt[]> = {
  'package.json': (text) => checkJsonManifest(text, packageJson),
  'composer.json': (text) => checkJsonManifest(text, composerJson),
  'tsconfig.json': (text) => checkJsonManifest(text, tsconfig),
  'Cargo.toml': checkCargo,
  'pyproject.toml': checkPyproject,
  'go.mod': checkGoMod,
  'pom.xml': checkPom,
};

type Kind = 'string' | 'object' | 'array' | 'boolean';

const packageJson: Record<string, readonly Kind[]> = {
  name: ['string'],
  version: ['string'],
  description: ['string'],
  type: ['string'],
  main: ['string', 'boolean'],
  scripts: ['object'],
  dependencies: ['object'],
  devDependencies: ['object'],
  peerDependencies: ['object'],
  optionalDependencies: ['object'],
  engines: ['object', 'array', 'string'],
  files: ['array'],
  workspaces: ['array', 'object'],
};

const composerJson: Record<string, readonly Kind[]> = {
  name: ['string'],
  version: ['string'],
  require: ['object'],
  'require-dev': ['object'],
  autoload: ['object'],
};

const tsconfig: Record<string, readonly Kind[]> = {
  compilerOptions: ['object'],
  files: ['array'],
  include: ['array'],
  exclude: ['array'],
  references: ['array'],
  extends: ['string', 'array'],
};

const mapsOfStrings = [
  'scripts',
  'dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
  'require',
  'require-dev',
];

function checkJsonManifest(text: string, fields: Record<string, readonly Kind[]>): FaultAt[] {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (!root) return [];
  if (root.type !== 'object') {
    return [
      { offset: root.offset, message: `It must be an object, not ${withArticle(root.type)}` },
    ];
  }
  const faults: FaultAt[] = [];
  for (const [field, kinds] of Object.entries(fields)) {
    const node = findNodeAtLocation(root, [field]);
    if (!node) continue;
    if (!(kinds as readonly string[]).includes(node.type)) {
      const wanted = kinds.map(withArticle).join(' or ');
      faults.push({
        offset: node.offset,
        message: `\`${field}\` must be ${wanted}, not ${withArticle(node.type)}`,
      });
    } else if (node.type === 'object' && mapsOfStrings.includes(field)) {
      faults.push(...checkStrings(node, field));
    } else if (node.type === 'string' && field === 'name' && node.value === '') {
      faults.push({ offset: node.offset, message: '`name` must not be empty' });
    }
  }
  return faults;
}

function checkStrings(map: Node, field: string): FaultAt[] {
  return (map.children ?? []).flatMap(({ children: [key, value] = [] }) => {
    // A comment in a map of scripts is often written as a key `//` with anything in it.
    if (!key || !value || value.type === 'string' || String(key.value).startsWith('//')) return [];
    const message = `\`${key.value}\` in \`${field}\` must be a string, not ${withArticle(value.type)}`;
    return [{ offset: value.offset, message }];
  });
}

function withArticle(kind: string): string {
  if (kind === 'null') return 'null';
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function checkCargo(text: string): FaultAt[] {
  const manifest = parse(text, { integersAsBigInt: true });
  const package_ = manifest.package ?? manifest.project;
  if (package_ === undefined && manifest.workspace === undefined) {
    return [{ offset: 0, message: 'Cargo.toml needs a `[package]` or a `[workspace]`' }];
  }
  if (package_ === undefined) return [];
  if (!isTable(package_)) return [at(text, 'package', '`package` must be a table')];
  if (package_.name === undefined) return [at(text, '[package]', '`[package]` needs a `name`')];
  if (typeof package_.name !== 'string') return [at(text, 'name', '`name` must be a string')];
  return [];
}

function checkPyproject(text: string): FaultAt[] {
  const { project, 'build-system': build } = parse(text, { integersAsBigInt: true });
  const faults: FaultAt[] = [];
  if (project !== undefined && !isTable(project)) {
    faults.push(at(text, 'project', '`project` must be a table'));
  } else if (project !== undefined) {
    const dynamic = Array.isArray(project.dynamic) ? project.dynamic : [];
    if (typeof project.name !== 'string') {
      faults.push(at(text, '[project]', '`[project]` needs a `name`'));
    }
    if (project.version === undefined && !dynamic.includes('version')) {
      const message = '`[project]` needs a `version`, or `dynamic = ["version"]`';
      faults.push(at(text, '[project]', message));
    }
    if (project.dependencies !== undefined && !Array.isArray(project.dependencies)) {
      faults.push(at(text, 'dependencies', '`dependencies` must be a list of strings'));
    }
  }
  if (isTable(build) && !Array.isArray(build.requires)) {
    faults.push(at(text, '[build-system]', '`[build-system]` needs `requires`'));
  }
  return faults;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(text: string, place: string, message: string): FaultAt {
  return { offset: Math.max(0, text.indexOf(place)), message };
}

const goVerbs = new Set(
  'module go toolchain godebug require exclude replace retract tool ignore'.split(' '),
);

function checkGoMod(text: string): FaultAt[] {
  let isInBlock = false;
  let hasModule = false;
  let offset = 0;
  for (const full of text.split('\n')) {
    const line = full.replace(/\/\/.*/, '').trim();
    const verb = /^[^\s(]+/.exec(line)?.[0] ?? '';
    const start = offset + (full.length - full.trimStart().length);
    offset += full.length + 1;
    if (line === '') continue;
    if (isInBlock) {
      if (line === ')') isInBlock = false;
      continue;
    }
    if (!goVerbs.has(verb))
      return [{ offset: start, message: `go.mod has no \`${verb || line}\`` }];
    hasModule ||= verb === 'module';
    isInBlock = /\($/.test(line);
  }
  if (isInBlock) return [{ offset: text.trimEnd().length, message: 'Missing `)` at the end' }];
  return hasModule ? [] : [{ offset: 0, message: 'go.mod needs a line `module <path>`' }];
}

function checkPom(text: string): FaultAt[] {
  const root = /<(?![?!])([\w:.-]+)/.exec(
    text.replace(/<!--[\s\S]*?-->/g, (gone) => ' '.repeat(gone.length)),
  );
  if (!root || root[1]?.replace(/^.*:/, '') === 'project') return [];
  return [{ offset: root.index, message: `A pom.xml is a \`<project>\`, not a \`<${root[1]}>\`` }];
}
