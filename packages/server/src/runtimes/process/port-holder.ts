import { readdir, readFile } from 'node:fs/promises';
import { parseListening } from '../proc-net-tcp.ts';
import { socketInodes } from './listening-sockets.ts';

export interface PortHolder {
  pid: number;
  /** Of the program, without its arguments: these can hold secrets. */
  name: string;
}

/** Who listens on a port; `null` where the system does not tell, as of other users. */
export async function findPortHolder(port: number): Promise<PortHolder | null> {
  if (process.platform !== 'linux') return null;
  const inodes = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
    for (const { inode, listener } of parseListening(text)) {
      if (listener.port === port) inodes.add(inode);
    }
  }
  if (inodes.size === 0) return null;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    if (inodes.isDisjointFrom(await socketInodes(pid))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return { pid, name: name.trim() || 'a program' };
  }
  return null;
}
