import { collectLocked, type Draft } from './draft.ts';
import { linesOf } from './lines-of.ts';
import { parseJson } from './parse-text.ts';
import { asTable, at, type Table, tableAt, textAt } from './table.ts';

/** package-lock.json and npm-shrinkwrap.json, of every version. */
export function readPackageLock(text: string): Draft {
  const lock = parseJson(text);
  const { locked, add } = collectLocked();
  const packages = Object.entries(tableAt(lock, 'packages'));
  for (const [path, value] of packages) {
    const entry = asTable(value);
    const version = textAt(entry, 'version');
    const marker = path.lastIndexOf('node_modules/');
    if (marker < 0 || version === undefined || entry.link === true) continue;
    add(textAt(entry, 'name') ?? path.slice(marker + 'node_modules/'.length), version);
  }
  if (packages.length === 0) addNested(tableAt(lock, 'dependencies'), add);
  return {
    name: textAt(lock, 'name'),
    version: textAt(lock, 'version'),
    locked,
    packageManager: 'npm',
  };
}

/** Version 1 nests; a list instead of a recursion, because a file may nest without end. */
function addNested(dependencies: Table, add: (name: string, version: string) => void): void {
  const open = [dependencies];
  for (let table = open.pop(); table; table = open.pop()) {
    for (const [name, value] of Object.entries(table)) {
      const version = textAt(value, 'version');
      if (version !== undefined) add(name, version);
      const nested = at(value, 'dependencies');
      if (nested !== undefined) open.push(asTable(nested));
    }
  }
}

/** yarn.lock of yarn 1, and of the later ones, which are YAML. */
export function readYarnLock(text: string): Draft {
  const { locked, add } = collectLocked();
  let name = '';
  for (const line of linesOf(text)) {
    const header = /^"?((?:@[^/@\s"]+\/)?[^@\s",:]+)@([^\s,"]*)/.exec(line);
    if (header) {
      const alias = /^npm:((?:@[^/@]+\/)?[^@/]+)@/.exec(header[2] ?? '');
      const isOfTheProject = /^workspace:/.test(header[2] ?? '');
      name = isOfTheProject ? '' : (alias?.[1] ?? header[1] ?? '');
      continue;
    }
    const version = /^ {2}version:? "?([^\s"]+)"?$/.exec(line)?.[1];
    if (version === undefined || name === '') continue;
    add(name, version);
    name = '';
  }
  return { locked, packageManager: 'yarn' };
}

/** pnpm-lock.yaml: the keys of `packages`, without parsing the megabytes around them. */
export function readPnpmLock(text: string): Draft {
  const { locked, add } = collectLocked();
  let inside = false;
  for (const line of linesOf(text)) {
    if (/^\S/.test(line)) inside = line.startsWith('packages:');
    if (!inside) continue;
    const key = /^ {2}(?:'([^']+)'|([^\s'][^\s]*)):(?: \{.*)?$/.exec(line);
    const [name, version] = pnpmKey(key?.[1] ?? key?.[2] ?? '');
    if (name) add(name, version);
  }
  return { locked, packageManager: 'pnpm' };
}

/** `/@scope/name/1.0.0_peer` of version 5, `/name@1.0.0(peer)` of 6, `name@1.0.0` of 9. */
function pnpmKey(key: string): [string, string] {
  const plain = key.replace(/^\//, '').split('(', 1)[0] ?? '';
  const found =
    /^((?:@[^/@]+\/)?[^/@]+)@([^/@]+)$/.exec(plain) ??
    /^((?:@[^/@]+\/)?[^/@]+)\/([^/_@]+)(?:_.*)?$/.exec(plain);
  return [found?.[1] ?? '', found?.[2] ?? ''];
}

/** bun.lock: one line a package, `"name": ["name@1.0.0", …]`. */
export function readBunLock(text: string): Draft {
  const { locked, add } = collectLocked();
  for (const line of linesOf(text)) {
    const found = /^\s+"[^"]+": \["((?:@[^/@"]+\/)?[^@"]+)@([^"]+)"/.exec(line);
    if (found && !found[2]?.startsWith('workspace:')) add(found[1] ?? '', found[2] ?? '');
  }
  return { locked, packageManager: 'bun' };
}

export function readDenoLock(text: string): Draft {
  const lock = parseJson(text);
  const { locked, add } = collectLocked();
  for (const source of [lock, at(lock, 'packages')]) {
    for (const registry of ['npm', 'jsr']) {
      for (const key of Object.keys(tableAt(source, registry))) {
        const found = /^((?:@[^/@]+\/)?[^@]+)@([^_]+)/.exec(key);
        if (found) add(found[1] ?? '', found[2] ?? '');
      }
    }
  }
  return { locked, packageManager: 'deno' };
}
