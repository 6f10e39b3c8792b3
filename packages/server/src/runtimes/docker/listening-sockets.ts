import { readFile } from 'node:fs/promises';
import type { Listener } from '../../deployments/runtime.ts';

/** The state of a socket in `/proc/net/tcp` that listens. */
const listening = '0A';
/** Where the engine answers the name queries of containers, inside of each. */
const engineResolver = '127.0.0.11';

/**
 * Where the processes of a container listen, read in the network namespace of its first process.
 * `[]` where that can't be seen: in another system, or from inside of a container.
 */
export async function listenersOf(containerId: string, pid: number): Promise<Listener[]> {
  if (pid <= 0) return [];
  try {
    // The same number may be another process here when the engine counts in another namespace.
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    if (!groups.includes(containerId)) return [];
    const tables = await Promise.all(
      ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8')),
    );
    return tables.flatMap(parseListeners).filter(({ host }) => host !== engineResolver);
  } catch {
    return [];
  }
}

/** The sockets that listen of a `/proc/<pid>/net/tcp` or `tcp6`. */
export function parseListeners(table: string): Listener[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address, port] = local.split(':');
    if (state !== listening || address === undefined || port === undefined) return [];
    return [{ host: readAddress(address), port: Number.parseInt(port, 16) }];
  });
}

/** The kernel writes each 32-bit word in the machine's byte order, which is little-endian. */
function readAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const mapped = /^0:0:0:0:0:ffff:/.test(groups.join(':'));
  if (mapped) return bytes.slice(12).join('.');
  // Shortened as an address is written: of `0:0:…` and `…:0:0` the longest run of zeros.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
