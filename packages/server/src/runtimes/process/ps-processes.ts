import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessTable } from './process-table.ts';

const run = promisify(execFile);

interface Row {
  pid: number;
  group: number;
  state: string;
  started: string;
}

/** The process table of systems without `/proc`, such as macOS, as `ps` prints it. */
export function psProcesses(): ProcessTable {
  async function rows(which: string[]): Promise<Row[]> {
    const text = await ps([...which, '-o', 'pid=,pgid=,stat=,lstart=']);
    return text.split('\n').flatMap((line) => {
      const [, pid, group, state = '', started = ''] =
        /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), group: Number(group), state, started }];
    });
  }

  return {
    async identify(pid) {
      const [row] = await rows(['-p', String(pid)]);
      return row === undefined ? null : { pid, startedAt: row.started };
    },

    async isAlive({ pid, startedAt }) {
      const [row] = await rows(['-p', String(pid)]);
      return row !== undefined && !row.state.startsWith('Z') && row.started === startedAt;
    },

    async group(leader) {
      const living = (await rows(['-A'])).filter((row) => !row.state.startsWith('Z'));
      return living.filter((row) => row.group === leader).map((row) => row.pid);
    },

    async marked(variable) {
      // Ids are given out in rising order, so that sorting by them puts the oldest first.
      const text = await ps(['-A', '-E', '-ww', '-o', 'pid=,command=']);
      return text.split('\n').flatMap((line) => {
        const [, pid, rest = ''] = /^\s*(\d+)\s(.*)$/.exec(line) ?? [];
        const start = rest.indexOf(` ${variable}=`);
        if (pid === undefined || start < 0) return [];
        const value = rest.slice(start + variable.length + 2).split(' ', 1)[0] ?? '';
        return [{ pid: Number(pid), value }];
      });
    },
  };
}

/** `ps` exits with 1 when it found no process: that is an answer, not a failure. */
async function ps(args: string[]): Promise<string> {
  const options = { timeout: 10_000, maxBuffer: 64 * 1024 ** 2, env: { LC_ALL: 'C', PATH } };
  try {
    return (await run('ps', args, options)).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return '';
    throw error;
  }
}

const PATH = '/bin:/usr/bin';
