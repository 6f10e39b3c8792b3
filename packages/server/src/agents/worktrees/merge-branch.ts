import { AppError } from '../../errors.ts';
import type { Git, GitPlace } from './run-git.ts';
import type { Opened } from './worktrees.ts';

/**
 * Merges a branch into another without touching any files but those of a clean checkout of that other
 * branch. @returns the commit that the branch is at now
 * @throws AppError CONFLICT with the files, or for a checkout that is not clean: nothing is changed then
 */
export async function mergeBranch(
  { git, repository }: Opened,
  { from, into, message }: { from: string; into: string; message: string },
): Promise<string> {
  const target = await headOf(git, repository, into);
  const source = await headOf(git, repository, from);
  const isAncestor = async (one: string, other: string) =>
    (await git.ask(repository, ['merge-base', '--is-ancestor', one, other])).code === 0;
  if (await isAncestor(source, target)) return target;
  const merged = (await isAncestor(target, source))
    ? source
    : await mergeCommit(git, repository, { target, source, into, message });
  const checkout = await findCheckout(git, repository, into);
  if (checkout === undefined) {
    await git.run(repository, ['update-ref', `refs/heads/${into}`, merged, target]);
    return merged;
  }
  await assertClean(git, checkout, into);
  // It takes nothing back that was changed in this very moment: git refuses to, and says so.
  const { code, errors } = await git.ask({ directory: checkout }, ['merge', '--ff-only', merged]);
  if (code === 0) return merged;
  throw new AppError(
    'CONFLICT',
    `The branch ${into} is checked out in ${checkout}, and git does not change that: ${errors.trim().slice(0, 500)}`,
  );
}

async function headOf(git: Git, place: GitPlace, branch: string): Promise<string> {
  const ref = `refs/heads/${branch}^{commit}`;
  const { code, output } = await git.ask(place, ['rev-parse', '--verify', '--quiet', ref]);
  if (code === 0) return output.trim();
  throw new AppError('CONFLICT', `There is no branch ${branch} any more`);
}

async function mergeCommit(
  git: Git,
  place: GitPlace,
  { target, source, into, message }: Record<'target' | 'source' | 'into' | 'message', string>,
): Promise<string> {
  const { code, output, errors } = await git.ask(place, [
    ...['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z'],
    ...[target, source],
  ]);
  const [tree = '', ...files] = output.split('\0').filter((part) => part !== '');
  if (code === 0) {
    const parents = ['-p', target, '-p', source];
    return git.run(place, ['commit-tree', tree, ...parents, '-m', message]);
  }
  if (code !== 1)
    throw new AppError('CONFLICT', `git cannot merge it: ${errors.trim().slice(0, 500)}`);
  const named = files.slice(0, 20).join(', ');
  throw new AppError(
    'CONFLICT',
    `It cannot be merged into ${into}, as both have changed ${named}${files.length > 20 ? ` and ${files.length - 20} more` : ''}. Nothing was changed: merge the branch by hand, or approve it with "merge": false to keep it`,
  );
}

/** Where a branch is checked out; `undefined`: nowhere. */
async function findCheckout(
  git: Git,
  place: GitPlace,
  branch: string,
): Promise<string | undefined> {
  const list = await git.run(place, ['worktree', 'list', '--porcelain', '-z']);
  for (const entry of list.split('\0\0')) {
    const lines = entry.split('\0').filter((line) => line !== '');
    if (!lines.includes(`branch refs/heads/${branch}`)) continue;
    return lines.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
  }
  return undefined;
}

async function assertClean(git: Git, directory: string, branch: string): Promise<void> {
  const status = ['status', '--porcelain', '--untracked-files=no'];
  const changed = await git.run({ directory }, status);
  if (changed === '') return;
  throw new AppError(
    'CONFLICT',
    `The branch ${branch} is checked out in ${directory}, with changes that are not committed. Commit or stash them, or approve with "merge": false to keep the branch of the task`,
  );
}
