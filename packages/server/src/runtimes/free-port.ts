import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that the system gives to outgoing connections, so that none of those takes the
 * port of an instance while it restarts.
 */
export const firstPort = 20_000;
export const lastPort = 29_999;

/** A port that nothing listens on, on loopback or all addresses, and that is not in `taken`. */
export async function findFreePort(taken: ReadonlySet<number>): Promise<number> {
  const start = randomInt(firstPort, lastPort + 1);
  const count = lastPort - firstPort + 1;
  for (let step = 0; step < count; step += 1) {
    const port = firstPort + ((start - firstPort + step) % count);
    if (taken.has(port)) continue;
    if ((await canBind(port, '127.0.0.1')) && (await canBind(port, '0.0.0.0'))) return port;
  }
  throw new Error(`no port from ${firstPort} to ${lastPort} is free`);
}

function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
