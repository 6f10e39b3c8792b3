import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listSource } from './source.ts';
import { linkLeadsOut } from './source-links.ts';
import { createSourceTally } from './source-tally.ts';

let directory = '';
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'borgos-source-')));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

async function list(keep: string[] = []): Promise<string[]> {
  const signal = AbortSignal.timeout(20_000);
  const { entries } = await listSource(directory, { signal, keep });
  return entries.map((entry) => entry.path);
}

describe('the list of what a build gets', () => {
  test('has folders before what is in them, sorted, with sizes and permissions', async () => {
    write({ 'b.txt': '12', 'a/z.sh': '#!', 'a/b/c': '' });
    execFileSync('chmod', ['750', join(directory, 'a/z.sh')]);
    const { entries, bytes } = await listSource(directory, { signal: AbortSignal.timeout(5_000) });
    expect(entries.map(({ path }) => path)).toEqual(['a', 'a/b', 'a/b/c', 'a/z.sh', 'b.txt']);
    expect(bytes).toBe(4);
    expect(entries[3]).toMatchObject({ kind: 'file', mode: 0o750, size: 2, linkTarget: null });
    expect(entries[0]).toMatchObject({ kind: 'directory', size: 0 });
  });

  test('never has .git and .env files, at any depth, whatever the rules say', async () => {
    write({ '.git/config': '', 'app/.git': '', '.env': '', 'app/.env.local': '' });
    write({ '.env.example': '', '.environment': '', '.dockerignore': '!.env\n!.git' });
    expect(await list(['.env'])).toEqual(['.dockerignore', '.env.example', '.environment', 'app']);
  });

  test('leaves out what tools make again when there is no .dockerignore', async () => {
    write({ 'node_modules/a/b': '', 'web/node_modules/c': '', '__pycache__/d': '', '.venv/e': '' });
    write({ 'target/f': '', 'coverage/g': '', 'src/coverage/page.ts': '', '.next/cache/h': '' });
    write({ '.next/build': '' });
    const kept = ['.next', '.next/build', 'src', 'src/coverage', 'src/coverage/page.ts', 'web'];
    expect(await list()).toEqual(kept);
  });

  test('goes by the .dockerignore instead when there is one', async () => {
    write({ '.dockerignore': '*.log\ndocs\n!docs/keep.md', 'a.log': '', 'x/b.log': '' });
    write({ 'docs/drop.md': '', 'docs/keep.md': '', 'node_modules/a': '' });
    expect(await list()).toEqual([
      '.dockerignore',
      'docs',
      'docs/keep.md',
      'node_modules',
      'node_modules/a',
      'x',
      'x/b.log',
    ]);
  });

  test('has the files that are named to be kept', async () => {
    write({ '.dockerignore': '*', Dockerfile: '', 'docker/[a].file': '', 'docker/other': '' });
    expect(await list(['Dockerfile', 'docker/[a].file', '.dockerignore'])).toEqual([
      '.dockerignore',
      'Dockerfile',
      'docker',
      'docker/[a].file',
    ]);
  });

  test('does not look into a folder that is left out', async () => {
    write({ '.dockerignore': 'out\n!other/file', 'out/a': '' });
    symlinkSync('/etc', join(directory, 'out/link'));
    expect(await list()).toEqual(['.dockerignore']);
  });

  test('leaves out sockets and fifos', async () => {
    write({ file: '' });
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(directory, 'socket'), done));
    try {
      expect(await list()).toEqual(['file']);
    } finally {
      server.close();
    }
  });

  test('refuses more than 1 GiB and names the biggest folder', async () => {
    write({ 'data/huge': '', 'src/a': 'abc' });
    truncateSync(join(directory, 'data/huge'), 1024 ** 3 + 1);
    await expect(list()).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      message: expect.stringMatching(/1 GiB.* most of it in data .*\.dockerignore/),
    });
  });

  test('refuses more than 100,000 entries, and a folder that would be as many', () => {
    const tally = createSourceTally('/project');
    for (let count = 0; count < 100_000; count += 1) tally.add(`many/${count}`, 0);
    expect(() => tally.add('one/more', 0)).toThrow(/most of it in many \(100000 entries/);
    const other = createSourceTally('/project');
    other.expect('many', 100_000);
    expect(() => other.expect('many', 100_001)).toThrow(/most of it in many/);
  });

  test('refuses a directory that is not there', async () => {
    const signal = AbortSignal.timeout(5_000);
    const gone = listSource(join(directory, 'gone'), { signal });
    await expect(gone).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  });

  test('names the line of a malformed .dockerignore', async () => {
    write({ '.dockerignore': '# rules\na[b' });
    await expect(list()).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('line 2'),
    });
  });

  test('stops when it is aborted', async () => {
    write({ 'a/b': '' });
    await expect(listSource(directory, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('a symlink', () => {
  test('that stays inside is kept as a link', async () => {
    write({ 'src/a': '' });
    symlinkSync('../src/./a', join(directory, 'src/link'));
    symlinkSync('missing', join(directory, 'dangling'));
    const { entries } = await listSource(directory, { signal: AbortSignal.timeout(5_000) });
    expect(entries.map(({ path, kind, linkTarget }) => [path, kind, linkTarget])).toEqual([
      ['dangling', 'symlink', 'missing'],
      ['src', 'directory', null],
      ['src/a', 'file', null],
      ['src/link', 'symlink', '../src/./a'],
    ]);
  });

  test.each([
    ['/etc/passwd', 'absolute'],
    ['../outside', 'by ..'],
    ['folder/../../outside', 'through a folder'],
    ['inner/../../x', 'through another link'],
    ['missing/../../x', 'through what is not there yet'],
  ])('to %s leads out (%s) and is refused', async (target) => {
    write({ 'folder/deep/file': '' });
    symlinkSync('folder/deep', join(directory, 'in'));
    symlinkSync('folder', join(directory, 'inner'));
    symlinkSync(target, join(directory, 'link'));
    await expect(list()).rejects.toMatchObject({
      code: 'SOURCE_UNSAFE',
      message: expect.stringMatching(new RegExp(`link .*${target.replaceAll('.', '\\.')}`)),
    });
  });

  test('through a link to a deeper folder may climb as far as that one is deep', async () => {
    write({ 'folder/deep/file': '' });
    symlinkSync('folder/deep', join(directory, 'in'));
    symlinkSync('in/../deep/file', join(directory, 'link'));
    expect(await list()).toContain('link');
  });

  test('leads out exactly when a naive model says so', async () => {
    await fc.assert(fc.asyncProperty(treeOfLinks, holdsAgainstModel), { numRuns: 150 });
  }, 60_000);
});

type Model = Map<string, string | null>;

const part = fc.constantFrom('a', 'b', 'c', '..', '.', '');
const target = fc
  .tuple(fc.constantFrom('', '', '', '', '/'), fc.array(part, { minLength: 1, maxLength: 5 }))
  .map(([start, parts]) => start + parts.join('/'))
  .filter((text) => text !== '');
const treeOfLinks = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/c'), fc.option(target)),
    {
      minLength: 2,
      selector: ([path]) => path,
    },
  )
  .map((entries): Model => {
    const tree: Model = new Map(entries);
    for (const path of tree.keys()) {
      // What has children is a folder.
      if (path.includes('/')) tree.set(path.slice(0, 1), null);
    }
    return tree;
  });

async function holdsAgainstModel(tree: Model): Promise<void> {
  const root = mkdtempSync(join(directory, 'root-'));
  for (const path of [...tree.keys()].sort()) {
    const link = tree.get(path);
    if (typeof link === 'string') symlinkSync(link, join(root, path));
    else mkdirSync(join(root, path), { recursive: true });
  }
  for (const [path, link] of tree) {
    if (link === null) continue;
    const expected = modelLeadsOut(tree, path.split('/').slice(0, -1), link, 0) === 'out';
    expect(await linkLeadsOut(root, path, link)).toBe(expected);
    const real = realpathOf(join(root, path));
    if (!expected && real !== null) expect(`${real}/`.startsWith(`${root}/`)).toBe(true);
  }
}

/** Where a path ends, by recursion over the model, or that it leads out, or goes in circles. */
function modelLeadsOut(
  tree: Model,
  from: string[],
  path: string,
  depth: number,
): string[] | 'out' | 'loop' {
  if (path.startsWith('/')) return 'out';
  if (depth > 100) return 'loop';
  let at = from;
  for (const name of path.split('/').filter((text) => text !== '' && text !== '.')) {
    if (name === '..' && at.length === 0) return 'out';
    const next: string[] = name === '..' ? at.slice(0, -1) : [...at, name];
    const link = name === '..' ? null : tree.get(next.join('/'));
    const end = typeof link === 'string' ? modelLeadsOut(tree, at, link, depth + 1) : next;
    if (end === 'out' || end === 'loop') return end;
    at = end;
  }
  return at;
}

function realpathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
