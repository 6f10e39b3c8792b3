import { expect, onTestFinished, test, vi } from 'vitest';
import { limits } from './limits.ts';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { startRawTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

/** A proxy before an app that answers everything; `seen` is what arrived there, to the byte. */
async function setUp() {
  let seen = '';
  const app = await startRawTarget((socket) => {
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  return { port, seen: () => seen };
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

test.each([
  [
    'a length and chunks',
    'Content-Length: 4\r\nTransfer-Encoding: chunked',
    `0\r\n\r\n${smuggled}`,
  ],
  [
    'chunks and a length',
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
    `0\r\n\r\n${smuggled}`,
  ],
  ['two lengths', 'Content-Length: 0\r\nContent-Length: 35', smuggled],
  ['a list of lengths', 'Content-Length: 0, 35', smuggled],
  ['a signed length', 'Content-Length: +35', smuggled],
  ['a hexadecimal length', 'Content-Length: 0x10', smuggled],
  ['a length that is not a number', 'Content-Length: 1e1', smuggled],
  ['an unknown coding before chunked', 'Transfer-Encoding: gzip, chunked', '0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked', `0\r\n\r\n${smuggled}`],
  ['chunked not last', 'Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`],
  ['a misspelt coding', 'Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`],
  ['a coding after a space', 'Transfer-Encoding : chunked', `0\r\n\r\n${smuggled}`],
  ['a folded coding', 'Transfer-Encoding:\r\n chunked', `0\r\n\r\n${smuggled}`],
  ['a coding with a control character', 'Transfer-Encoding: \x0bchunked', `0\r\n\r\n${smuggled}`],
  ['a header with a bare line feed', 'X: a\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
  ['a header with a bare return', 'X: a\rTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
  ['a header name with a space', 'X Y: a', ''],
  ['a zero byte', 'X: a\0b', ''],
  ['two hosts', 'Host: b', ''],
])(
  'a request with %s is refused, and nothing of it reaches the target',
  async (_, header, rest) => {
    const { port, seen } = await setUp();
    const visitor = await connectRawVisitor(port);
    visitor.send(`POST / HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n${rest}`);
    const text = await visitor.expect(/^HTTP\/1\.1 (400|501) /);
    expect(text).not.toContain('200 OK');
    expect(seen()).toBe('');
    visitor.socket.destroy();
  },
);

test.each([
  ['a chunk size that is no number', 'zz\r\n'],
  ['a chunk size beyond all bounds', 'fffffffffffffffffff\r\n'],
  ['a chunk longer than it says', '1\r\nabc\r\n0\r\n\r\n'],
  ['a chunk size with a bare line feed', '1\na\r\n0\r\n\r\n'],
])('a body with %s ends the connection to visitor and target', async (_, body) => {
  const { port, seen } = await setUp();
  const visitor = await connectRawVisitor(port);
  visitor.send(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${smuggled}`,
  );
  await visitor.ended();
  expect(seen()).not.toContain('smuggled');
});

test.each([
  ['HTTP/1.0 with chunks', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['HTTP/1.1 without a host', 'GET / HTTP/1.1\r\n\r\n'],
  ['a target that is no path', 'GET a.example/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['credentials in the target', 'GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown protocol', 'GET / HTTP/3.7\r\nHost: a\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('%s is refused', async (_what, bytes) => {
  const { port, seen } = await setUp();
  const visitor = await connectRawVisitor(port);
  visitor.send(bytes);
  await visitor.expect(/^HTTP\/1\.1 400 /);
  expect(seen()).toBe('');
  visitor.socket.destroy();
});

test('the length header cannot be stripped by naming it in Connection', async () => {
  const { port, seen } = await setUp();
  const visitor = await connectRawVisitor(port);
  visitor.send(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length, Transfer-Encoding\r\n' +
      'Content-Length: 4\r\n\r\nbody',
  );
  await visitor.expect(/200 OK/);
  await waitUntil(
    () => seen().endsWith('body'),
    () => 'the body',
  );
  expect(seen()).toContain('\r\nContent-Length: 4\r\n');
  visitor.socket.destroy();
});

test('headers over the limit are 431, up to it they all arrive', async () => {
  const { port, seen } = await setUp();
  const visitor = await connectRawVisitor(port);
  visitor.send(
    `GET / HTTP/1.1\r\nHost: a\r\n${`a: ${'b'.repeat(1023)}\r\n`.repeat(limits.headerBytes / 1024)}\r\n`,
  );
  await visitor.expect(/^HTTP\/1\.1 431 /);
  visitor.socket.destroy();
  expect(seen()).toBe('');

  // More than Node would keep by default.
  const many = await connectRawVisitor(port);
  many.send(`GET / HTTP/1.1\r\nHost: a\r\n${'x:y\r\n'.repeat(3000)}\r\n`);
  await many.expect(/\r\n\r\nok$/);
  many.socket.destroy();
  expect(seen().match(/\r\nx: y(?=\r\n)/g)).toHaveLength(3000);
});
