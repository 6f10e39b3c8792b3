import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Agent } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { domainsServed, putCertificate, visit } from './testing/domains-served.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { control, endProxy, startProxy, temporaryDirectory } from './testing/start-proxy.ts';
import { freePort, startTarget } from './testing/targets.ts';

vi.setConfig({ testTimeout: 30_000 });

/** An app that tells who it is and what it was asked. */
async function app(name: string) {
  const target = await startTarget((request, response) => {
    const { headers, url } = request;
    response.end(JSON.stringify({ name, url, headers }));
  });
  onTestFinished(target.close);
  return target.target;
}

const clear = (domain: string, deploymentId = 1) => ({ domain, deploymentId, certificate: null });

test('two deployments share a port, and each is found by its name', async () => {
  const { http, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await route(2, await app('blog'));
  await serve({ domains: [clear('shop.test'), clear('blog.test', 2)] });
  for (const [host, name] of [
    ['shop.test', 'shop'],
    ['blog.test', 'blog'],
    [`shop.test:${http}`, 'shop'],
    ['SHOP.Test', 'shop'],
    ['shop.test.', 'shop'],
    [`Shop.Test.:${http}`, 'shop'],
  ] as const) {
    const answer = await visit(`http://shop.test:${http}/a?b`, { headers: { Host: host } });
    expect([host, JSON.parse(answer.text).name]).toEqual([host, name]);
    expect(JSON.parse(answer.text).headers).toMatchObject({
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(http),
    });
  }
});

test('a name that no deployment has is answered with 404', async () => {
  const { http, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await serve({ domains: [clear('shop.test')] });
  for (const host of ['other.test', 'a.shop.test', '127.0.0.1', 'test', '']) {
    const answer = await visit(`http://shop.test:${http}/`, { headers: { Host: host } });
    expect([host, answer.status, JSON.parse(answer.text).code]).toEqual([
      host,
      404,
      'DOMAIN_UNKNOWN',
    ]);
  }
  const page = await visit(`http://other.test:${http}/`, { headers: { Accept: 'text/html' } });
  expect(page.status).toBe(404);
  expect(page.text).toContain('<h1>404 Not found</h1>');
});

test('the request line decides where it names another host than the header', async () => {
  const { http, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await route(2, await app('blog'));
  await serve({ domains: [clear('shop.test'), clear('blog.test', 2)] });
  const answer = await visit(`http://shop.test:${http}/`, { target: 'http://blog.test/x' });
  expect(JSON.parse(answer.text)).toMatchObject({ name: 'blog', headers: { host: 'blog.test' } });
});

test('two Host headers are refused, whichever of them is a domain', async () => {
  const { http, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await serve({ domains: [clear('shop.test')] });
  const visitor = await connectRawVisitor(http);
  visitor.send('GET / HTTP/1.1\r\nHost: shop.test\r\nHost: other.test\r\n\r\n');
  await visitor.expect(/^HTTP\/1\.1 400 /);
  visitor.socket.destroy();
});

test('with a certificate it is served within TLS, and the app is told so', async () => {
  const { http, https, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const { name, cert } = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }] });
  const answer = await visit(`https://shop.test:${https}/a`, { ca: cert });
  expect(answer.status).toBe(200);
  expect(answer.headers['strict-transport-security']).toBeUndefined();
  expect(JSON.parse(answer.text)).toMatchObject({
    name: 'shop',
    headers: { 'x-forwarded-proto': 'https', 'x-forwarded-port': String(https) },
  });
  const upper = await visit(`https://shop.test:${https}/`, {
    ca: cert,
    headers: { Host: 'SHOP.test.' },
  });
  expect(upper.status).toBe(200);
  const moved = await visit(`http://shop.test:${http}/a?b=c`, { method: 'POST', target: '/a?b=c' });
  expect(moved).toMatchObject({
    status: 308,
    headers: { location: `https://shop.test:${https}/a?b=c` },
  });
});

test('visitors that came through a mapping of ports are sent through it again', async () => {
  const { http, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const { name } = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }] });
  const moved = await visit(`http://shop.test:${http}/a`, { headers: { Host: 'shop.test' } });
  expect(moved).toMatchObject({ status: 308, headers: { location: 'https://shop.test/a' } });
});

test('a trusted proxy that ends the TLS itself is not sent in circles', async () => {
  const { http, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'), ['127.0.0.1']);
  await route(2, await app('blog'));
  const [shop, blog] = [
    await putCertificate(directory, 'shop.test'),
    await putCertificate(directory, 'blog.test'),
  ];
  await serve({
    domains: [
      { ...clear('shop.test'), certificate: shop.name },
      { ...clear('blog.test', 2), certificate: blog.name },
    ],
  });
  const headers = { 'X-Forwarded-Proto': 'https' };
  expect((await visit(`http://shop.test:${http}/`, { headers })).status).toBe(200);
  expect((await visit(`http://blog.test:${http}/`, { headers })).status).toBe(308);
});

test('challenges are answered in clear, whether there is a certificate or not', async () => {
  const { http, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const { name } = await putCertificate(directory, 'shop.test');
  await serve({
    domains: [{ ...clear('shop.test'), certificate: name }, clear('new.test', 9)],
    challenges: [{ token: 'tok-1', keyAuthorization: 'tok-1.thumb' }],
  });
  const path = '/.well-known/acme-challenge';
  for (const domain of ['shop.test', 'new.test']) {
    const answer = await visit(`http://${domain}:${http}${path}/tok-1`);
    expect(answer).toMatchObject({ status: 200, text: 'tok-1.thumb' });
  }
  const another = await visit(`http://shop.test:${http}${path}/other`);
  expect(JSON.parse(another.text).name).toBe('shop');
});

test('a connection for one domain is not used for another', async () => {
  const { https, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await route(2, await app('blog'));
  const [shop, blog] = [
    await putCertificate(directory, 'shop.test'),
    await putCertificate(directory, 'blog.test'),
  ];
  await serve({
    domains: [
      { ...clear('shop.test'), certificate: shop.name },
      { ...clear('blog.test', 2), certificate: blog.name },
    ],
  });
  const url = `https://shop.test:${https}/`;
  for (const host of ['blog.test', 'other.test', `blog.test:${https}`]) {
    const answer = await visit(url, { ca: shop.cert, headers: { Host: host } });
    expect([host, answer.status]).toEqual([host, 421]);
  }
  expect((await visit(url, { ca: shop.cert })).status).toBe(200);
});

test('a name without a certificate is shown none of another domain', async () => {
  const { https, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const { name } = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }, clear('new.test')] });
  for (const servername of ['new.test', 'other.test', '']) {
    const socket = connect({
      host: '127.0.0.1',
      port: https,
      servername,
      rejectUnauthorized: false,
    });
    const [error] = await once(socket, 'error');
    expect([servername, String(error)]).toEqual([servername, expect.stringMatching(/alert/i)]);
  }
});

test('a visitor that would resume a session is still known by its domain', async () => {
  const { https, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const { name, cert } = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }] });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const agent = new Agent({ ca: cert, maxVersion, keepAlive: false });
    const statuses = [];
    for (let round = 0; round < 3; round += 1) {
      statuses.push((await visit(`https://shop.test:${https}/`, { agent, ca: cert })).status);
    }
    agent.destroy();
    expect(statuses).toEqual([200, 200, 200]);
  }
});

test('another certificate is served to new connections, and those that are open go on', async () => {
  const { https, directory, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  const before = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: before.name }] });
  const agent = new Agent({ ca: before.cert, keepAlive: true });
  onTestFinished(() => agent.destroy());
  const url = `https://shop.test:${https}/`;
  const first = await visit(url, { agent });
  const after = await putCertificate(directory, 'shop.test');
  await serve({ domains: [{ ...clear('shop.test'), certificate: after.name }] });
  expect((await visit(url, { agent })).localPort).toBe(first.localPort);
  expect((await visit(url, { ca: after.cert })).status).toBe(200);
  await expect(visit(url, { ca: before.cert })).rejects.toThrow();
  expect(await readdir(join(directory, 'certificates'))).toEqual([after.name]);
});

test('what a WebSocket says goes both ways, within TLS and in clear', async () => {
  const { http, https, directory, route, serve } = await domainsServed();
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const proto = request.headers['x-forwarded-proto'];
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${proto};`,
    );
    socket.pipe(socket);
  });
  const target = await startTarget(server);
  onTestFinished(target.close);
  await route(1, target.target);
  const { name, cert } = await putCertificate(directory, 'shop.test');
  await serve({
    domains: [{ ...clear('shop.test'), certificate: name }, clear('clear.test')],
  });
  const ask = (host: string) =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const plain = await connectRawVisitor(http);
  plain.send(ask('clear.test'));
  await plain.expect(/ 101 .*http;$/s);
  plain.send('hello');
  await plain.expect(/hello$/);
  plain.socket.destroy();

  const secure = connect({ host: '127.0.0.1', port: https, servername: 'shop.test', ca: cert });
  let received = '';
  secure.on('data', (chunk) => {
    received += chunk;
  });
  secure.write(ask('shop.test'));
  await vi.waitFor(() => expect(received).toMatch(/ 101 .*https;$/s));
  secure.write('hello');
  await vi.waitFor(() => expect(received).toMatch(/hello$/));
  secure.destroy();

  const moved = await connectRawVisitor(http);
  moved.send(ask('shop.test'));
  await moved.expect(/^HTTP\/1\.1 308 /);
  moved.socket.destroy();
});

test('a deployment that serves nothing answers 503 on its domain', async () => {
  const { http, https, directory, route, serve } = await domainsServed();
  const { name, cert } = await putCertificate(directory, 'shop.test');
  await route(2, null);
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }, clear('blog.test', 2)] });
  for (const [url, deployment_id] of [
    [`http://shop.test:${http}/`, 1],
    [`https://shop.test:${https}/`, 1],
    [`http://blog.test:${http}/`, 2],
  ] as const) {
    const answer = await visit(url, { ca: cert });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'NOT_SERVED', deployment_id });
  }
});

test('a redeploy drops no request within TLS', async () => {
  const { https, directory, serve, table } = await domainsServed();
  const { name, cert } = await putCertificate(directory, 'shop.test');
  const port = await freePort();
  const put = (target: Awaited<ReturnType<typeof app>>) =>
    table.put({ deploymentId: 1, host: '127.0.0.1', port, target, trustedProxies: [] });
  let current = await app('0');
  await put(current);
  await serve({ domains: [{ ...clear('shop.test'), certificate: name }] });
  const agents = [true, false].map((keepAlive) => new Agent({ ca: cert, keepAlive }));
  const seen: string[] = [];
  let done = false;
  const visitors = agents.map(async (agent) => {
    while (!done) {
      const { status, text } = await visit(`https://shop.test:${https}/`, { agent, ca: cert });
      seen.push(`${status} ${JSON.parse(text).name}`);
    }
  });
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(4));
  for (let round = 1; round <= 5; round += 1) {
    const before = current;
    current = await app(String(round));
    await put(current);
    await table.drain(1, before, 5_000);
    const count = seen.length;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(count + 4));
  }
  done = true;
  await Promise.all(visitors);
  for (const agent of agents) agent.destroy();
  expect(new Set(seen)).toEqual(new Set(['200 0', '200 1', '200 2', '200 3', '200 4', '200 5']));
});

test('a proxy that comes back by itself serves its domains as before', async () => {
  const directory = await temporaryDirectory();
  const { name, cert } = await putCertificate(directory, 'shop.test');
  const [http, https] = [await freePort(), await freePort()];
  const first = await startProxy(directory);
  const missing = { ...clear('shop.test'), certificate: `${'0'.repeat(64)}.pem` };
  const host = '127.0.0.1';
  const target = await app('shop');
  const route = { deploymentId: 1, host, port: await freePort(), target, trustedProxies: [] };
  await control(directory, 'PUT', '/routes/1', route);
  const state = {
    http: { host, port: http },
    https: { host, port: https },
    domains: [{ ...clear('shop.test'), certificate: name }],
    challenges: [],
  };
  const refused = { ...state, domains: [missing] };
  const refusal = await control(directory, 'PUT', '/domains', refused);
  expect(refusal).toMatchObject({ status: 409, body: { code: 'CERTIFICATE_MISSING' } });
  const put = await control(directory, 'PUT', '/domains', state);
  expect(put).toEqual({ status: 200, body: { problems: { http: null, https: null } } });
  await endProxy(first);
  await startProxy(directory);
  const answer = await visit(`https://shop.test:${https}/`, { ca: cert });
  expect(JSON.parse(answer.text).name).toBe('shop');
  expect(await control(directory, 'GET', '/domains')).toMatchObject({ body: state });
  const shutdown = await control(directory, 'POST', '/shutdown', { onlyIfUnused: true });
  expect(shutdown.body).toEqual({ ends: false });
});

test('a shared port that is taken is told, and bound once it is free', async () => {
  const { http, route, serve, domains } = await domainsServed();
  await route(1, await app('shop'));
  const other = createTcpServer().listen(http, '127.0.0.1');
  await once(other, 'listening');
  await serve({ domains: [clear('shop.test')] });
  const { problems } = domains.read();
  expect(problems.http).toContain(`Port ${http} on 127.0.0.1 is used by another process`);
  expect(problems.https).toBeNull();
  other.close();
  await once(other, 'close');
  await vi.waitFor(() => expect(domains.read().problems.http).toBeNull(), 5_000);
  expect((await visit(`http://shop.test:${http}/`)).status).toBe(200);
});

test('the shared ports are free while there is no domain', async () => {
  const { http, https, route, serve } = await domainsServed();
  await route(1, await app('shop'));
  await serve({ domains: [clear('shop.test')] });
  await serve({ domains: [] });
  for (const port of [http, https]) {
    const other = createTcpServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    other.close();
    await once(other, 'close');
  }
});

test('domains that are not understood are refused by name', async () => {
  const directory = await temporaryDirectory();
  await startProxy(directory);
  const good = { http: null, https: null, domains: [], challenges: [] };
  const one = clear('shop.test');
  for (const [wrong, named] of [
    [{ ...good, more: 1 }, 'more'],
    [{ ...good, http: { host: 'a', port: 80 } }, 'http.host'],
    [{ ...good, https: { host: '127.0.0.1', port: 0 } }, 'https.port'],
    [{ ...good, domains: [{ ...one, domain: 'Shop.test' }] }, 'domain'],
    [{ ...good, domains: [{ ...one, certificate: '../../secrets.key' }] }, 'certificate'],
    [{ ...good, challenges: [{ token: 'a/b', keyAuthorization: 'c' }] }, 'token'],
  ] as const) {
    const { status, body } = await control(directory, 'PUT', '/domains', wrong);
    expect([named, status, JSON.stringify(body)]).toEqual([
      named,
      400,
      expect.stringContaining(named),
    ]);
  }
});
