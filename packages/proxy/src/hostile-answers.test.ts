import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { startRawTarget } from './testing/targets.ts';

vi.setConfig({ testTimeout: 30_000 });

/** An app that answers `/next` properly, and everything else with the bytes of the moment. */
async function startHostileApp() {
  let bytes = '';
  let thenEnds = false;
  const app = await startRawTarget((socket) => {
    socket.on('data', (chunk) => {
      if (/^\w+ \/next /.test(chunk.toString('latin1'))) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
        return;
      }
      socket.write(bytes, 'latin1');
      if (thenEnds) socket.end();
    });
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);

  async function ask(path: string, headers = '') {
    const visitor = await connectRawVisitor(port);
    visitor.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    return visitor;
  }

  return {
    answer(text: string, ends: boolean) {
      bytes = text;
      thenEnds = ends;
    },
    ask,
    /** What others are answered, on connections of their own. */
    async askNext(): Promise<void> {
      const visitor = await ask('/next', 'Connection: close\r\n');
      const text = await visitor.ended();
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nnext$/);
    },
  };
}

const ok = (headers: string, body = 'ok') => `HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`;
const framed = (line: string) => `${line}\r\nContent-Length: 2\r\n\r\nok`;
const poison = ok('Content-Length: 6', 'poison');

test.each([
  ['chunks and a length', ok('Transfer-Encoding: chunked\r\nContent-Length: 3', '0\r\n\r\n')],
  ['the same length twice', ok('Content-Length: 2\r\nContent-Length: 2')],
  ['a negative length', ok('Content-Length: -2')],
  ['an empty length', ok('Content-Length:')],
  ['an unknown coding', ok('Transfer-Encoding: gzip, chunked', '2\r\nok\r\n0\r\n\r\n')],
  ['chunked not last', ok('Transfer-Encoding: chunked, identity', '2\r\nok\r\n0\r\n\r\n')],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bare return in a value', ok('X: a\rSet-Cookie: b\r\nContent-Length: 2')],
  ['a bare line feed in a value', ok('X: a\nSet-Cookie: b\r\nContent-Length: 2')],
  ['a zero byte in a value', ok('X: a\0\r\nContent-Length: 2')],
  ['a folded header', ok('X: a\r\n b\r\nContent-Length: 2')],
  ['a space before the colon', ok('X : a\r\nContent-Length: 2')],
  ['a zero byte in its first line', framed('HTTP/1.1 200 a\0b')],
  ['a control character in its first line', framed('HTTP/1.1 200 a\x1bb')],
  ['the status 099', framed('HTTP/1.1 099 x')],
  ['the status 1000', framed('HTTP/1.1 1000 x')],
  ['an upgrade without its headers', `HTTP/1.1 101 x\r\n\r\n${poison}`],
  ['endless 1xx', `HTTP/1.1 103 x\r\nLink: a\r\n\r\n`.repeat(50_000) + poison],
  ['endless 100s', 'HTTP/1.1 100 x\r\n\r\n'.repeat(50_000) + poison],
  ['endless headers', `HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(1000)}\r\n`.repeat(3000)}`],
  ['an endless first line', `HTTP/1.1 200 ${'a'.repeat(3_000_000)}`],
])('an answer with %s is 502, also to who asks for an upgrade', async (_what, bytes) => {
  const app = await startHostileApp();
  app.answer(bytes, true);
  for (const upgrade of ['', 'Connection: Upgrade\r\nUpgrade: x\r\n']) {
    const visitor = await app.ask('/', upgrade);
    const text = await visitor.expect(/HTTP\/1\.1 502 [\s\S]*"code":"ANSWER_INVALID"/);
    expect(text).not.toMatch(/poison|Set-Cookie|HTTP\/1\.1 (200|101)/);
    visitor.socket.destroy();
    await app.askNext();
  }
});

test.each([
  ['another answer behind it', `${ok('Content-Length: 2')}${poison}`, /\r\n\r\nok$/],
  ['more than its length', ok('Content-Length: 2', 'okAND MORE'), /\r\n\r\nok$/],
  ['a body where none may be', `HTTP/1.1 204 x\r\nContent-Length: 6\r\n\r\npoison`, /\r\n\r\n$/],
  [
    'a 1xx with a length',
    `HTTP/1.1 103 x\r\nContent-Length: 2\r\nLink: a\r\n\r\n${ok('Content-Length: 2')}`,
    /103 Early Hints\r\nLink: a\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/,
  ],
  [
    'trailers that would be headers',
    ok('Transfer-Encoding: chunked', '0\r\nSet-Cookie: a\r\nContent-Type: b\r\n\r\n'),
    /\r\n\r\n0\r\n\r\n$/,
  ],
])('an answer with %s is the one that its length says', async (_what, bytes, expected) => {
  const app = await startHostileApp();
  app.answer(bytes, false);
  const visitor = await app.ask('/');
  await visitor.expect(expected);
  await app.askNext();
  expect(visitor.received()).not.toContain('poison');
  visitor.socket.destroy();
});

test.each([
  ['less than its length', ok('Content-Length: 20')],
  ['a length that a double rounds', ok('Content-Length: 9007199254740993')],
  ['a negative chunk', ok('Transfer-Encoding: chunked', '2\r\nok\r\n-1\r\n')],
  [
    'a chunk beyond 64 bits',
    ok('Transfer-Encoding: chunked', '10000000000000002\r\nok\r\n0\r\n\r\n'),
  ],
  ['half a chunk', ok('Transfer-Encoding: chunked', '5\r\nok')],
  ['no last chunk', ok('Transfer-Encoding: chunked', '2\r\nok\r\n')],
])('an answer with %s is seen to be cut short', async (_what, bytes) => {
  const app = await startHostileApp();
  app.answer(bytes, true);
  const visitor = await app.ask('/');
  expect(await visitor.ended()).not.toMatch(/\r\n0\r\n\r\n$/);
  await app.askNext();
});

test('whatever bytes an app answers with, the others are served', async () => {
  const app = await startHostileApp();
  const pieces = [
    ...[
      'HTTP/1.1 200 OK',
      'HTTP/1.1 101 x',
      'HTTP/1.1 103 x',
      'HTTP/1.0 304 \xff',
      '\r\n',
      '\r',
      '\n',
    ],
    ...['Content-Length: 2', 'Transfer-Encoding: chunked', 'Connection: Upgrade', 'Upgrade: x'],
    ...[
      'Trailer: X',
      'X: ',
      'Set-Cookie: a',
      ': ',
      '\0',
      '\x7f',
      '\xe9',
      '0',
      '2',
      'ok',
      ' ',
      '\t',
    ],
  ];
  const bytes = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 24 })
    .map((parts) => parts.join(''));
  const upgrade = fc.constantFrom('', 'Connection: Upgrade\r\nUpgrade: x\r\n', 'Expect: x\r\n');
  const begin = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 101 x\r\n', 'HTTP/1.1 200 ');
  await fc.assert(
    fc.asyncProperty(begin, bytes, upgrade, async (begin, bytes, upgrade) => {
      app.answer(begin + bytes, true);
      const visitor = await app.ask('/', upgrade);
      await visitor.expect(/^HTTP|^$/);
      await app.askNext();
      visitor.socket.destroy();
    }),
    { numRuns: 300 },
  );
});
