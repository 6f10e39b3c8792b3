import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Listener } from '../../deployments/runtime.ts';

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

async function socketInodes(pid: number): Promise<Set<string>> {
  const inodes = new Set<string>();
  const directory = `/proc/${pid}/fd`;
  for (const name of await readdir(directory).catch(() => [])) {
    const link = await readlink(`${directory}/${name}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

const listening = '0A';

/** The lines of `/proc/net/tcp` and `tcp6` whose socket listens. */
export function parseListening(text: string): { inode: string; listener: Listener }[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [host = '', port = ''] = local.split(':');
    if (state !== listening) return [];
    return [{ inode, listener: { host: formatAddress(host), port: Number.parseInt(port, 16) } }];
  });
}

/** The kernel prints addresses as words in the machine's byte order, which is little-endian. */
function formatAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => Buffer.from(word, 'hex').reverse().toJSON().data);
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  if (groups.slice(0, 6).join() === '0,0,0,0,0,ffff') return bytes.slice(12).join('.');
  // The URL parser is the system's own shortener of such addresses.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
