import { spawnSync } from 'node:child_process';
import type { ParsedQuery } from '../query/parsed-query.ts';

export interface RipgrepResult {
  /** In the project, with slashes. */
  files: string[];
  /** Why there may be more, if that is so. */
  incomplete: string | null;
}

const mostBytes = 4 * 1024 ** 2;

/**
 * Which files may match, found by looking through all of them: where no index can tell, or there is
 * none yet. Waits for it: only for a thread of its own.
 */
export function runRipgrep(
  program: string,
  directory: string,
  { literals, regexes, caseSensitive }: Pick<ParsedQuery, 'literals' | 'regexes' | 'caseSensitive'>,
  patienceMs: number,
): RipgrepResult {
  const [literal] = literals;
  const [pattern = ''] = regexes;
  const args = [
    ...[
      '--no-config',
      '--files-with-matches',
      '--null',
      '--no-messages',
      '--hidden',
      '--threads=2',
    ],
    ...['--glob=!.git', '--max-filesize=4M', '--sort=none'],
    caseSensitive ? '--case-sensitive' : '--ignore-case',
    // The first that is asked for is enough to leave most files out.
    ...(literal === undefined
      ? ['--engine=auto', '--regexp', pattern]
      : ['--fixed-strings', '--regexp', literal]),
    '--',
    '.',
  ];
  const { stdout, status, error } = spawnSync(program, args, {
    cwd: directory,
    timeout: patienceMs,
    maxBuffer: mostBytes,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
    // Nothing of the server's environment.
    env: {},
  });
  const names = (stdout ?? Buffer.alloc(0)).toString('utf8').split('\0');
  // What follows the last NUL is empty, or was cut.
  const files = names.slice(0, -1).map((name) => name.replace(/^\.\//, ''));
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    return { files, incomplete: `looking through all files took longer than ${patienceMs} ms` };
  }
  if (status === null || status > 1) {
    const why = error
      ? 'it could not be looked through'
      : 'the pattern is one that only an index helps with';
    return { files, incomplete: why };
  }
  return { files, incomplete: null };
}
