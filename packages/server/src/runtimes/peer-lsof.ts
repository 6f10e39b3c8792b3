import { execFile } from 'node:child_process';
import type { Connection } from '../deployments/runtime.ts';

/** The process at the client's end of a connection, on macOS; `null` when it can't be found. */
export async function findOwnerByLsof(connection: Connection): Promise<number | null> {
  const { port } = connection.client;
  const args = ['-nP', `-iTCP:${port}`, '-sTCP:ESTABLISHED', '-Fpn'];
  return parseLsof(await output('lsof', args), connection);
}

/** A line `p` begins a process, a line `n` has both ends of a socket of it, its own first. */
export function parseLsof(text: string, { client, server }: Connection): number | null {
  const ends = `n${formatEnd(client)}->${formatEnd(server)}`;
  let pid: number | null = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    if (line === ends) return pid;
  }
  return null;
}

/** The path of a process's program, on macOS. */
export async function commandByPs(pid: number): Promise<string> {
  return (await output('ps', ['-p', String(pid), '-o', 'comm='])).trim();
}

/** The ids of a process's ancestors and of the first process of its group, on macOS. */
export async function relativesByPs(pid: number): Promise<Set<number>> {
  const rows = (await output('ps', ['-A', '-o', 'pid=,ppid=,pgid='])).split('\n');
  const above = new Map(
    rows.map((row) => row.trim().split(/\s+/).map(Number)).map(([id = 0, ...rest]) => [id, rest]),
  );
  const relatives = new Set([pid]);
  for (const relative of relatives) {
    if (relative <= 1 || relative === process.pid) continue;
    for (const next of above.get(relative) ?? []) relatives.add(next);
  }
  return relatives;
}

function formatEnd({ host, port }: { host: string; port: number }): string {
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '');
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** What it printed; nothing when it fails, as it does when it finds nothing. */
function output(program: string, args: string[]): Promise<string> {
  const options = { timeout: 1_000, maxBuffer: 8 * 1024 ** 2, env: { LC_ALL: 'C', PATH } };
  return new Promise((resolve) => {
    execFile(program, args, options, (_error, stdout) => resolve(stdout));
  });
}

const PATH = '/bin:/usr/bin:/sbin:/usr/sbin';
