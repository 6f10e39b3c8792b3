// A client of /ws that costs next to nothing, so that it does not take the CPU from what is measured.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connected, and subscribed to projects. */
export async function openClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const lines = ['GET /ws HTTP/1.1', `Host: localhost:${port}`, 'Connection: Upgrade'];
  lines.push('Upgrade: websocket', 'Sec-WebSocket-Version: 13');
  socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  await once(socket, 'data');
  socket.write(masked('{"type":"subscribe","channels":["projects"]}'));
  await once(socket, 'data');
  return socket;
}

/** What a client answers to a ping, or it is taken for dead. */
export const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** In a chunk of small frames, none of which is cut. */
export function* framesIn(data: Buffer): Iterable<'ping' | 'event'> {
  for (let at = 0; at < data.length; ) {
    const length = data[at + 1] ?? 0;
    yield data[at] === 0x89 ? 'ping' : 'event';
    at += length < 126 ? 2 + length : 4 + data.readUInt16BE(at + 2);
  }
}

function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
