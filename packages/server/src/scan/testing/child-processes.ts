import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The processes that look through files for another one. */
export async function childProcessesOf(pid: number, name = 'scan-child'): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [id, parent, state, ...command] = line.trim().split(/\s+/);
    const isOne = Number(parent) === pid && !state?.startsWith('Z');
    return isOne && command.join(' ').includes(name) ? Number(id) : [];
  });
}

export async function isGone(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,stat=']);
  return !stdout.split('\n').some((line) => {
    const [id, state] = line.trim().split(/\s+/);
    return Number(id) === pid && !state?.startsWith('Z');
  });
}
