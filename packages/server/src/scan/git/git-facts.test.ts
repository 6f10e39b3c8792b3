import {
  chmodSync,
  chownSync,
  cpSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { walkProject } from '../walk/walk-project.ts';
import { readGitFacts } from './git-facts.ts';
import { gitIn, makeGitFolder } from './testing/git-folder.ts';

const user = { home: '/nowhere', configHome: '/nowhere' };
const now = () => Date.parse('2026-03-01T12:00:00Z');
const facts = (directory: string, options = {}) =>
  readGitFacts(directory, { user, now, ...options });

function commit(directory: string, daysAgo: number, message = 'Change'): string {
  const date = `${now() / 1_000 - daysAgo * 86_400} +0200`;
  const git = gitIn(directory, { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: '1000000000 +0000' });
  git('add', '.');
  git('commit', '--quiet', '--allow-empty', '-m', message);
  return git('rev-parse', 'HEAD').trim();
}

async function makeCommitted(files: Record<string, string> = { 'a.txt': 'one\n', 'sub/b': 'b' }) {
  const folder = await makeGitFolder(files);
  const first = commit(folder.path, 1);
  // Older than the index, so that it need not be read to know it is the same.
  for (const file of Object.keys(files)) utimesSync(path.join(folder.path, file), 1e9, 1e9);
  folder.git('update-index', '--refresh');
  return { ...folder, first };
}

describe('the facts of a repository', () => {
  test('are its branch, commits, activity and origin', async () => {
    await using folder = await makeGitFolder({ 'a.txt': 'a', 'sub/b': 'b' });
    const root = commit(folder.path, 400);
    for (const days of [89, 84.5, 83.9, 20, 20, 3, -0.5, -500]) commit(folder.path, days);
    const last = commit(folder.path, 2);
    folder.git('remote', 'add', 'origin', 'https://me:secret@example.com/a/b.git?token=secret');
    expect(await facts(folder.path)).toEqual({
      branch: 'main',
      commit: last,
      committed_at: '2026-02-27T12:00:00.000Z',
      is_dirty: false,
      active_weeks: 3,
      commits_90d: 8,
      remote: 'https://example.com/a/b.git',
      root_commit: root,
      is_shallow: false,
      tracked_files: 2,
      problem: null,
    });
    expect(await facts(path.join(folder.path, 'sub'))).toMatchObject({
      commit: last,
      tracked_files: 1,
    });
  });

  test('are there before the first commit, and with a detached HEAD', async () => {
    await using folder = await makeGitFolder({ a: '' });
    const empty = { branch: 'main', commit: null, active_weeks: 0, problem: null };
    expect(await facts(folder.path)).toMatchObject({ ...empty, is_dirty: false });
    folder.git('add', '.');
    expect(await facts(folder.path)).toMatchObject({ ...empty, is_dirty: true });
    const first = commit(folder.path, 1);
    folder.git('checkout', '--quiet', '--detach');
    expect(await facts(folder.path)).toMatchObject({ branch: null, commit: first });
  });

  test('are those of a worktree, not of the repository that it belongs to', async () => {
    await using folder = await makeCommitted();
    folder.git('worktree', 'add', '--quiet', '-b', 'other', 'tree');
    const tree = path.join(folder.path, 'tree');
    const second = commit(tree, 0);
    expect(await facts(tree)).toMatchObject({ branch: 'other', commit: second, is_dirty: false });
    expect(await facts(folder.path)).toMatchObject({ branch: 'main', commit: folder.first });
  });

  test('name no root where a clone is shallow', async () => {
    await using folder = await makeCommitted();
    commit(folder.path, 0);
    await using clone = await makeProjectFolder();
    gitIn(clone.path)('clone', '--quiet', '--depth=1', `file://${folder.path}`, 'shallow');
    expect(await facts(path.join(clone.path, 'shallow'))).toMatchObject({
      is_shallow: true,
      root_commit: null,
      commits_90d: 1,
      problem: null,
    });
  });

  test('are there if the repository belongs to another user, or uses SHA-256', async () => {
    await using folder = await makeCommitted();
    if (process.geteuid?.() === 0) {
      for (const name of ['.', '.git']) chownSync(path.join(folder.path, name), 65_534, 65_534);
    }
    expect(await facts(folder.path)).toMatchObject({ commit: folder.first, problem: null });
    await using long = await makeGitFolder({ a: 'a' }, ['--object-format=sha256']);
    const first = commit(long.path, 0);
    expect(await facts(long.path)).toMatchObject({ commit: first, is_dirty: false });
  });

  test('are missing where there is no repository with files, or one that ignores it', async () => {
    await using folder = await makeGitFolder({ '.gitignore': '*\n', 'project/a': '' });
    expect(await facts(path.join(folder.path, 'project'))).toBeNull();
    await using bare = await makeProjectFolder({ 'src/a': '' });
    gitIn(bare.path)('init', '--quiet', '--bare', '.');
    expect(await facts(bare.path)).toBeNull();
    await using plain = await makeProjectFolder({ '.git/HEAD': 'ref: refs/heads/main' });
    expect(await facts(plain.path)).toBeNull();
    expect(await facts(path.join(plain.path, 'none'))).toBeNull();
  });

  test('are what can be read without git, and say that it is not there', async () => {
    await using folder = await makeCommitted();
    expect(await facts(folder.path, { searchPath: '/nowhere' })).toMatchObject({
      branch: 'main',
      commit: null,
      is_dirty: null,
      tracked_files: 2,
      problem: 'git is not installed on this machine',
    });
  });

  test('come in time, whatever git does', async () => {
    await using folder = await makeCommitted();
    await using slow = await makeProjectFolder({ git: '#!/bin/sh\nexec sleep 60\n' });
    chmodSync(path.join(slow.path, 'git'), 0o755);
    const searchPath = `${slow.path}:/usr/bin:/bin`;
    const started = performance.now();
    const found = await facts(folder.path, { searchPath, timeoutMs: 300 });
    expect(found).toMatchObject({ branch: 'main', problem: 'git did not answer in time' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('say what is wrong with a damaged repository', async () => {
    await using folder = await makeCommitted();
    rmSync(path.join(folder.path, '.git/objects', folder.first.slice(0, 2)), { recursive: true });
    const found = await facts(folder.path);
    expect(found).toMatchObject({ branch: 'main', committed_at: null });
    await folder.write({ '.git/config': '[core]\n\trepositoryformatversion = 99\n' });
    expect(await facts(folder.path)).toMatchObject({
      commit: null,
      problem: expect.stringContaining('git says: '),
    });
  });
});

describe('a repository is dirty', () => {
  test.each<[string, boolean, (folder: Awaited<ReturnType<typeof makeCommitted>>) => unknown]>([
    ['with a file of another size', true, ({ write }) => write({ 'a.txt': 'longer\n' })],
    ['with other content of the same size', true, ({ write }) => write({ 'a.txt': 'two\n' })],
    ['with a file that is gone', true, ({ path: at }) => rmSync(path.join(at, 'a.txt'))],
    ['with a link in its place', true, ({ path: at }) => replaceByLink(path.join(at, 'a.txt'))],
    ['with a folder that is a link', true, ({ path: at }) => replaceByLink(path.join(at, 'sub'))],
    [
      'with a file made executable',
      true,
      ({ path: at }) => chmodSync(path.join(at, 'a.txt'), 0o755),
    ],
    ['with a change that is staged', true, stageChange],
    [
      'with a file that is added',
      true,
      ({ write, git }) => write({ n: '' }).then(() => git('add', 'n')),
    ],
    [
      'not with only the time changed',
      false,
      ({ path: at }) => utimesSync(path.join(at, 'a.txt'), 5, 5),
    ],
    ['not with a file written again as it was', false, ({ write }) => write({ 'sub/b': 'b' })],
    ['not with a file that is not tracked', false, ({ write }) => write({ new: '' })],
    ['not with nothing changed', false, () => undefined],
  ])('%s: %s', async (_, isDirty, change) => {
    await using folder = await makeCommitted();
    await change(folder);
    expect(await facts(folder.path)).toMatchObject({ is_dirty: isDirty, problem: null });
  });

  test('not where core.autocrlf has written other line ends', async () => {
    await using folder = await makeCommitted({ 'a.txt': 'one\ntwo\n' });
    folder.git('config', 'core.autocrlf', 'true');
    rmSync(path.join(folder.path, 'a.txt'));
    folder.git('checkout', '--', 'a.txt');
    utimesSync(path.join(folder.path, 'a.txt'), 5, 5);
    expect(await facts(folder.path)).toMatchObject({ is_dirty: false });
  });

  function replaceByLink(file: string) {
    rmSync(file, { recursive: true });
    symlinkSync('/etc', file);
  }

  async function stageChange({ write, git }: Awaited<ReturnType<typeof makeCommitted>>) {
    await write({ 'a.txt': 'two\n' });
    git('add', 'a.txt');
    await write({ 'a.txt': 'one\n' });
    git('update-index', '--assume-unchanged', 'a.txt');
  }
});

describe('a hostile repository', () => {
  test('runs none of the programs that it names, and nothing in it is changed', async () => {
    await using canaries = await makeProjectFolder();
    await using folder = await makeCommitted({
      '.gitattributes': '* filter=evil diff=evil merge=evil\n',
      'a.txt': 'one\n',
      'b.txt': 'two\n',
    });
    await using script = await makeProjectFolder({
      evil: `#!/bin/sh\ntouch "${canaries.path}/$(basename "$0")-$$"\ncat\n`,
    });
    const evil = path.join(script.path, 'evil');
    chmodSync(evil, 0o755);
    const hooks = ['post-index-change', 'reference-transaction', 'fsmonitor-watchman', 'pre-push'];
    for (const hook of [...hooks, 'post-checkout', 'pre-auto-gc']) {
      cpSync(evil, path.join(folder.path, '.git/hooks', hook));
      cpSync(evil, path.join(script.path, hook));
    }
    const clean = readdirSync(canaries.path);
    await folder.write({
      included: `[core]\n\tfsmonitor = ${evil}\n\tpager = ${evil}\n`,
      '.git/config': `[core]
	repositoryformatversion = 1
	worktree = /
	bare = true
	fsmonitor = ${evil}
	hooksPath = ${script.path}
	pager = ${evil}
	editor = ${evil}
	sshCommand = ${evil}
	gitProxy = ${evil}
	askPass = ${evil}
	alternateRefsCommand = ${evil}
	attributesFile = ${folder.path}/.gitattributes
	excludesFile = ${folder.path}/included
[include]
	path = ${folder.path}/included
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::${evil} secret
	promisor = true
	partialclonefilter = blob:none
	uploadpack = ${evil}
[protocol]
	allow = always
[protocol "ext"]
	allow = always
[filter "evil"]
	clean = ${evil}
	smudge = ${evil}
	process = ${evil}
	required = true
[diff]
	external = ${evil}
[diff "evil"]
	command = ${evil}
	textconv = ${evil}
[merge "evil"]
	driver = ${evil}
[alias]
	rev-list = !${evil}
	rev-parse = !${evil}
	diff-index = !${evil}
[pager]
	rev-list = ${evil}
	diff-index = ${evil}
[log]
	showSignature = true
[gpg]
	program = ${evil}
[gpg "ssh"]
	program = ${evil}
[credential]
	helper = !${evil}
[uploadpack]
	packObjectsHook = ${evil}
[gc]
	auto = 1
`,
    });
    // Changed, of the same size, and touched only: what makes git run a filter.
    await folder.write({ 'a.txt': 'eno\n' });
    utimesSync(path.join(folder.path, 'b.txt'), 5, 5);
    const before = contents(folder.path);

    expect(await facts(folder.path)).toMatchObject({
      commit: folder.first,
      is_dirty: true,
      remote: null,
    });
    const { paths } = walkProject(folder.path, { user });
    expect(paths.sort()).toEqual(['.gitattributes', 'a.txt', 'b.txt', 'included']);
    await folder.write({ 'a.txt': 'one\n' });
    expect(await facts(folder.path)).toMatchObject({ is_dirty: false });
    // What is missing is not fetched: the trees of the commit, then the commit itself.
    rmSync(path.join(folder.path, '.git/index'));
    for (const name of readdirSync(path.join(folder.path, '.git/objects'))) {
      if (/^..$/.test(name) && name !== folder.first.slice(0, 2)) {
        rmSync(path.join(folder.path, '.git/objects', name), { recursive: true });
      }
    }
    expect(await facts(folder.path)).toMatchObject({ commit: folder.first });
    rmSync(path.join(folder.path, '.git/objects', folder.first.slice(0, 2)), { recursive: true });
    expect(await facts(folder.path)).toMatchObject({ committed_at: null });

    expect(readdirSync(canaries.path)).toEqual(clean);
    expect(contents(folder.path).filter((name) => !before.includes(name))).toEqual([]);
  });

  test('shows that its canaries do sing, when git is run carelessly', async () => {
    await using canaries = await makeProjectFolder();
    await using folder = await makeCommitted({ 'a.txt': 'one\n' });
    const evil = path.join(canaries.path, 'evil');
    await canaries.write({ evil: `#!/bin/sh\ntouch "${canaries.path}/sung"\n` });
    chmodSync(evil, 0o755);
    folder.git('config', 'core.fsmonitor', evil);
    folder.git('status');
    expect(readdirSync(canaries.path)).toContain('sung');
  });

  function contents(directory: string): string[] {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' });
  }
});
