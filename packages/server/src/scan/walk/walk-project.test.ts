import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { gitIn, makeGitFolder } from '../git/testing/git-folder.ts';
import { type WalkOptions, walkProject } from './walk-project.ts';

const nobody = { home: '/nowhere', configHome: '/nowhere' };

function walk(directory: string, options: WalkOptions = {}) {
  return walkProject(directory, { user: nobody, ...options });
}

function pathsIn(directory: string, options: WalkOptions = {}): string[] {
  return walk(directory, options).paths.sort();
}

describe('the walk of a repository', () => {
  test('finds what is tracked or not ignored', async () => {
    await using folder = await makeGitFolder({
      '.gitignore': '*.log\nout/\n',
      'src/main.ts': 'text',
      'kept.log': '',
      'a.log': '',
      'out/tracked.txt': '',
      'out/other.txt': '',
    });
    folder.git('add', '--force', 'kept.log', 'out/tracked.txt');
    expect(pathsIn(folder.path)).toEqual([
      '.gitignore',
      'kept.log',
      'out/tracked.txt',
      'src/main.ts',
    ]);
    const { ignored, truncated } = walk(folder.path);
    expect({ ignored, truncated }).toEqual({ ignored: 2, truncated: null });
  });

  test.each(['2', '4'])('knows tracked files from an index of version %s', async (version) => {
    await using folder = await makeGitFolder({ '.gitignore': '*\n', 'a/b/c': '', 'a/bé/c': '' });
    folder.git('-c', `index.version=${version}`, 'add', '--force', 'a/b/c', 'a/bé/c');
    folder.git('update-index', '--index-version', version);
    expect(pathsIn(folder.path)).toEqual(['a/b/c', 'a/bé/c']);
  });

  test('knows tracked files from an index of version 3, of SHA-256, and a split one', async () => {
    await using folder = await makeGitFolder({ '.gitignore': '*\n', a: '', b: '', c: '' }, [
      '--object-format=sha256',
    ]);
    folder.git('add', '--force', 'a');
    folder.git('add', '--force', '--intent-to-add', 'b');
    expect(pathsIn(folder.path)).toEqual(['a', 'b']);
    folder.git('update-index', '--split-index');
    folder.git('add', '--force', 'c');
    expect(pathsIn(folder.path)).toEqual(['a', 'b', 'c']);
  });

  test('goes on without the index if that is damaged, and says so', async () => {
    await using folder = await makeGitFolder({ a: '' });
    await folder.write({ '.git/index': 'DIRC damaged' });
    const { paths, unreadable } = walk(folder.path);
    expect(paths).toEqual(['a']);
    expect(unreadable).toEqual([
      { path: '.git/index', reason: expect.stringContaining('the index of git is damaged') },
    ]);
  });

  test('leaves out what is deleted, submodules and repositories in it', async () => {
    await using folder = await makeGitFolder({ 'gone.txt': '', 'kept.txt': '', 'sub/a': '' });
    folder.git('add', 'gone.txt', 'kept.txt');
    rmSync(path.join(folder.path, 'gone.txt'));
    const commit = '5082237aceb4fad2f41c9eda39d0e8d3f2f35f67';
    folder.git('update-index', '--add', '--cacheinfo', `160000,${commit},sub`);
    await folder.write({ 'other/b': '', 'no-repository/.git/HEAD': 'x', 'no-repository/c': '' });
    gitIn(path.join(folder.path, 'other'))('init', '--quiet');
    expect(pathsIn(folder.path)).toEqual(['kept.txt', 'no-repository/c']);
    expect(walk(folder.path).repositories).toBe(2);
  });

  test('of a folder in it obeys the rules above, and lists relative to the folder', async () => {
    await using folder = await makeGitFolder({
      '.gitignore': '*.log\n/packages/a/dist\n',
      'packages/.gitignore': 'tmp\n',
      'packages/a/src/main.ts': '',
      'packages/a/dist/main.js': '',
      'packages/a/tmp/x': '',
      'packages/a/x.log': '',
      'packages/b/main.ts': '',
    });
    expect(pathsIn(path.join(folder.path, 'packages/a'))).toEqual(['src/main.ts']);
  });

  test('takes a project that the repository around it ignores as one of its own', async () => {
    await using folder = await makeGitFolder({ '.gitignore': '*\n', 'project/main.ts': '' });
    expect(pathsIn(path.join(folder.path, 'project'))).toEqual(['main.ts']);
    folder.git('add', '--force', 'project/main.ts');
    await folder.write({ 'project/other.ts': '' });
    expect(pathsIn(path.join(folder.path, 'project'))).toEqual(['main.ts']);
  });

  test('of a worktree uses its own index and the ignore file of the repository', async () => {
    await using folder = await makeGitFolder({ 'a.txt': '', 'b.tmp': '' });
    folder.git('add', '.');
    folder.git('commit', '--quiet', '-m', 'First');
    folder.git('worktree', 'add', '--quiet', 'tree');
    await folder.write({ '.git/info/exclude': '*.tmp\n', 'tree/c.tmp': '', 'tree/d.txt': '' });
    expect(pathsIn(path.join(folder.path, 'tree'))).toEqual(['a.txt', 'b.tmp', 'd.txt']);
    expect(pathsIn(folder.path)).toEqual(['a.txt', 'b.tmp']);
  });

  test("obeys the user's own ignore file, and none that the repository names", async () => {
    await using user = await makeProjectFolder({
      '.gitconfig': '[core]\n\texcludesFile = ~/mine # and no other\n',
      mine: '*.swp\n',
      hostile: 'a.txt\n',
      'config/git/ignore': '*.orig\n',
    });
    await using folder = await makeGitFolder({ 'a.txt': '', 'b.swp': '', 'c.orig': '' });
    folder.git('config', 'core.excludesFile', path.join(user.path, 'hostile'));
    const configHome = path.join(user.path, 'config');
    expect(pathsIn(folder.path, { user: { home: user.path, configHome } })).toEqual([
      'a.txt',
      'c.orig',
    ]);
    expect(pathsIn(folder.path, { user: { home: '/nowhere', configHome } })).toEqual([
      'a.txt',
      'b.swp',
    ]);
  });

  test('obeys no .gitignore that is a link or too large', async () => {
    await using folder = await makeGitFolder({ rules: 'a*\n', 'a.txt': '', 'sub/a': '' });
    symlinkSync('rules', path.join(folder.path, '.gitignore'));
    writeFileSync(path.join(folder.path, 'sub/.gitignore'), 'a\n'.repeat(600_000));
    const { paths, unreadable } = walk(folder.path);
    expect(paths.sort()).toEqual(['a.txt', 'rules', 'sub/.gitignore', 'sub/a']);
    expect(unreadable).toEqual([{ path: 'sub/.gitignore', reason: 'larger than 1048576 bytes' }]);
  });

  test('ignores case where the repository does', async () => {
    await using folder = await makeGitFolder({ '.gitignore': '*.LOG\n/Out\n', 'a.log': '', b: '' });
    await folder.write({ 'out/c': '' });
    expect(pathsIn(folder.path)).toEqual(['.gitignore', 'a.log', 'b', 'out/c']);
    folder.git('config', 'core.ignoreCase', 'true');
    expect(pathsIn(folder.path)).toEqual(['.gitignore', 'b']);
  });
});

describe('the walk of a directory without a repository', () => {
  test('obeys .gitignore, and leaves out dependencies and what is built', async () => {
    await using folder = await makeProjectFolder({
      '.gitignore': '*.log\n',
      'a.log': '',
      'src/.gitignore': 'made\n',
      'src/made': '',
      'src/main.rs': '',
      'src/target/kept': '',
      'Cargo.toml': '',
      'target/debug/app': '',
      'node_modules/x/index.js': '',
      'env/pyvenv.cfg': '',
      'env/bin/python': '',
      'cache/CACHEDIR.TAG': '',
      'dist/index.js': '',
    });
    expect(pathsIn(folder.path)).toEqual([
      '.gitignore',
      'Cargo.toml',
      'dist/index.js',
      'src/.gitignore',
      'src/main.rs',
      'src/target/kept',
    ]);
  });

  test('leaves out the repositories in it', async () => {
    await using folder = await makeProjectFolder({ a: '', 'inner/b': '' });
    gitIn(path.join(folder.path, 'inner'))('init', '--quiet');
    expect(pathsIn(folder.path)).toEqual(['a']);
    expect(walk(folder.path).repositories).toBe(1);
  });
});

describe('the walk of a difficult directory', () => {
  test('follows no link, opens no FIFO or socket, and counts them', async () => {
    await using folder = await makeProjectFolder({ 'real/a': '' });
    symlinkSync('.', path.join(folder.path, 'real/circle'));
    symlinkSync('/etc', path.join(folder.path, 'out'));
    symlinkSync('/etc/passwd', path.join(folder.path, 'passwords'));
    for (const name of ['fifo', '.gitignore', 'real/.gitignore']) {
      execFileSync('mkfifo', [path.join(folder.path, name)]);
    }
    const server = createServer();
    await new Promise<void>((listening) => {
      server.listen(path.join(folder.path, 'socket'), listening);
    });
    try {
      expect(walk(folder.path)).toMatchObject({
        paths: ['real/a'],
        symlinks: 3,
        special: 4,
        unreadable: [],
      });
    } finally {
      server.close();
    }
  });

  test('opens no FIFO in the place of a file of git', async () => {
    await using folder = await makeGitFolder({ a: '' });
    for (const name of ['index', 'info/exclude', 'config']) {
      rmSync(path.join(folder.path, '.git', name), { force: true });
      execFileSync('mkfifo', [path.join(folder.path, '.git', name)]);
    }
    expect(pathsIn(folder.path)).toEqual(['a']);
  });

  test('lists every name that is text, and reports one that is not', async () => {
    await using folder = await makeProjectFolder({
      'new\nline': '',
      'back\\slash': '',
      '\ufffd': '',
    });
    const at = (name: string) => Buffer.concat([Buffer.from(`${folder.path}/`), bytes(name)]);
    const bytes = (name: string) => Buffer.from(name, 'latin1');
    writeFileSync(at('bad\xff'), '');
    writeFileSync(at('bad\xfe.log'), '');
    mkdirSync(at('folder\xe9'));
    writeFileSync(at('folder\xe9/inside'), '');
    await folder.write({ '.gitignore': '*.log\n' });
    expect(pathsIn(folder.path)).toEqual(['.gitignore', 'back\\slash', 'new\nline', '\ufffd']);
    expect(walk(folder.path).unreadable.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'bad\\xff', reason: 'its name is not UTF-8' },
      { path: 'folder\\xe9', reason: 'its name is not UTF-8' },
    ]);
  });

  test('reports what may not be read, and what vanishes meanwhile', async () => {
    await using folder = await makeProjectFolder({
      'a/x': '',
      'closed/x': '',
      'gone/x': '',
      z: '',
    });
    const user = process.geteuid?.();
    chmodSync(folder.path, 0o755);
    chmodSync(path.join(folder.path, 'closed'), 0o000);
    let looks = 0;
    const options: WalkOptions = {
      // The second look at the clock is before the first folder, the third after it was listed.
      now: () => {
        if (looks++ === 2) rmSync(path.join(folder.path, 'gone'), { recursive: true });
        return 0;
      },
    };
    try {
      const { unreadable, paths } = walk(folder.path, options);
      expect(unreadable).toContainEqual({
        path: 'gone',
        reason: 'it vanished while the project was read',
      });
      expect(paths).toEqual(expect.arrayContaining(['z', 'a/x']));
      if (user === 0) process.seteuid?.(65_534);
      expect(walk(folder.path).unreadable).toEqual([
        { path: 'closed', reason: 'permission denied' },
      ]);
    } finally {
      if (user === 0) process.seteuid?.(0);
      chmodSync(path.join(folder.path, 'closed'), 0o755);
    }
  });

  test('reports a directory that is not there or is a file', async () => {
    await using folder = await makeProjectFolder({ file: '' });
    expect(walk(path.join(folder.path, 'none'))).toMatchObject({
      paths: [],
      unreadable: [{ path: '.', reason: 'it vanished while the project was read' }],
    });
    expect(walk(path.join(folder.path, 'file'))).toMatchObject({
      paths: [],
      unreadable: [{ path: '.', reason: 'it is not a directory' }],
    });
  });

  test('keeps the first hundred of what could not be read', async () => {
    await using folder = await makeProjectFolder();
    for (let number = 0; number < 120; number++) {
      writeFileSync(Buffer.from(`${folder.path}/${number}\xff`, 'latin1'), '');
    }
    const { unreadable, unreadableCount } = walk(folder.path);
    expect({ kept: unreadable.length, unreadableCount }).toEqual({
      kept: 100,
      unreadableCount: 120,
    });
  });
});

describe('a limit', () => {
  const tree = { 'a/1': '', 'a/b/2': '', 'a/b/c/3': '', top: '', other: '' };

  test('of files, names, depth or time ends the walk and is told', async () => {
    await using folder = await makeProjectFolder(tree);
    const limited = (limits: WalkOptions['limits']) => {
      const { paths, truncated } = walk(folder.path, { limits: limits ?? {} });
      return [paths.length, truncated];
    };
    expect(limited({ files: 5 })).toEqual([5, null]);
    expect(limited({ files: 4 })).toEqual([4, 'files']);
    expect(limited({ entries: 8 })).toEqual([5, null]);
    expect(limited({ entries: 3 })).toEqual([2, 'entries']);
    expect(limited({ depth: 3 })).toEqual([5, null]);
    expect(limited({ depth: 1 })).toEqual([3, 'depth']);
    expect(limited({ timeMs: -1 })).toEqual([0, 'time']);
  });

  test('leaves what lies near the directory', async () => {
    await using folder = await makeProjectFolder(tree);
    expect(pathsIn(folder.path, { limits: { files: 3 } })).toEqual(['a/1', 'other', 'top']);
  });

  test('of time holds within hostile rules, too', async () => {
    await using folder = await makeProjectFolder({
      '.gitignore': `${'**/a*'.repeat(300)}/b\n`.repeat(500),
      [`${'aaaa/'.repeat(50)}file`]: '',
    });
    const started = performance.now();
    const { truncated } = walk(folder.path, { limits: { timeMs: 100 } });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect([null, 'time']).toContain(truncated);
  });

  test('of names holds within one folder of 200,000', async () => {
    await using folder = await makeProjectFolder();
    for (let number = 0; number < 200_000; number++) {
      writeFileSync(`${folder.path}/${'x'.repeat(30)}${number}`, '');
    }
    expect(walk(folder.path, { limits: { entries: 1_000 } })).toMatchObject({
      truncated: 'entries',
      paths: { length: 1_000 },
    });
    expect(walk(folder.path)).toMatchObject({ truncated: null, paths: { length: 200_000 } });
  }, 120_000);
});

test('the walk ends when it is aborted, and tells how far it is', async () => {
  await using folder = await makeProjectFolder();
  for (let number = 0; number < 2_100; number++) writeFileSync(`${folder.path}/${number}`, '');
  const told: number[] = [];
  walk(folder.path, { onProgress: (found) => told.push(found) });
  expect(told).toEqual([1_000, 2_000]);
  const signal = { aborted: false };
  const abort = () => {
    signal.aborted = true;
  };
  expect(() => walk(folder.path, { signal, onProgress: abort })).toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  );
});
