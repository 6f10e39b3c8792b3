import { describe, expect, it } from 'vitest';
import { isBroken, type Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';

function read(path: string, content: string | object): Manifest {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const manifest = readManifest(path, Buffer.from(text));
  if (!manifest || isBroken(manifest)) throw new Error(`${path}: ${JSON.stringify(manifest)}`);
  return manifest;
}

const pairs = ({ locked }: Manifest) => locked.map(({ name, version }) => `${name}@${version}`);

describe('package.json', () => {
  it('gives its dependencies by scope, and tells which let any version in', () => {
    const manifest = read('web/package.json', {
      name: '@acme/shop',
      version: '1.2.0',
      private: true,
      packageManager: 'pnpm@9.1.0+sha512.aa',
      engines: { node: '>=20' },
      scripts: { build: 'vite build', test: 'vitest' },
      workspaces: { packages: ['packages/*'] },
      dependencies: { react: '^18.2.0', lodash: '*', old: 'npm:@scope/real@^1' },
      devDependencies: { vitest: 'latest', react: '18', own: 'workspace:*' },
      optionalDependencies: { fsevents: '2' },
    });
    expect(manifest).toMatchObject({
      ecosystem: 'npm',
      file: 'web/package.json',
      kind: 'manifest',
      name: '@acme/shop',
      version: '1.2.0',
      scripts: ['build', 'test'],
      workspaces: ['packages/*'],
      packageManager: 'pnpm',
      engines: { node: '>=20' },
      isLibrary: false,
    });
    expect(manifest.direct).toEqual([
      { name: 'react', range: '^18.2.0', scope: 'runtime', unpinned: false },
      { name: 'lodash', range: '*', scope: 'runtime', unpinned: true },
      { name: '@scope/real', range: '^1', scope: 'runtime', unpinned: false },
      { name: 'fsevents', range: '2', scope: 'optional', unpinned: false },
      { name: 'vitest', range: 'latest', scope: 'development', unpinned: true },
      { name: 'own', range: 'workspace:*', scope: 'development', unpinned: false },
    ]);
  });

  it('shows no token that an address holds', () => {
    const { direct } = read('package.json', {
      dependencies: {
        a: 'git+https://me:t0ken@git.example/a.git#v1',
        b: 'https://files.example/b.tgz?key=t0ken',
      },
    });
    expect(direct.map(({ range }) => range)).toEqual([
      'git+https://git.example/a.git#v1',
      'https://files.example/b.tgz',
    ]);
  });

  it.each([
    [{ name: 'a', exports: './a.js' }, true],
    [{ name: 'a', main: 'index.js' }, true],
    [{ name: 'a', main: 'index.js', scripts: { start: 'node .' } }, false],
    [{ name: 'a', exports: './a.js', private: true }, false],
    [{ exports: './a.js' }, false],
  ])('takes %j for a library: %s', (content, isLibrary) => {
    expect(read('package.json', content).isLibrary).toBe(isLibrary);
  });

  it('names the commands that it installs', () => {
    expect(read('package.json', { name: '@a/tool', bin: './x.js' }).commands).toEqual(['tool']);
    expect(read('package.json', { name: 'x', bin: { y: 'a', z: 'b' } }).commands).toEqual([
      'y',
      'z',
    ]);
  });

  it('is read with parts of the wrong kind left out', () => {
    const manifest = read('package.json', {
      name: 7,
      scripts: [],
      dependencies: ['react'],
      devDependencies: { a: null, b: { c: 1 } },
      workspaces: 'packages/*',
      bin: 3,
    });
    expect(manifest.direct.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(manifest.workspaces).toEqual([]);
  });

  it('tells the line of a fault instead of failing', () => {
    const content = Buffer.from('{\n  "name": "a",\n  "dependencies": {,}\n}');
    expect(readManifest('package.json', content)).toEqual({
      ecosystem: 'npm',
      file: 'package.json',
      error: 'is not valid JSON',
      line: 3,
    });
    expect(readManifest('package.json', Buffer.from('{\n\n'))).toMatchObject({ line: 1 });
    expect(readManifest('package.json', Buffer.from('[]'))).toMatchObject({ line: 1 });
  });
});

describe('the locks of npm, yarn, pnpm and bun', () => {
  it('give the packages of every version of package-lock.json', () => {
    const flat = {
      name: 'shop',
      lockfileVersion: 3,
      packages: {
        '': { name: 'shop' },
        'packages/own': { version: '1.0.0' },
        'node_modules/own': { resolved: 'packages/own', link: true },
        'node_modules/ms': { version: '2.1.3' },
        'node_modules/debug/node_modules/ms': { version: '2.0.0' },
        'node_modules/@types/node': { version: '20.1.0' },
        'node_modules/alias': { name: 'real', version: '1.0.0' },
      },
    };
    expect(pairs(read('package-lock.json', flat))).toEqual([
      'ms@2.1.3',
      'ms@2.0.0',
      '@types/node@20.1.0',
      'real@1.0.0',
    ]);
    const nested = {
      lockfileVersion: 1,
      dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } } },
    };
    expect(pairs(read('package-lock.json', nested))).toEqual(['a@1.0.0', 'b@2.0.0']);
  });

  it('give those of yarn 1 and of yarn 4', () => {
    const first = `# yarn lockfile v1


"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.24.0"
  resolved "https://registry.example/core.tgz"
  dependencies:
    semver "^6.3.1"

semver@^6.3.1:
  version "6.3.1"
`;
    expect(pairs(read('yarn.lock', first))).toEqual(['@babel/core@7.24.0', 'semver@6.3.1']);
    const fourth = `__metadata:
  version: 8

"shop@workspace:.":
  version: 0.0.0-use.local

"semver@npm:^6.3.1, semver@npm:^6.3.0":
  version: 6.3.1
  resolution: "semver@npm:6.3.1"

"old@npm:@scope/real@^1.0.0":
  version: 1.4.0
`;
    expect(pairs(read('yarn.lock', fourth))).toEqual(['semver@6.3.1', '@scope/real@1.4.0']);
  });

  it('give those of pnpm 5, 6 and 9, and only what is below "packages"', () => {
    const lock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      nope@1.0.0:
        specifier: ^1
packages:

  '@babel/core@7.24.0':
    resolution: {integrity: sha512-x}

  semver@6.3.1:
    resolution: {integrity: sha512-y}

  /react-dom@18.2.0(react@18.2.0):
    resolution: {integrity: sha512-z}

  /@old/style/1.0.0_react@17.0.2:
    resolution: {integrity: sha512-z}

snapshots:

  semver@9.9.9: {}
`;
    expect(pairs(read('pnpm-lock.yaml', lock))).toEqual([
      '@babel/core@7.24.0',
      'semver@6.3.1',
      'react-dom@18.2.0',
      '@old/style@1.0.0',
    ]);
  });

  it('give those of bun and deno', () => {
    const bun = `{
  "lockfileVersion": 1,
  "packages": {
    "ms": ["ms@2.1.3", "", {}, "sha512-x"],
    "@a/own": ["@a/own@workspace:packages/own"],
    "debug/ms": ["ms@2.0.0", "", {}, "sha512-x"],
  }
}`;
    expect(pairs(read('bun.lock', bun))).toEqual(['ms@2.1.3', 'ms@2.0.0']);
    const deno = { version: '4', jsr: { '@std/path@1.0.0': {} }, npm: { 'react@18.2.0': {} } };
    expect(pairs(read('deno.lock', deno))).toEqual(['react@18.2.0', '@std/path@1.0.0']);
  });
});

describe('deno.json', () => {
  it('gives its imports, with comments and commas at the end', () => {
    const manifest = read(
      'deno.jsonc',
      `{
  // the server
  "tasks": { "start": "deno run main.ts" },
  "imports": {
    "@oak/oak": "jsr:@oak/oak@^17.0.0",
    "react": "npm:react@18",
    "std/": "https://deno.land/std@0.220.0/",
    "x": "https://deno.land/x/cliffy/mod.ts",
    "@/": "./src/",
  },
}`,
    );
    expect(manifest.direct.map(({ name, range, unpinned }) => [name, range, unpinned])).toEqual([
      ['@oak/oak', '^17.0.0', false],
      ['react', '18', false],
      ['std', '0.220.0', false],
      ['cliffy', '', true],
    ]);
    expect(manifest.scripts).toEqual(['start']);
  });
});
