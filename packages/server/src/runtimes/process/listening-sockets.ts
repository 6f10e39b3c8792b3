import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Listener } from '../../deployments/runtime.ts';
import { parseListening } from '../proc-net-tcp.ts';

/** The TCP sockets that any of the processes listens on; `[]` where the system does not tell. */
export async function listeningSockets(pids: number[]): Promise<Listener[]> {
  if (process.platform !== 'linux') return [];
  const listeners = new Map<string, Listener>();
  for (const pid of pids) {
    const inodes = await socketInodes(pid);
    if (inodes.size === 0) continue;
    for (const table of ['tcp', 'tcp6']) {
      // By its own view: it may be in a network of its own.
      const text = await readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '');
      for (const { inode, listener } of parseListening(text)) {
        if (inodes.has(inode)) listeners.set(`${listener.host} ${listener.port}`, listener);
      }
    }
  }
  return [...listeners.values()].sort((a, b) => a.port - b.port || (a.host < b.host ? -1 : 1));
}

export async function socketInodes(pid: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  const directory = `/proc/${pid}/fd`;
  for (const name of await readdir(directory).catch(() => [])) {
    const link = await readlink(`${directory}/${name}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}
