import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limits } from './limits.ts';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { startRawTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

/** An app that has got the request for an upgrade and does not answer it, and who waits for that. */
async function setUp() {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const app = await startRawTarget((socket) => socket.once('data', () => resolve(socket)));
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  onTestFinished(() => void visitor.socket.destroy());
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  return { app, visitor, socket: await promise };
}

test.each([
  ['with a reset', (socket: Socket) => void socket.resetAndDestroy()],
  ['with an end', (socket: Socket) => void socket.end()],
  ['after sending something', (socket: Socket) => void socket.end('early')],
])(
  'a visitor that leaves %s while its upgrade waits ends it at the target',
  async (_how, leave) => {
    const { app, visitor } = await setUp();
    leave(visitor.socket);
    await waitUntil(
      () => app.open.size === 0,
      () => 'the end of the connection to the target',
    );
  },
);

test('all that is sent before an upgrade is answered arrives behind it, in order', async () => {
  const { visitor, socket } = await setUp();
  const sent = Buffer.alloc(64 * limits.aheadBytes, '0123456789');
  for (let at = 0; at < sent.length; at += 100_000) visitor.send(sent.subarray(at, at + 100_000));
  // Not all of it is read, however long that takes.
  await waitUntil(
    () => visitor.socket.writableLength > 0,
    () => 'the visitor to be held up',
  );
  const got: Buffer[] = [];
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    got.push(chunk);
    bytes += chunk.length;
    if (bytes >= sent.length) socket.end();
  });
  socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await once(socket, 'finish');
  expect(Buffer.concat(got).equals(sent)).toBe(true);
});
