import { execFile } from 'node:child_process';
import { safeGitEnvironment, safeGitSettings } from '../../safe-git.ts';
import type { Repository } from './repository.ts';

/** Where programs usually are, for who does not know better. */
const standardSearchPath =
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin';
const mostOutputBytes = 8 * 1_048_576;

interface GitAnswer {
  /** The exit code; `undefined`: it did not come to its end, `problem` says why. */
  code: number | undefined;
  output: string;
  problem: string | undefined;
}

export type RunGit = (...command: string[]) => Promise<GitAnswer>;

/**
 * Runs git on a repository whose settings may be hostile. It is told where the repository is, so
 * that it neither looks for another one nor asks who owns it, and everything by which settings name
 * a program is turned off. Still only commands may be asked that compare no files (those run
 * filters) and show no differences (those run drivers): `rev-list`, `diff-index --cached --quiet`.
 *
 * @param remainingMs how long an answer may take; nothing is run once it is 0
 */
export function createRunGit(
  repository: Repository,
  {
    searchPath = standardSearchPath,
    remainingMs,
  }: { searchPath?: string | undefined; remainingMs(): number },
): RunGit {
  const options = [
    '--no-pager',
    '--literal-pathspecs',
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    `--git-dir=${repository.gitDirectory}`,
    `--work-tree=${repository.workTree}`,
  ];
  const env = { ...environment, PATH: searchPath };

  return (...command) => {
    const timeout = Math.floor(remainingMs());
    if (timeout <= 0) return Promise.resolve(failed('there was no time left to ask git'));
    return new Promise((resolve) => {
      execFile(
        'git',
        [...options, ...command],
        { cwd: '/', env, timeout, killSignal: 'SIGKILL', maxBuffer: mostOutputBytes },
        (error, output, errors) => {
          if (!error) resolve({ code: 0, output, problem: undefined });
          else if (error.code === 'ENOENT') resolve(failed('git is not installed on this machine'));
          else if (typeof error.code === 'number') {
            // 1 is an answer: no.
            const said = error.code > 1 && errors.trim().split('\n')[0]?.slice(0, 200);
            const problem = said ? `git says: ${said}` : undefined;
            resolve({ code: error.code, output, problem });
          } else if (error.killed) resolve(failed('git did not answer in time'));
          else resolve(failed(`git could not be run: ${error.code ?? error.signal}`));
        },
      ).stdin?.end();
    });
  };
}

function failed(problem: string): GitAnswer {
  return { code: undefined, output: '', problem };
}

const settings = { ...safeGitSettings, 'log.showSignature': 'false' };
const environment = { ...safeGitEnvironment, GIT_OPTIONAL_LOCKS: '0' };
