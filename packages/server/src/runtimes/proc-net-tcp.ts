import type { Connection, Listener } from '../deployments/runtime.ts';

/** The state of a socket that listens. */
const listening = '0A';

/** The sockets that listen of a `/proc/<pid>/net/tcp` or `tcp6`, with their inodes. */
export function parseListening(text: string): { inode: string; listener: Listener }[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [host = '', port = ''] = local.split(':');
    if (state !== listening) return [];
    return [{ inode, listener: { host: formatAddress(host), port: Number.parseInt(port, 16) } }];
  });
}

/** The two ends of a connection as a key. */
export function endsOf({ client, server }: Connection): string {
  return `${plainHost(client.host)} ${client.port} ${plainHost(server.host)} ${server.port}`;
}

/**
 * The sockets at the clients' ends of all connections to a port, in some lines of a `/proc/net/tcp`
 * or `tcp6`. The inode is `0` once no process has the socket any more.
 */
export function parseClients(
  text: string,
  serverPort: number,
): { ends: string; inode: string; uid: number }[] {
  const port = serverPort.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(
    `^ *\\d+: (\\w+):(\\w+) (\\w+):${port} \\w+ \\S+ \\S+ \\S+ +(\\d+) +\\d+ (\\d+)`,
    'gm',
  );
  return [...text.matchAll(line)].map(([, local = '', hex = '', remote = '', uid, inode = '0']) => {
    const client = { host: formatAddress(local), port: Number.parseInt(hex, 16) };
    const server = { host: formatAddress(remote), port: serverPort };
    return { ends: endsOf({ client, server }), inode, uid: Number(uid) };
  });
}

/** A server that listens for IPv6, too, tells ends of IPv4 as `::ffff:127.0.0.1`. */
function plainHost(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, '');
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
