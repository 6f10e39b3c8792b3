import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findZenithProjects, type ZenithSearch } from './find-zenith-projects.ts';
import { makeZenithTree } from './testing/zenith-tree.ts';

type Tree = ReturnType<typeof makeZenithTree>;

function pathsOf(tree: Tree, { projects }: ZenithSearch): string[] {
  return projects.map((project) => path.relative(tree.root, project.path));
}

const app = (name: string) => JSON.stringify({ name });

describe('what counts as a project', () => {
  test('a folder with .git or any of the manifests, and no other folder', async () => {
    using tree = makeZenithTree({
      'node/package.json': app('node'),
      'python/requirements.txt': 'flask\n',
      'dotnet/Shop.csproj': '<Project/>',
      'solution/All.sln': '',
      'image/Dockerfile': 'FROM scratch\n',
      'compose/docker-compose.yml': 'services: {}\n',
      'c/CMakeLists.txt': 'project(c)\n',
      'make/Makefile': 'all:\n',
      'notes/readme.md': '# Notes\n',
      'package.json.d/readme.md': '',
    });
    tree.commit('repository');
    mkdirSync(tree.path('empty'));
    const search = await tree.find();
    expect(pathsOf(tree, search)).toEqual([
      'c',
      'compose',
      'dotnet',
      'image',
      'node',
      'python',
      'repository',
      'solution',
    ]);
    expect(search).toMatchObject({ truncated: null, unsearched: [], ignoredHints: [] });
  });

  test('the outermost one: what lies in it is a part of it, a repository in it is not', async () => {
    using tree = makeZenithTree({
      'clients/shop/package.json': app('shop'),
      'clients/shop/server/package.json': app('server'),
      'clients/shop/server/deep/requirements.txt': '',
    });
    tree.commit('clients/shop/plugins/pay');
    tree.write({ 'clients/shop/plugins/pay/ui/package.json': app('ui') });
    tree.commit('clients/shop/plugins/pay/more/inner');
    expect(pathsOf(tree, await tree.find())).toEqual([
      'clients/shop',
      'clients/shop/plugins/pay',
      'clients/shop/plugins/pay/more/inner',
    ]);
  });

  test('backend and frontend of the root in any case, under their own names', async () => {
    using tree = makeZenithTree({
      '.gitignore': 'frontend/\n',
      'backend/main.py': 'print(1)\n',
      'frontend/index.html': '<p>',
      'other/backend/main.py': '',
    });
    tree.write({ 'frontend/package.json': app('vite-project') });
    tree.commit('');
    const search = await tree.find();
    expect(search.projects.map(({ name }) => name)).toEqual([
      'Zenith Coder Backend',
      'Zenith Coder Frontend',
    ]);
    expect(pathsOf(tree, search)).toEqual(['backend', 'frontend']);
    // Nothing of the repository around it tells of what that ignores.
    expect(search.projects.map(({ fingerprint }) => fingerprint !== null)).toEqual([true, false]);
  });

  test('not what lies in hidden, dependency, build or ignored folders', async () => {
    using tree = makeZenithTree({
      '.hidden/package.json': app('x'),
      'node_modules/left-pad/package.json': app('x'),
      'venv/pyvenv.cfg': '',
      'venv/package.json': app('x'),
      'made/CACHEDIR.TAG': '',
      'made/package.json': app('x'),
      '.gitignore': '/old/*\n!/old/kept\n',
      'old/gone/package.json': app('x'),
      'old/kept/package.json': app('kept'),
      'build/package.json': app('the build tool'),
      'app/package.json': app('app'),
    });
    tree.commit('app/dist/copy');
    tree.commit('app/.cache/copy');
    expect(pathsOf(tree, await tree.find())).toEqual(['app', 'build', 'old/kept']);
  });

  test('another repository does not ignore what the one around it does', async () => {
    using tree = makeZenithTree({ 'outer/.gitignore': 'lib/\n' });
    tree.commit('outer');
    tree.commit('outer/plugin');
    tree.commit('outer/plugin/lib/inner');
    tree.commit('outer/lib/inner');
    expect(pathsOf(tree, await tree.find())).toEqual([
      'outer',
      'outer/plugin',
      'outer/plugin/lib/inner',
    ]);
  });

  test('what is tracked is not ignored', async () => {
    using tree = makeZenithTree({ '.gitignore': 'apps/\n', 'apps/one/package.json': app('one') });
    tree.git('', 'init', '--quiet');
    tree.git('', 'add', '--force', '.');
    tree.write({ 'apps/two/package.json': app('two') });
    expect(pathsOf(tree, await tree.find())).toEqual(['apps/one']);
  });
});

describe('a root', () => {
  test('that is a monorepo is the place to look in: its children are the projects', async () => {
    using tree = makeZenithTree({
      'package.json': JSON.stringify({ name: 'mono', workspaces: ['packages/*'] }),
      'packages/a/package.json': app('a'),
      'packages/b/package.json': app('b'),
      'dist/package.json': app('built'),
    });
    tree.commit('');
    const search = await tree.find();
    expect(pathsOf(tree, search)).toEqual(['packages/a', 'packages/b']);
    const fingerprints = search.projects.map(({ fingerprint }) => fingerprint);
    expect(new Set(fingerprints).size).toBe(2);
    expect(fingerprints).not.toContain(null);
  });

  test('with nothing below it is itself the project, if it is any', async () => {
    using tree = makeZenithTree({ 'package.json': app('lone'), 'a/b/c/d/e/f/g/x.js': '' });
    const search = await tree.find();
    expect(search).toMatchObject({ projects: [{ path: tree.root, name: 'lone' }] });
    expect(search.truncated).toBe(null);
    using empty = makeZenithTree({ 'readme.md': '' });
    expect((await empty.find()).projects).toEqual([]);
  });

  test('within a home that ignores everything is searched nevertheless', async () => {
    using tree = makeZenithTree({ '.gitignore': '*\n', 'code/shop/package.json': app('shop') });
    tree.git('', 'init', '--quiet');
    const shop = [{ name: 'shop', fingerprint: null }];
    expect((await findZenithProjects(tree.path('code'))).projects).toMatchObject(shop);
    tree.write({ 'code/notes.txt': '' });
    tree.git('', 'add', '--force', 'code/notes.txt');
    tree.git('', 'commit', '--quiet', '--message', 'Notes');
    expect((await findZenithProjects(tree.path('code'))).projects).toMatchObject(shop);
  });

  test('that is not there is not searched, and the others are', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('a') });
    const search = await findZenithProjects([tree.path('nowhere'), tree.root]);
    expect(search.projects).toMatchObject([{ name: 'a' }]);
    expect(search.unsearched).toEqual([tree.path('nowhere')]);
  });

  test('inside of another, or the same under another name, counts nothing twice', async () => {
    using tree = makeZenithTree({ 'x/a/package.json': app('a'), 'x/backend/go.mod': 'module b\n' });
    symlinkSync(tree.root, tree.path('../link'));
    const roots = [tree.root, tree.path('x'), tree.path('../link')];
    const search = await findZenithProjects(roots);
    expect(pathsOf(tree, search)).toEqual(['x/a', 'x/backend']);
    expect(search.projects.map(({ name }) => name)).toEqual(['a', 'b']);
    const other = await findZenithProjects(roots.toReversed().slice(1));
    expect(other.projects.map(({ name }) => name)).toEqual(['a', 'Zenith Coder Backend']);
  });
});

describe('links', () => {
  test('are not followed, whether in circles, out of the root or to another project', async () => {
    using tree = makeZenithTree({
      'app/package.json': app('app'),
      '../outside/package.json': app('outside'),
      'linked/real.json': '{}',
    });
    symlinkSync('..', tree.path('app/loop'));
    symlinkSync('.', tree.path('self'));
    symlinkSync(tree.root, tree.path('root'));
    symlinkSync(tree.path('../outside'), tree.path('outside'));
    symlinkSync(tree.path('app'), tree.path('frontend'));
    symlinkSync('real.json', tree.path('linked/package.json'));
    const search = await tree.find();
    expect(pathsOf(tree, search)).toEqual(['app']);
    expect(search.truncated).toBe(null);
  });
});

describe('the limits', () => {
  test('six folders deep a project is found, seven deep it is not, which is said', async () => {
    using tree = makeZenithTree({ '1/2/3/4/5/6/package.json': app('six') });
    expect(await tree.find()).toMatchObject({ projects: [{ name: 'six' }], truncated: null });
    tree.write({ 'a/2/3/4/5/6/7/package.json': app('seven') });
    const search = await tree.find();
    expect(search).toMatchObject({ projects: [{ name: 'six' }], truncated: 'depth' });
    // What was found once cannot lie that deep.
    expect(search.unsearched).toEqual([]);
  });

  test('sources in a project may be as deep as they like', async () => {
    using tree = makeZenithTree({
      'java/pom.xml': '<project/>',
      'java/src/main/java/com/example/shop/a/b/App.java': '',
    });
    expect((await tree.find()).truncated).toBe(null);
  });

  test('names are counted, projects near the root come first, and the root is not done', async () => {
    using tree = makeZenithTree({ 'z/package.json': app('z') });
    const many = Array.from({ length: 50 }, (_, number) => [`a/src/${number}.js`, ''] as const);
    tree.write({ 'a/package.json': app('a'), ...Object.fromEntries(many) });
    const search = await tree.find({ limits: { entries: 20 } });
    expect(pathsOf(tree, search)).toEqual(['a', 'z']);
    expect(search).toMatchObject({ truncated: 'entries', unsearched: [tree.root] });
    expect((await tree.find({ limits: { entries: 60 } })).truncated).toBe(null);
  });

  test('time runs out, and what was found until then is kept', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('A'), 'b/c/package.json': app('c') });
    let looks = 0;
    const search = await tree.find({
      limits: { timeMs: 1_000 },
      now: () => (looks++ < 3 ? 0 : 2e3),
    });
    expect(search).toMatchObject({ truncated: 'time', unsearched: [tree.root] });
    expect(pathsOf(tree, search)).toEqual(['a']);
  });

  // It takes a while to make and remove them.
  test('10,000 folders take a few seconds', { timeout: 120_000 }, async () => {
    using tree = makeZenithTree();
    for (let group = 0; group < 100; group++) {
      for (let number = 0; number < 99; number++) {
        mkdirSync(tree.path(`g${group}/p${number}`), { recursive: true });
      }
      tree.write({ [`g${group}/p7/package.json`]: app(`p${group}`) });
    }
    const start = process.cpuUsage();
    const search = await tree.find();
    const { user, system } = process.cpuUsage(start);
    expect(search.projects).toHaveLength(100);
    expect(search.truncated).toBe(null);
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  test('a signal ends it', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('a') });
    await expect(tree.find({ signal: { aborted: true } })).rejects.toThrow(/aborted/);
  });
});

describe('a folder that cannot be read', () => {
  test('is passed over, and said', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('a'), 'secret/b/package.json': app('b') });
    chmodSync(tree.path('..'), 0o755);
    chmodSync(tree.path('secret'), 0);
    // The superuser can read everything, so it must be somebody else for a moment.
    const user = process.geteuid?.();
    if (user === 0) process.seteuid?.(65_534);
    try {
      const search = await tree.find();
      expect(search.projects).toMatchObject([{ name: 'a' }]);
      expect(search.unsearched).toEqual([tree.path('secret')]);
    } finally {
      if (user === 0) process.seteuid?.(user);
      chmodSync(tree.path('secret'), 0o700);
    }
  });

  test('or that vanishes meanwhile, is no reason to fail', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('a'), 'b/c/package.json': app('c') });
    let looks = 0;
    const search = await tree.find({
      now: () => {
        looks += 1;
        if (looks === 3) renameSync(tree.path('b'), tree.path('../b'));
        return 0;
      },
    });
    expect(pathsOf(tree, search)).toEqual(['a']);
    expect(search).toMatchObject({ truncated: null, unsearched: [] });
  });
});

describe('workspaces', () => {
  test.each([
    ['package.json', JSON.stringify({ workspaces: ['./packages/*', '!packages/no'] })],
    [
      'package.json',
      JSON.stringify({
        workspaces: { packages: ['packages/{yes,also}'] },
      }),
    ],
    ['pnpm-workspace.yaml', 'packages:\n  - "packages/**"\n  - "!**/no"\n'],
    ['Cargo.toml', '[workspace]\nmembers = ["packages/yes", "packages/al*/"]\n'],
    ['go.work', 'go 1.24\nuse (\n  ./packages/yes\n  ./packages/also\n)\n'],
    ['lerna.json', JSON.stringify({ packages: ['packages/yes', 'packages/also', '../../*'] })],
  ])('that %s declares belong to the project', async (name, text) => {
    using tree = makeZenithTree({
      [`mono/${name}`]: text,
      'mono/packages/yes/package.json': app('yes'),
      'mono/packages/also/Cargo.toml': '[package]\nname = "also"\n',
      'mono/packages/no/package.json': app('no'),
      'mono/packages/nothing/readme.md': '',
    });
    const { projects } = await tree.find();
    expect(projects).toHaveLength(1);
    expect(projects[0]?.workspaces).toEqual(['packages/also', 'packages/yes']);
  });

  test('with a repository of their own are projects instead', async () => {
    using tree = makeZenithTree({
      'mono/package.json': JSON.stringify({ name: 'mono', workspaces: ['packages/*'] }),
      'mono/packages/a/package.json': app('a'),
      'mono/packages/b/package.json': app('b'),
    });
    tree.commit('mono/packages/b');
    expect((await tree.find()).projects).toMatchObject([
      { name: 'mono', workspaces: ['packages/a'] },
      { name: 'b', workspaces: [] },
    ]);
  });

  test('are none where a manifest is broken', async () => {
    using tree = makeZenithTree({ 'app/package.json': '{', 'app/b/package.json': app('b') });
    expect((await tree.find()).projects).toMatchObject([{ name: 'app', workspaces: [] }]);
  });
});

describe('names', () => {
  test('come from the first manifest that has one, else from the folder', async () => {
    using tree = makeZenithTree({
      'a/package.json': '{}',
      'a/pyproject.toml': '[project]\nname = "from-python"\n',
      'b/go.mod': 'module github.com/acme/shop/v2\n',
      'c/Dockerfile': 'FROM scratch\n',
      'd/package.json': app('@acme/web'),
      'e/package.json': app(' \u0000 '),
      'f/package.json': app('x'.repeat(150)),
    });
    const { projects } = await tree.find();
    expect(projects.map(({ name }) => name)).toEqual([
      'from-python',
      'shop',
      'c',
      '@acme/web',
      'e',
      'x'.repeat(100),
    ]);
  });

  test('are distinct, whatever their case', async () => {
    using tree = makeZenithTree({
      'site/package.json': app('site'),
      'a-copy/package.json': app('Site'),
      'one/api/package.json': app('api'),
      'two/api/package.json': app('api'),
    });
    const { projects } = await tree.find();
    expect(projects.map(({ name }) => name)).toEqual(['a-copy', 'api', 'site', 'api (two)']);
  });
});

describe('identity', () => {
  test('the id is made of the real path', async () => {
    using tree = makeZenithTree({ 'a/package.json': app('a') });
    const { projects } = await tree.find();
    const md5 = createHash('md5').update(tree.path('a')).digest('hex');
    expect(projects[0]?.zenith_id).toBe(md5.slice(0, 10));
  });

  test('the fingerprint stays when a folder is moved or commits are added, and clones share it', async () => {
    using tree = makeZenithTree();
    tree.commit('a', 'https://me:secret@Example.com/acme/a.git');
    const fingerprintOf = async (folder: string) =>
      (await tree.find()).projects.find((one) => one.path === tree.path(folder))?.fingerprint;
    const before = await fingerprintOf('a');
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    mkdirSync(tree.path('elsewhere'));
    renameSync(tree.path('a'), tree.path('elsewhere/b'));
    tree.write({ 'elsewhere/b/new.txt': 'new' });
    tree.git('elsewhere/b', 'add', '.');
    tree.git('elsewhere/b', 'commit', '--quiet', '--message', 'More');
    tree.git('elsewhere/b', 'remote', 'set-url', 'origin', 'git@example.com:acme/a');
    expect(await fingerprintOf('elsewhere/b')).toBe(before);
    cpSync(tree.path('elsewhere/b'), tree.path('copy'), { recursive: true });
    expect(await fingerprintOf('copy')).toBe(before);
    tree.git('copy', 'remote', 'set-url', 'origin', 'git@example.com:you/fork');
    expect(await fingerprintOf('copy')).not.toBe(before);
  });

  test('without a commit, without git, and in a shallow clone there is no fingerprint', async () => {
    using tree = makeZenithTree({ 'plain/package.json': app('plain') });
    tree.commit('../upstream');
    mkdirSync(tree.path('unborn'));
    tree.git('unborn', 'init', '--quiet');
    const upstream = `file://${tree.path('../upstream')}`;
    tree.git('../upstream', 'commit', '--quiet', '--allow-empty', '--message', 'Two');
    tree.git('', 'clone', '--quiet', '--depth=1', upstream, 'shallow');
    mkdirSync(tree.path('empty/.git'), { recursive: true });
    const { projects } = await tree.find();
    expect(projects.map(({ name, fingerprint }) => [name, fingerprint])).toEqual([
      ['empty', null],
      ['plain', null],
      ['shallow', null],
      ['unborn', null],
    ]);
  });

  test('nothing that a repository names is run', async () => {
    using tree = makeZenithTree();
    tree.commit('hostile');
    const program = `touch ${tree.path('../ran')}`;
    for (const setting of ['core.fsmonitor', 'core.sshCommand', 'core.pager', 'diff.external']) {
      tree.git('hostile', 'config', setting, program);
    }
    const { projects } = await tree.find();
    expect(projects).toMatchObject([{ name: 'hostile', fingerprint: expect.any(String) }]);
    expect(() => renameSync(tree.path('../ran'), tree.path('../ran2'))).toThrow(/ENOENT/);
  });
});
