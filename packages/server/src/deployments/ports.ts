import { createServer } from 'node:net';

export interface PortRange {
  first: number;
  last: number;
}

/** Where a deployment gets its port from when none is named. */
export const defaultFreePorts: PortRange = { first: 8090, last: 9999 };

/**
 * Whether no process of this machine listens on a port, on any address. A courtesy to answer early:
 * what decides is the proxy's own bind.
 */
export async function isPortFree(port: number): Promise<boolean> {
  const [v4, v6] = await Promise.all([canBind(port, '0.0.0.0'), canBind(port, '::')]);
  return v4 && v6;
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has nothing that could listen there.
      resolve(error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
    });
    server.listen({ port, host, ipv6Only: true, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
