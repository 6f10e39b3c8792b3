import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What `ws` does by itself, to compare with: tells everybody the same, one after the other. */
export async function servePlainWebSocket() {
  const server = createServer();
  const sockets = new Set<WebSocket>();
  const upgrader = new WebSocketServer({ server, path: '/ws', clientTracking: false });
  upgrader.on('connection', (ws) => {
    sockets.add(ws);
    ws.on('close', () => sockets.delete(ws));
    ws.on('message', () => ws.send('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    count: () => sockets.size,
    tell(text: string) {
      for (const ws of sockets) ws.send(text);
    },
  };
}
