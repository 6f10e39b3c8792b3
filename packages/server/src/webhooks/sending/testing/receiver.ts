import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A receiver on loopback until the test ends, with what it saw. */
export interface Receiver {
  port: number;
  url: string;
  /** Everything that was sent to it. */
  readonly received: string;
  /** How many connections were made to it. */
  readonly connections: number;
  /** How many of them are still open. */
  readonly open: number;
  /** How many were open at once at most. */
  readonly mostOpen: number;
  /** Bytes on the wire, TLS included. */
  readonly bytesRead: number;
}

export interface ReceiverOptions {
  host?: string;
  tls?: TlsOptions;
}

/** Runs `answer` on each connection at the first byte, or with `'silent'` reads and says nothing. */
export async function startReceiver(
  answer: ((socket: Socket) => void) | 'silent',
  { host = '127.0.0.1', tls }: ReceiverOptions = {},
): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let received = '';
  let connections = 0;
  let mostOpen = 0;
  let bytesRead = 0;
  const accept = (socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received += data;
    });
    if (answer !== 'silent') socket.once('data', () => answer(socket));
  };
  const server: Server = tls ? createTlsServer(tls, accept) : createServer(accept);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    mostOpen = Math.max(mostOpen, sockets.size);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      bytesRead += socket.bytesRead;
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port,
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/hook?team=7`,
    get received() {
      return received;
    },
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    get mostOpen() {
      return mostOpen;
    },
    get bytesRead() {
      return [...sockets].reduce((sum, socket) => sum + socket.bytesRead, bytesRead);
    },
  };
}
