import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Target } from '../route.ts';

export interface TestTarget {
  target: Target;
  /** How many connections it has taken so far. */
  connections(): number;
  /** Those that are open now. */
  open: Set<Socket>;
  close(): Promise<void>;
}

/** A real HTTP server in the place of a deployed app. */
export async function startTarget(listener: RequestListener | Server): Promise<TestTarget> {
  const server = typeof listener === 'function' ? createServer(listener) : listener;
  return await listen(server);
}

/** An app that speaks whatever the test wants, down to the byte. */
export async function startRawTarget(onConnection: (socket: Socket) => void): Promise<TestTarget> {
  return await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    }),
  );
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<TestTarget> {
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: { host: '127.0.0.1', port: portOf(server) },
    connections: () => connections,
    open,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

export function portOf(server: ReturnType<typeof createTcpServer>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}
