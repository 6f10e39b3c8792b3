import { execFileSync } from 'node:child_process';
import { makeProjectFolder } from '../../../testing/project-folder.ts';

/** For git in a folder of a test, whatever the settings of the machine are. */
export function gitIn(directory: string, env: Record<string, string> = {}) {
  return (...command: string[]): string =>
    execFileSync('git', command, {
      cwd: directory,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: '/nowhere',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Test',
        GIT_AUTHOR_EMAIL: 'test@example.com',
        GIT_COMMITTER_NAME: 'Test',
        GIT_COMMITTER_EMAIL: 'test@example.com',
        ...env,
      },
    });
}

/** A repository with some files, none of them added, gone when the test is over. */
export async function makeGitFolder(files: Record<string, string> = {}, init: string[] = []) {
  const folder = await makeProjectFolder(files);
  const git = gitIn(folder.path);
  git('init', '--quiet', '--initial-branch=main', ...init);
  return { ...folder, git };
}

/** What the walk must find, in the order of git: without what is deleted, and without links. */
export function listedByGit(directory: string, isFile: (file: string) => boolean): string[] {
  const text = gitIn(directory)('ls-files', '-coz', '--exclude-standard');
  return [...new Set(text.split('\0').slice(0, -1).filter(isFile))].sort();
}
