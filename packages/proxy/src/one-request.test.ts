import { expect, test, vi } from 'vitest';
import { limits } from './limits.ts';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { startRecordingApp } from './testing/recording-app.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

const MiB = 1024 * 1024;
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** Sends the bytes, and then a request on a connection of its own, which must be answered. */
async function send(bytes: string, answer: RegExp) {
  const app = await startRecordingApp();
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send(bytes);
  const text = await visitor.expect(answer);
  const next = await connectRawVisitor(port);
  next.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  await next.expect(/\r\n\r\nok$/);
  visitor.socket.destroy();
  next.socket.destroy();
  expect(app.faults).toEqual([]);
  const requests = app.requests.filter((request) => request !== 'GET /next 0');
  expect(app.requests.length - requests.length).toBe(1);
  return { text, requests, raw: app.raw() };
}

const get = (target: string, headers = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const host = (value: string) => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`;
const post = (headers: string, body: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`;
const chunked = (body: string) => post('Transfer-Encoding: chunked', `${body}${smuggled}`);

test.each([
  ['an empty length', 400, post('Content-Length: ', smuggled)],
  ['the same length twice', 400, post('Content-Length: 4\r\nContent-Length: 4', 'body')],
  ['a negative length', 400, post('Content-Length: -1', smuggled)],
  ['a length beyond 64 bits', 400, post('Content-Length: 18446744073709551616', smuggled)],
  ['a length that a double rounds', 400, post('Content-Length: 9007199254740993', smuggled)],
  ['a length with a blank inside', 400, post('Content-Length: 4 4', 'body')],
  ['an empty coding', 400, post('Transfer-Encoding:\r\nContent-Length: 4', 'body')],
  [
    'two headers of codings',
    501,
    post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`),
  ],
  ['an empty item of codings', 501, post('Transfer-Encoding: , chunked', `0\r\n\r\n${smuggled}`)],
  ['a coding with a parameter', 501, post('Transfer-Encoding: chunked;q=1', '0\r\n\r\n')],
  ['a coding in quotes', 501, post('Transfer-Encoding: "chunked"', '0\r\n\r\n')],
  ['a coding before a byte above ASCII', 400, post('Transfer-Encoding: chunked\xa0', '0\r\n\r\n')],
  ['a folded header', 400, get('/', 'X: a\r\n b\r\n')],
  ['a header folded with a tab', 400, get('/', 'X: a\r\n\tb\r\n')],
  ['a first header that is folded', 400, 'GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n'],
  ['bare line feeds', 400, 'GET / HTTP/1.1\nHost: a\n\n'],
  ['a bare line feed at the end', 400, `GET / HTTP/1.1\r\nHost: a\r\n\n${smuggled}`],
  ['a bare return at the end of a header', 400, get('/', 'X: a\r\r\n')],
  ['a zero byte in a name', 400, get('/', 'X\0: a\r\n')],
  ['a zero byte in the target', 400, get('/\0')],
  ['a control character in a value', 400, get('/', 'X: \x01\r\n')],
  ['a space before the colon', 400, get('/', 'X : a\r\n')],
  ['a header without a name', 400, get('/', ': a\r\n')],
  ['a header without a colon', 400, get('/', 'XYZ\r\n')],
  ['a blank in the target', 400, get('/a b')],
  ['a fragment in the target', 400, get('/a#b')],
  ['an asterisk for a target, as none but OPTIONS has', 400, get('*') + smuggled],
  ['a URL that is not of http', 400, get('file:///etc/passwd')],
  ['a URL without a host', 400, get('http:///a')],
  ['a URL with two hosts', 400, get('http://a,b/')],
  ['a URL with a user', 400, get('http://u@a/')],
  ['a URL with a backslash', 400, get('http://a\\@b/')],
  ['a URL with a port beyond all', 400, get('http://a:65536/')],
  ['CONNECT', 501, `CONNECT a:22 HTTP/1.1\r\nHost: a:22\r\n\r\n${smuggled}`],
  ['CONNECT with a path', 501, `CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n${smuggled}`],
  ['an unknown method', 400, `BREW / HTTP/1.1\r\nHost: a\r\n\r\n${smuggled}`],
  ['a method in small letters', 400, 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['RTSP', 501, `DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n`],
  ['Icecast', 501, `SOURCE / ICE/1.0\r\nHost: a\r\n\r\n`],
  ['HTTP/2.0 in the words of HTTP/1.1', 505, `GET / HTTP/2.0\r\nHost: a\r\n\r\n${smuggled}`],
  ['HTTP/0.9 by name', 505, 'GET / HTTP/0.9\r\nHost: a\r\n\r\n'],
  ['HTTP/1.2', 400, 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['the beginning of HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  ['the same host twice', 400, get('/', 'host: a\r\n')],
  ['a path in the host', 400, host('a/b')],
  ['a user in the host', 400, host('u@a')],
  ['two names in the host', 400, host('a, b')],
  ['a blank in the host', 400, host('a b')],
  ['markup in the host', 400, host('a"><script>')],
  ['a byte above ASCII in the host', 400, host('\xe9')],
  ['two ports in the host', 400, host('a:1:2')],
  ['a port that is no number', 400, host('a:x')],
  ['a query in the host', 400, host('a?b')],
  ['a negative chunk', 400, chunked('-4\r\nbody\r\n0\r\n\r\n')],
  ['a signed chunk', 400, chunked('+4\r\nbody\r\n0\r\n\r\n')],
  ['a prefixed chunk', 400, chunked('0x4\r\nbody\r\n0\r\n\r\n')],
  ['a blank before a chunk size', 400, chunked(' 4\r\nbody\r\n0\r\n\r\n')],
  ['a blank behind a chunk size', 400, chunked('4 \r\nbody\r\n0\r\n\r\n')],
  ['no chunk size', 400, chunked('\r\nbody\r\n0\r\n\r\n')],
  ['a chunk size beyond 64 bits', 400, chunked('10000000000000004\r\nbody\r\n0\r\n\r\n')],
  ['a line feed in a chunk extension', 400, chunked('4;a\nbody\r\n0\r\n\r\n')],
  ['a return in a chunk extension', 400, chunked('4;a\rb\r\nbody\r\n0\r\n\r\n')],
  ['an endless chunk extension', 413, chunked(`4;${'a'.repeat(20_000)}\r\nbody\r\n0\r\n\r\n`)],
  ['a chunk without its end', 400, chunked('4\r\nbody0\r\n\r\n')],
  ['a folded trailer', 400, chunked('0\r\nX: a\r\n b\r\n\r\n')],
  ['a trailer that is a length', 400, chunked('0\r\nContent-Length: 9\r\n\r\n')],
  ['endless trailers', 431, chunked(`0\r\n${`X: ${'a'.repeat(998)}\r\n`.repeat(1000)}\r\n`)],
  ['a header of 1 MiB', 431, get('/', `X: ${'a'.repeat(MiB)}\r\n`)],
  ['a header name of 1 MiB', 431, get('/', `${'a'.repeat(MiB)}: b\r\n`)],
  ['a target of 1 MiB', 431, get(`/${'a'.repeat(MiB)}`)],
  ['a method of 1 MiB', 400, `${'A'.repeat(MiB)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['10,000 headers', 431, get('/', 'x:y\r\n'.repeat(10_000))],
])('%s is refused with %i, and nothing of it is a request', async (_what, status, bytes) => {
  const { text, requests } = await send(bytes, RegExp(`^HTTP/1\\.1 ${status} `));
  expect(text).not.toContain(' 200 OK');
  expect(requests).toEqual([]);
});

test.each([
  ['an empty host', host(''), 'GET / 0'],
  ['an address as host', host('[::1]:80'), 'GET / 0'],
  ['an asterisk with OPTIONS', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * 0'],
  ['HTTP/1.0', 'GET /a HTTP/1.0\r\n\r\n', 'GET /a 0'],
  ['two blanks before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / 0'],
  ['empty lines before it', `${'\r\n'.repeat(1000)}${get('/')}`, 'GET / 0'],
  ['a length with zeros and tabs', post('Content-Length:\t0004\t', 'body'), 'POST / 4'],
  [
    'a length of another spelling',
    post('Content_Length: 9\r\nContent-Length: 4', 'body'),
    'POST / 4',
  ],
  ['another spelling of a length', post('Content.Length: 4', ''), 'POST / 0'],
  ['a coding of another spelling', post('Transfer_Encoding: chunked', ''), 'POST / 0'],
  [
    'a coding in large letters',
    post('Transfer-Encoding: CHUNKED', '1\r\na\r\n0\r\n\r\n'),
    'POST / 1',
  ],
  [
    'chunk extensions',
    post('Transfer-Encoding: chunked', '4;a=b\r\nbody\r\n0;c\r\n\r\n'),
    'POST / 4',
  ],
  ['a chunked GET', `${get('/', 'Transfer-Encoding: chunked\r\n')}1\r\na\r\n0\r\n\r\n`, 'GET / 1'],
  ['a GET with a body', `${get('/', 'Content-Length: 4\r\n')}body`, 'GET / 4'],
  ['h2c', get('/', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'), 'GET / 0'],
  ['h2c among others', get('/', 'Connection: Upgrade\r\nUpgrade: x, H2C\r\n'), 'GET / 0'],
  [
    'an upgrade with a body',
    post('Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 4', 'body'),
    'POST / 4',
  ],
  [
    'an upgrade with chunks',
    post('Connection: Upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked', '1\r\na\r\n0\r\n\r\n'),
    'POST / 1',
  ],
  [
    'an upgrade and what could be a request behind it',
    `${get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n')}${smuggled}`,
    'upgrade / x',
  ],
])('%s arrives as one well-formed request', async (_what, bytes, expected) => {
  const { requests, raw } = await send(bytes, /HTTP\/1\.1 200 OK[\s\S]*ok$/);
  expect(requests).toEqual([expected]);
  expect(raw).not.toMatch(/content[_.]length|transfer_encoding|h2c|: *0004/i);
});

test('what names our own headers in Connection takes none of them away', async () => {
  const own = 'X-Forwarded-For, X-Forwarded-Host, x_forwarded_proto, X-Forwarded-Port, Host';
  const { raw } = await send(
    get(
      '/',
      `Connection: ${own}\r\nConnection: X_Mine\r\nX-Mine: 1\r\nX.Forwarded.For: 6.6.6.6\r\n`,
    ),
    /ok$/,
  );
  for (const name of ['Host', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto']) {
    expect(raw.match(RegExp(`^${name}: `, 'gm'))).toHaveLength(2);
  }
  expect(raw).not.toMatch(/X-Mine|6\.6\.6\.6/);
});

test('trailers that a target may take for headers are left out', async () => {
  const trailers = ['Authorization: a', 'cookie: a', 'Content_Type: a', 'X-Real-IP: 6', 'X-Sum: 1'];
  const body = `0\r\n${trailers.join('\r\n')}\r\n\r\n`;
  const { raw } = await send(post('Transfer-Encoding: chunked', body), /ok$/);
  expect(raw).toContain('0\r\nX-Sum: 1\r\n\r\n');
});

test('nothing behind a request that ends its connection reaches the target', async () => {
  const { text, requests } = await send(
    get('*') + smuggled.repeat(3),
    /^HTTP\/1\.1 400 [\s\S]*\}\n$/,
  );
  expect(text).toMatch(/\r\nConnection: close\r\n/);
  expect(requests).toEqual([]);
});

test('who says nothing, or too slowly, is disconnected in time', async () => {
  const before = limits.headersMs;
  limits.headersMs = 100;
  const app = await startRecordingApp();
  const { port } = await proxied(app.target);
  limits.headersMs = before;
  const heads = ['', '\r\n', 'GET / HTTP/1.1\r\nHost: ', 'GET /'];
  const drops = ['', '\r\n', 'a', ''];
  const visitors = await Promise.all(heads.map(() => connectRawVisitor(port)));
  const left = new Set(visitors);
  visitors.forEach((visitor, index) => {
    visitor.send(heads[index] ?? '');
    visitor.socket.once('close', () => left.delete(visitor));
  });
  await waitUntil(
    () => {
      visitors.forEach((visitor, index) => {
        if (left.has(visitor)) visitor.send(drops[index] ?? '');
      });
      return left.size === 0;
    },
    () => `the end of ${left.size} connections`,
  );
  expect(app.raw()).toBe('');
});
