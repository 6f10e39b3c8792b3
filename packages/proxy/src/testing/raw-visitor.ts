import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitUntil } from './wait-until.ts';

export interface RawVisitor {
  socket: Socket;
  send(bytes: string | Buffer): void;
  /** All that has come so far, one character a byte. */
  received(): string;
  /** Waits until what has come matches. */
  expect(pattern: RegExp): Promise<string>;
  /** Waits until the other side has ended the connection. */
  ended(): Promise<string>;
}

/** A visitor that sends exactly the bytes it is told to. */
export async function connectRawVisitor(port: number): Promise<RawVisitor> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let hasEnded = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('end', () => {
    hasEnded = true;
  });
  socket.on('close', () => {
    hasEnded = true;
  });
  await once(socket, 'connect');
  return {
    socket,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    received: () => text,
    async expect(pattern) {
      await waitUntil(
        () => pattern.test(text),
        () => `${pattern} in ${JSON.stringify(text)}`,
      );
      return text;
    },
    async ended() {
      await waitUntil(
        () => hasEnded,
        () => `the end of ${JSON.stringify(text)}`,
      );
      return text;
    },
  };
}
