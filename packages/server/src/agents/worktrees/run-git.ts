import { execFile } from 'node:child_process';
import { safeGitEnvironment, safeGitSettings } from '../../safe-git.ts';

export interface GitPlace {
  /** Of the repository, or of one of its worktrees. `undefined`: git looks for it from `directory`. */
  gitDirectory?: string;
  /** Where it is run; the root of the files, if `gitDirectory` is given. */
  directory: string;
  /** In place of the index of the worktree. */
  indexFile?: string;
}

export interface GitAnswer {
  code: number;
  output: string;
  errors: string;
  /** There was more output than was asked for. */
  isCut: boolean;
}

export class GitFailure extends Error {
  override name = 'GitFailure';
}

export interface Git {
  /** Whatever the exit code is. @throws GitFailure when git could not be run to its end */
  ask(place: GitPlace, command: string[], options?: { mostBytes?: number }): Promise<GitAnswer>;
  /** The output without the last newline. @throws GitFailure also for any exit code but 0 */
  run(place: GitPlace, command: string[]): Promise<string>;
}

const timeoutMs = 60_000;
const usualBytes = 8 * 1_048_576;
const standardSearchPath = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';

/**
 * Runs git on repositories whose settings and files may be hostile, as an agent may have written
 * them: no hook, filter, merge driver or other program that they name is run, and nothing is fetched.
 */
export function createGit(searchPath: string = standardSearchPath): Git {
  async function ask(
    place: GitPlace,
    command: string[],
    { mostBytes = usualBytes }: { mostBytes?: number } = {},
  ): Promise<GitAnswer> {
    const settings = { ...safeSettings, ...(await findPrograms(place)) };
    return execute(place, command, settings, mostBytes);
  }

  /** What the settings of the repository name as programs, turned off. */
  async function findPrograms(place: GitPlace): Promise<Record<string, string>> {
    const list = ['config', '--list', '--name-only', '-z'];
    const { output } = await execute(place, list, safeSettings, usualBytes);
    return Object.fromEntries(
      output.split('\0').flatMap((name) => {
        // One that fails: a merge driver is then a conflict, instead of a wrong result.
        if (/^merge\..*\.driver$/is.test(name)) return [[name, 'false']];
        if (/^filter\..*\.required$/is.test(name)) return [[name, 'false']];
        return /^(?:filter|diff)\..*\.(?:clean|smudge|process|command|textconv)$/is.test(name)
          ? [[name, '']]
          : [];
      }),
    );
  }

  function execute(
    { gitDirectory, directory, indexFile }: GitPlace,
    command: string[],
    settings: Record<string, string>,
    maxBuffer: number,
  ): Promise<GitAnswer> {
    const place =
      gitDirectory === undefined ? [] : [`--git-dir=${gitDirectory}`, `--work-tree=${directory}`];
    const env = {
      ...safeEnvironment,
      ...asEnvironment(settings),
      PATH: searchPath,
      ...(indexFile !== undefined && { GIT_INDEX_FILE: indexFile }),
    };
    const options = {
      cwd: directory,
      env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer,
    };
    return new Promise((resolve, reject) => {
      const child = execFile('git', [...place, ...command], options, (error, output, errors) => {
        if (!error) resolve({ code: 0, output, errors, isCut: false });
        else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
          resolve({ code: 0, output, errors, isCut: true });
        } else if (typeof error.code === 'number') {
          resolve({ code: error.code, output, errors, isCut: false });
        } else if (error.code === 'ENOENT') {
          reject(
            new GitFailure(`git cannot be run in ${directory}: it or the folder is not there`),
          );
        } else if (error.killed) reject(new GitFailure('git did not answer within 60 seconds'));
        else reject(new GitFailure(`git could not be run: ${error.code ?? error.signal}`));
      });
      child.stdin?.end();
    });
  }

  return {
    ask,
    async run(place, command) {
      const { code, output, errors } = await ask(place, command);
      if (code === 0) return output.replace(/\n$/, '');
      const said = errors.trim().split('\n')[0]?.slice(0, 300) ?? '';
      throw new GitFailure(`git ${command[0]} failed: ${said || `exit code ${code}`}`);
    },
  };
}

/** By the environment, as the name of a setting may have any character in it. */
function asEnvironment(settings: Record<string, string>): Record<string, string> {
  const entries = Object.entries(settings);
  return {
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
}

const safeSettings: Record<string, string> = {
  ...safeGitSettings,
  'commit.gpgSign': 'false',
  'merge.autoStash': 'false',
  'submodule.recurse': 'false',
  'advice.detachedHead': 'false',
};

const safeEnvironment = {
  ...safeGitEnvironment,
  GIT_LITERAL_PATHSPECS: '1',
  GIT_AUTHOR_NAME: 'BorgOS',
  GIT_AUTHOR_EMAIL: 'borgos@localhost',
  GIT_COMMITTER_NAME: 'BorgOS',
  GIT_COMMITTER_EMAIL: 'borgos@localhost',
};
