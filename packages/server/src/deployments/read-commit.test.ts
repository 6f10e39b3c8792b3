import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { readCommit } from './read-commit.ts';

const commit = (digit: string) => digit.repeat(40);

async function commitOf(files: Record<string, string>, below = '.'): Promise<string | null> {
  await using folder = await makeProjectFolder({ ...files, 'app/index.html': '' });
  // Awaited here, as the folder goes with the end of this block.
  return await readCommit(path.join(folder.path, below));
}

test('a detached HEAD, a loose branch and a packed one are read', async () => {
  expect(await commitOf({ '.git/HEAD': `${commit('a')}\n` })).toBe(commit('a'));
  expect(await commitOf({ '.git/HEAD': 'a'.repeat(64) })).toBe('a'.repeat(64));
  const onMain = { '.git/HEAD': 'ref: refs/heads/feature/one\n' };
  expect(await commitOf({ ...onMain, '.git/refs/heads/feature/one': `${commit('b')}\n` })).toBe(
    commit('b'),
  );
  const packed = `# pack-refs\n${commit('c')} refs/heads/two\n${commit('d')} refs/heads/feature/one\n^${commit('e')}\n`;
  expect(await commitOf({ ...onMain, '.git/packed-refs': packed })).toBe(commit('d'));
});

test('a folder inside of a repository has the commit of that', async () => {
  expect(await commitOf({ '.git/HEAD': commit('a') }, 'app')).toBe(commit('a'));
});

test('a worktree has a HEAD of its own, and the branches of its repository', async () => {
  await using folder = await makeProjectFolder({
    'tree/.git': 'gitdir: ../repository/worktrees/tree\n',
    'repository/worktrees/tree/HEAD': 'ref: refs/heads/main\n',
    'repository/worktrees/tree/commondir': '../..\n',
    'repository/refs/heads/main': `${commit('f')}\n`,
  });
  expect(await readCommit(path.join(folder.path, 'tree'))).toBe(commit('f'));
});

test.for([
  ['no repository', {}],
  ['no commit yet', { '.git/HEAD': 'ref: refs/heads/main\n' }],
  ['another file named', { '.git/HEAD': 'ref: ../secret', secret: commit('a') }],
  ['a way out of the refs', { '.git/HEAD': 'ref: refs/../../secret', secret: commit('a') }],
  ['a ref that is no hash', { '.git/HEAD': 'ref: refs/x', '.git/refs/x': 'root:x:0:0' }],
  ['a HEAD without end', { '.git/HEAD': `${commit('a')}${'\n'.repeat(100_000)}` }],
] as const)('%s is no commit', async ([_, files]) => {
  // Whatever repository the tests themselves are in, it is not above a temporary folder.
  expect(await commitOf(files)).toBeNull();
});

test('a pipe in the place of HEAD is not waited for', async () => {
  await using folder = await makeProjectFolder({ '.git/config': '' });
  await promisify(execFile)('mkfifo', [path.join(folder.path, '.git/HEAD')]);
  expect(await readCommit(folder.path)).toBeNull();
});
