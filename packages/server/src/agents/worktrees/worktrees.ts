import { randomUUID } from 'node:crypto';
import { copyFile, lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGit, type Git, GitFailure, type GitPlace } from './run-git.ts';

/** Where an agent works on a project. */
export interface Worktree {
  /** Of the whole repository; absolute. */
  path: string;
  /** Of the project in it. */
  cwd: string;
  branch: string;
  /** What was checked out in the project; `null`: no branch. */
  baseBranch: string | null;
  baseCommit: string;
}

/** A worktree that was made before, with where its repository is. */
export interface Opened {
  git: Git;
  path: string;
  /** By the directory of git itself, as an agent may have changed what is in the worktree. */
  place: GitPlace;
  /** Of the whole repository. */
  repository: GitPlace;
}

export interface Worktrees {
  /** Whether a directory lies in a repository of git with a commit in it. */
  isRepository(directory: string): Promise<boolean>;
  /** Makes the worktree of a task, or finds the one that it has. @throws GitFailure */
  open(taskId: number, directory: string): Promise<Worktree>;
  /** `undefined`: it is not there any more. */
  find(worktree: string, directory: string): Promise<Opened | undefined>;
  /**
   * All that is in it now, as a tree of git, whatever of it is committed; what is ignored is left out.
   * Nothing in the worktree is changed by it.
   */
  snapshot(opened: Opened): Promise<string>;
  /** Makes what is in it a commit of its branch. @returns the commit */
  commit(opened: Opened, branch: string, message: string): Promise<string>;
  /** Whether all in it, committed or not, is as it was at the beginning. */
  isUntouched(opened: Opened, branch: string, baseCommit: string): Promise<boolean>;
  /**
   * Removes it, if nothing in it would be lost, and then also the branch that is named.
   * @returns whether it is gone
   */
  remove(opened: Opened, branch?: string): Promise<boolean>;
  /** The worktrees of this home that are there, by their paths, with the task of each. */
  list(): Promise<{ path: string; taskId: number }[]>;
  /** Whether something in it is in no commit. */
  isDirty(path: string): Promise<boolean>;
  /** Removes it with whatever is in it. */
  discard(path: string): Promise<void>;
}

/** Worktrees under BORGOS_HOME, one for each task that changes files of a project. */
export function createWorktrees({
  folder,
  instance,
  searchPath,
}: {
  folder: string;
  instance: string;
  searchPath: string | undefined;
}): Worktrees {
  const git = createGit(searchPath);

  async function repositoryOf(directory: string) {
    const text = await git.run({ directory }, [
      ...['rev-parse', '--path-format=absolute', '--show-toplevel', '--git-common-dir'],
      '--show-prefix',
    ]);
    const [top = '', common = '', prefix = ''] = text.split('\n');
    const place: GitPlace = { gitDirectory: common, directory: top };
    return { place, top, common, prefix };
  }

  async function find(path: string, directory: string): Promise<Opened | undefined> {
    const isThere = await lstat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isThere) return undefined;
    const { place, common } = await repositoryOf(directory);
    const gitDirectory = join(common, 'worktrees', basename(path));
    return { git, path, place: { gitDirectory, directory: path }, repository: place };
  }

  async function addWorktree(place: GitPlace, path: string, branch: string, commit: string) {
    const ref = `refs/heads/${branch}`;
    const exists = (await git.ask(place, ['show-ref', '--verify', '--quiet', ref])).code === 0;
    // One that was removed by hand is still known to git.
    await git.run(place, ['worktree', 'prune']);
    const add = ['worktree', 'add', '--quiet'];
    await git.run(place, exists ? [...add, path, branch] : [...add, '-b', branch, path, commit]);
  }

  return {
    async isRepository(directory) {
      const { code } = await git.ask({ directory }, ['rev-parse', '--verify', 'HEAD^{commit}']);
      return code === 0;
    },

    async open(taskId, directory) {
      const { place, prefix } = await repositoryOf(directory);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(await realpath(folder), `borgos-${instance}-task-${taskId}`);
      const head = await git.ask({ directory }, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
      const baseCommit = await git.run({ directory }, ['rev-parse', '--verify', 'HEAD^{commit}']);
      const branch = `borgos/task-${taskId}`;
      if (!(await find(path, directory))) await addWorktree(place, path, branch, baseCommit);
      const baseBranch = head.code === 0 ? head.output.trim() : null;
      return { path, cwd: join(path, prefix), branch, baseBranch, baseCommit };
    },

    find,
    snapshot,

    async commit(opened, branch, message) {
      const { place } = opened;
      const tree = await snapshot(opened);
      const head = await git.run(place, ['rev-parse', '--verify', `refs/heads/${branch}^{commit}`]);
      if (tree === (await git.run(place, ['rev-parse', `${head}^{tree}`]))) return head;
      const commit = await git.run(place, ['commit-tree', tree, '-p', head, '-m', message]);
      await git.run(place, ['update-ref', `refs/heads/${branch}`, commit, head]);
      // So that its index says the same as its branch, and git finds it clean.
      await git.run(place, ['read-tree', commit]);
      return commit;
    },

    async isUntouched(opened, branch, baseCommit) {
      const { place } = opened;
      const head = await git.run(place, ['rev-parse', '--verify', `refs/heads/${branch}^{commit}`]);
      if (head !== baseCommit) return false;
      const tree = await git.run(place, ['rev-parse', `${baseCommit}^{tree}`]);
      return tree === (await snapshot(opened));
    },

    async remove({ path, repository }, branch) {
      const { code } = await git.ask(repository, ['worktree', 'remove', path]);
      if (code !== 0) return false;
      if (branch) await git.run(repository, ['update-ref', '-d', `refs/heads/${branch}`]);
      return true;
    },

    async list() {
      const names = await readdir(folder).catch(() => []);
      return names.flatMap((name) => {
        const [, home, taskId] = /^borgos-([0-9a-f]+)-task-(\d+)$/.exec(name) ?? [];
        return home === instance ? [{ path: join(folder, name), taskId: Number(taskId) }] : [];
      });
    },

    async isDirty(path) {
      const status = ['status', '--porcelain', '--untracked-files=normal'];
      const { code, output } = await git.ask({ directory: path }, status);
      return code !== 0 || output !== '';
    },

    async discard(path) {
      const { code } = await git.ask({ directory: path }, ['worktree', 'remove', '--force', path]);
      // Its repository may be gone, or not know it.
      if (code !== 0) await rm(path, { recursive: true, force: true });
    },
  };
}

async function snapshot({ git, place }: Opened): Promise<string> {
  const { gitDirectory } = place;
  if (gitDirectory === undefined) throw new GitFailure('the worktree has no directory of git');
  const indexFile = join(gitDirectory, `borgos-${randomUUID()}.index`);
  try {
    // With what git knows of the files already, so that only what has changed is read.
    await copyFile(join(gitDirectory, 'index'), indexFile);
    const own = { ...place, indexFile };
    await git.run(own, ['add', '--all', '--', '.']);
    return await git.run(own, ['write-tree']);
  } finally {
    await rm(indexFile, { force: true });
    await rm(`${indexFile}.lock`, { force: true });
  }
}
