import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { freePort, startRawTarget, startTarget, type TestTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

async function target(...args: Parameters<typeof startTarget>): Promise<TestTarget> {
  const started = await startTarget(...args);
  onTestFinished(started.close);
  return started;
}

async function rawTarget(...args: Parameters<typeof startRawTarget>): Promise<TestTarget> {
  const started = await startRawTarget(...args);
  onTestFinished(started.close);
  return started;
}

/** Answers with the request's headers as JSON pairs. */
async function echo(): Promise<TestTarget> {
  return await target((incoming, response) => {
    incoming.resume();
    response.end(JSON.stringify({ url: incoming.url, headers: pairs(incoming.rawHeaders) }));
  });
}

function pairs(raw: string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : [],
  );
}

function echoed(text: string): { url: string; headers: [string, string][] } {
  return JSON.parse(text.slice(text.indexOf('{')).split('\r\n')[0] ?? '');
}

async function ask(port: number, lines: string[]): Promise<ReturnType<typeof echoed>> {
  const visitor = await connectRawVisitor(port);
  onTestFinished(() => void visitor.socket.destroy());
  visitor.send(`${lines.join('\r\n')}\r\n\r\n`);
  return echoed(await visitor.expect(/\}\r\n|\}$/));
}

test('the target gets Host as it was sent and where the visitor came from', async () => {
  const { port } = await proxied((await echo()).target);
  const { url, headers } = await ask(port, ['GET /a/b?c=d HTTP/1.1', 'Host: shop.example:99']);
  expect(url).toBe('/a/b?c=d');
  expect(headers).toEqual([
    ['Host', 'shop.example:99'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Host', 'shop.example:99'],
    ['X-Forwarded-Port', String(port)],
    ['Connection', 'keep-alive'],
  ]);
});

test('a visitor cannot claim to be somebody else, in whatever spelling', async () => {
  const { port } = await proxied((await echo()).target);
  const { headers } = await ask(port, [
    'GET / HTTP/1.1',
    'Host: a',
    'x-forwarded-for: 6.6.6.6',
    'X_Forwarded_For: 6.6.6.6',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Prefix: /admin',
    'X-Real-IP: 6.6.6.6',
    'Forwarded: for=6.6.6.6',
    'Connection: X-Forwarded-Port, Host',
  ]);
  expect(JSON.stringify(headers)).not.toMatch(/6\.6\.6\.6|https|admin/);
  expect(headers).toContainEqual(['X-Forwarded-Port', String(port)]);
  expect(headers).toContainEqual(['Host', 'a']);
});

test('a trusted proxy in front is believed and its own address added', async () => {
  const { port } = await proxied((await echo()).target, ['10.0.0.0/8', '127.0.0.1']);
  const { headers } = await ask(port, [
    'GET / HTTP/1.1',
    'Host: a',
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Proto: https',
    'X-Real-IP: 6.6.6.6',
  ]);
  expect(headers).toContainEqual(['X-Forwarded-For', '6.6.6.6, 127.0.0.1']);
  expect(headers).toContainEqual(['X-Forwarded-Proto', 'https']);
  expect(headers).toContainEqual(['X-Real-IP', '6.6.6.6']);
});

test('headers of one connection only are passed on in neither direction', async () => {
  let text = '';
  const app = await rawTarget((socket) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.write(
        'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nKeep-Alive: timeout=9\r\nX-Own: 1\r\n' +
          'Set-Cookie: a=1\r\nset-cookie: b=2\r\nConnection: X-Own\r\nProxy-Connection: x\r\n\r\nok',
      );
    });
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, close\r\nX-Mine: 1\r\nTE: trailers, gzip\r\n' +
      'Keep-Alive: 5\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nCookie: a\r\nCookie: b\r\n\r\n',
  );
  const answer = await visitor.ended();
  expect(text).not.toMatch(/X-Mine|Keep-Alive: 5|Proxy-Auth|Upgrade|gzip/i);
  expect(text).toContain('TE: trailers');
  expect(text).toContain('Cookie: a\r\nCookie: b\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
  expect(answer).not.toMatch(/X-Own|timeout=9|Proxy-Connection/i);
  expect(answer).toContain('Set-Cookie: a=1\r\nset-cookie: b=2\r\n');
  expect(answer).not.toMatch(/\r\nDate:/);
});

test('of an absolute URL the authority becomes the Host', async () => {
  const { port } = await proxied((await echo()).target);
  const { url, headers } = await ask(port, ['GET http://real.example?q HTTP/1.1', 'Host: other']);
  expect(url).toBe('/?q');
  expect(headers).toContainEqual(['Host', 'real.example']);
  expect(headers).not.toContainEqual(['Host', 'other']);
});

test('connections of visitors and to targets are kept alive', async () => {
  const app = await echo();
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  for (let count = 1; count <= 20; count += 1) {
    visitor.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await waitUntil(
      () => visitor.received().split('HTTP/1.1 200').length === count + 1,
      () => `answer ${count}`,
    );
  }
  expect(app.connections()).toBe(1);
  visitor.socket.destroy();
});

test('pipelined requests are answered in order, one at a time', async () => {
  let running = 0;
  let most = 0;
  const app = await target((incoming, response) => {
    running += 1;
    most = Math.max(most, running);
    setImmediate(() => {
      running -= 1;
      response.end(`<${incoming.url}>`);
    });
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
  visitor.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  const text = await visitor.expect(/<\/19>/);
  expect(text.match(/<[^>]+>/g)).toEqual(paths.map((path) => `<${path}>`));
  expect(most).toBe(1);
});

test('a visitor that pipelines without end is disconnected', async () => {
  const app = await target(() => {});
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000));
  await visitor.ended();
  expect(app.connections()).toBeLessThanOrEqual(1);
});

test('HEAD gets the headers of GET and no body, and the connection stays in step', async () => {
  const app = await rawTarget((socket) => {
    socket.on('data', (chunk) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTrailer: X-Sum\r\n\r\n';
      socket.write(chunk.toString().startsWith('HEAD') ? head : `${head}hello`);
    });
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
  await visitor.expect(/Content-Length: 5\r\n[\s\S]*\r\n\r\n$/);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await visitor.ended()).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nhello$/);
});

test.each([204, 304])('%i has no body and keeps the connection', async (status) => {
  const app = await target((_incoming, response) => void response.writeHead(status).end());
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2));
  const text = await visitor.expect(/(HTTP\/1\.1 [\s\S]*){2}\r\n\r\n$/);
  expect(text).not.toMatch(/Transfer-Encoding|Content-Length/);
});

test('a POST without a body arrives without one', async () => {
  const { port } = await proxied((await echo()).target);
  const { headers } = await ask(port, ['POST / HTTP/1.1', 'Host: a']);
  expect(headers.filter(([name]) => /length|encoding/i.test(name))).toEqual([
    ['Content-Length', '0'],
  ]);
});

test('trailers go through both ways, but none that would be headers', async () => {
  const app = await target((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      response.setHeader('Trailer', 'X-Answer');
      response.write('body');
      response.addTrailers({ 'X-Answer': JSON.stringify(incoming.rawTrailers) });
      response.end();
    });
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n0\r\nX-Sum: 6\r\nHost: b\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
  );
  const text = await visitor.expect(/0\r\nX-Answer: .*\r\n\r\n$/);
  expect(text).toContain('X-Answer: ["X-Sum","6"]');
  expect(text).toContain('\r\nTrailer: X-Answer\r\n');
});

test('an HTTP/1.0 visitor gets the body until the end of the connection', async () => {
  const app = await target((_incoming, response) => {
    response.write('one ');
    setImmediate(() => response.end('two'));
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.0\r\n\r\n');
  const text = await visitor.ended();
  expect(text).toMatch(/\r\n\r\none two$/);
  expect(text).not.toMatch(/chunked/i);
});

test('an answer without a length arrives whole', async () => {
  const app = await rawTarget((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
  });
  const { port } = await proxied(app.target);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('until the end');
});

test('headers of a stream that says nothing yet arrive at once, then each piece', async () => {
  let write = (_text: string) => {};
  const app = await target((_incoming, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    write = (text) => void response.write(text);
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await visitor.expect(/text\/event-stream[\s\S]*\r\n\r\n$/);
  write('data: 1\n\n');
  await visitor.expect(/data: 1\n\n/);
  write('data: 2\n\n');
  await visitor.expect(/data: 2\n\n/);
  visitor.socket.destroy();
});

test('the target is asked before a body that expects "100 Continue" is sent', async () => {
  const server = createServer();
  server.on('checkContinue', (incoming, response) => {
    if (incoming.url === '/no') {
      response.writeHead(413).end('too large');
      return;
    }
    response.writeContinue();
    incoming.pipe(response);
  });
  const app = await target(server);
  const { port } = await proxied(app.target);
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;

  const visitor = await connectRawVisitor(port);
  visitor.send(head('/yes'));
  await visitor.expect(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  visitor.send('body');
  await visitor.expect(/HTTP\/1\.1 200 OK[\s\S]*body/);
  visitor.send(head('/no'));
  const text = await visitor.ended();
  expect(text).toMatch(/HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*too large/);
  expect(text.match(/100 Continue/g)).toHaveLength(1);
});

test('header values that are not ASCII arrive byte for byte, even before a body', async () => {
  const value = 'caf\xe9 \xff';
  const seen: string[] = [];
  const app = await rawTarget((socket) => {
    socket.on('data', (chunk) => {
      seen.push(chunk.toString('latin1'));
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A: ${value}\r\n\r\n`, 'latin1');
      setTimeout(() => socket.write('late'), 50);
    });
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  const head = `POST / HTTP/1.1\r\nHost: a\r\nX-B: ${value}\r\nContent-Length: 1\r\n`;
  for (const extra of ['', 'Expect: 100-continue\r\n']) {
    const before = visitor.received().length;
    visitor.send(`${head}${extra}\r\n`);
    if (extra) await visitor.expect(/100 Continue\r\n\r\n$/);
    visitor.send('x');
    await waitUntil(
      () => visitor.received().slice(before).endsWith('late'),
      () => 'the answer',
    );
    expect(visitor.received().slice(before)).toContain(`X-A: ${value}\r\n`);
    expect(seen.splice(0).join('')).toContain(`X-B: ${value}\r\n`);
  }
  visitor.socket.destroy();
});

test('early hints go through', async () => {
  const app = await target((_incoming, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('done'));
  });
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await visitor.ended()).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i,
  );
});

test('a visitor that goes away ends the request at the target', async () => {
  let aborted = 0;
  const app = await target((incoming, response) => {
    response.on('close', () => {
      aborted += 1;
    });
    if (incoming.url === '/stream') response.write('some');
  });
  const { port } = await proxied(app.target);
  for (const path of ['/stream', '/silent']) {
    const visitor = await connectRawVisitor(port);
    const before = aborted;
    const connections = app.connections();
    visitor.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await waitUntil(
      () => app.connections() > connections,
      () => 'the request',
    );
    if (path === '/stream') await visitor.expect(/some/);
    visitor.socket.destroy();
    await waitUntil(
      () => aborted > before,
      () => 'the abort',
    );
  }
  await waitUntil(
    () => app.open.size === 0,
    () => 'no open connection',
  );
});

test('an answer cut short by the target is cut short for the visitor', async () => {
  const app = await target((incoming, response) => {
    if (incoming.url === '/length') response.setHeader('Content-Length', 100);
    response.write('half', () => response.destroy());
  });
  const { port } = await proxied(app.target);
  for (const path of ['/length', '/chunked']) {
    await expect(
      fetch(`http://127.0.0.1:${port}${path}`).then((answer) => answer.text()),
    ).rejects.toThrow();
  }
});

test('a slow reader slows the target instead of filling the memory', async () => {
  const size = 64 * 1024 * 1024;
  let written = 0;
  const app = await target((_incoming, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (written < size) {
        written += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const { port } = await proxied(app.target);
  const outgoing = request({ port, host: '127.0.0.1', agent: false }).end();
  const [incoming]: [IncomingMessage] = await once(outgoing, 'response').then(([first]) => [first]);
  incoming.pause();
  let last = -1;
  await waitUntil(
    async () => {
      const stuck = written === last;
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return stuck;
    },
    () => 'the target to be held up',
  );
  expect(written).toBeLessThan(size / 2);
  let read = 0;
  for await (const chunk of incoming) read += chunk.length;
  expect(read).toBe(size);
});

test('a slow target slows the sender instead of filling the memory', async () => {
  let incoming: IncomingMessage | undefined;
  const app = await target((message, response) => {
    incoming = message;
    message.on('end', () => response.end('all'));
  });
  const { port } = await proxied(app.target);
  const outgoing = request({ port, host: '127.0.0.1', method: 'POST', agent: false });
  const chunk = Buffer.alloc(1024 * 1024);
  let sent = 0;
  while (outgoing.write(chunk) || sent < 4) {
    sent += 1;
    if (sent > 200) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(outgoing.writableLength).toBeGreaterThan(0);
  outgoing.end();
  incoming?.resume();
  await waitUntil(
    () => incoming !== undefined,
    () => 'the request',
  );
  incoming?.resume();
  const [answer] = await once(outgoing, 'response');
  expect(answer.statusCode).toBe(200);
  answer.resume();
});

test('without a target visitors are told to try again', async () => {
  const { port, switchTo } = await proxied(null);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' });
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.json()).toMatchObject({ code: 'NOT_SERVED', deployment_id: 7 });
  await switchTo((await echo()).target);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
});

test('a target that refuses connections is 502, a page for browsers', async () => {
  const { port } = await proxied({ host: '127.0.0.1', port: await freePort() });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(answer.status).toBe(502);
  expect(await answer.json()).toEqual({
    error: 'Bad gateway',
    code: 'UNREACHABLE',
    message: 'Deployment 7 refuses connections. Its status and logs in BorgOS tell more.',
    deployment_id: 7,
  });
  const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'text/html,*/*' } });
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toContain('<h1>502 Bad gateway</h1>');
});

test('a large body to a target that refuses connections still gets its 502', async () => {
  const { port } = await proxied({ host: '127.0.0.1', port: await freePort() });
  const body = Buffer.alloc(8 * 1024 * 1024);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  expect(answer.status).toBe(502);
});

test('a kept connection that the target was closing costs no GET', async () => {
  // Takes one request a connection and closes it, unannounced, at the second one.
  const app = await rawTarget((socket) => {
    let requests = 0;
    socket.on('data', () => {
      requests += 1;
      if (requests > 1) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const { port } = await proxied(app.target);
  for (let count = 0; count < 10; count += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
  }
  expect(app.connections()).toBeGreaterThan(5);
});

test('a POST is never sent twice', async () => {
  let posts = 0;
  const app = await rawTarget((socket) => {
    socket.on('data', (chunk) => {
      if (chunk.toString().startsWith('POST')) {
        posts += 1;
        socket.resetAndDestroy();
      } else {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    });
  });
  const { port } = await proxied(app.target);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
  expect([answer.status, posts]).toEqual([502, 1]);
  expect(await answer.json()).toMatchObject({ code: 'CONNECTION_LOST' });
});

test.each([
  ['no HTTP at all', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['an upgrade nobody asked for', 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
])('an answer with %s is 502', async (_what, answer) => {
  const app = await rawTarget((socket) => socket.once('data', () => socket.end(answer)));
  const { port } = await proxied(app.target);
  const got = await fetch(`http://127.0.0.1:${port}/`);
  expect([got.status, await got.json()]).toMatchObject([502, { code: 'ANSWER_INVALID' }]);
});

test('an early answer reaches the visitor that still sends', async () => {
  const app = await target((incoming, response) => {
    incoming.resume();
    response.writeHead(413).end('too large');
  });
  const { port } = await proxied(app.target);
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: Buffer.alloc(16 * 1024 * 1024),
  });
  expect([answer.status, await answer.text()]).toEqual([413, 'too large']);
});
