import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createRouteTable } from './route-table.ts';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor, type RawVisitor } from './testing/raw-visitor.ts';
import { freePort, startTarget, type TestTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

const DEPLOYMENT = 7;

/** An app of a name: answers with it after the body, and echoes behind an upgrade. */
async function app(name: string, answerMs = 0): Promise<TestTarget> {
  const server = createServer(async (incoming, response) => {
    let size = 0;
    for await (const chunk of incoming) size += chunk.length;
    if (answerMs > 0) await delay(answerMs);
    response.end(`${name} ${size}`);
  });
  server.on('upgrade', (incoming, socket) => {
    socket.on('error', () => {});
    if (incoming.url === '/refused') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\nX-Why: no\r\n\r\nno!');
      return;
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Accept: x\r\n\r\n${name} `,
    );
    socket.pipe(socket);
  });
  const target = await startTarget(server);
  onTestFinished(target.close);
  return target;
}

async function openWebSocket(port: number, path = '/'): Promise<RawVisitor> {
  const visitor = await connectRawVisitor(port);
  onTestFinished(() => void visitor.socket.destroy());
  visitor.send(
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nearly ',
  );
  return visitor;
}

async function get(port: number, agent: Agent): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, agent }).end();
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of incoming ?? []) text += chunk;
  return `${incoming?.statusCode} ${text}`;
}

test('800 kept-alive requests over six switches: none is lost, targets may stop after the drain', async () => {
  const { table, port, switchTo } = await proxied((await app('start')).target);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  onTestFinished(() => agent.destroy());
  const answers: string[] = [];
  let running = true;
  const visitors = Array.from({ length: 8 }, async () => {
    while (running || answers.length < 800) answers.push(await get(port, agent));
  });
  let former: TestTarget | undefined;
  for (let version = 1; version <= 6; version += 1) {
    const before = answers.length;
    await waitUntil(
      () => answers.length > before + 50,
      () => 'requests between switches',
    );
    const next = await app(`v${version}`, 2);
    await switchTo(next.target);
    if (former) {
      expect(await table.drain(DEPLOYMENT, former.target, 5_000)).toBe(0);
      await former.close();
    }
    former = next;
  }
  running = false;
  await Promise.all(visitors);
  expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
  expect(new Set(answers).size).toBeGreaterThanOrEqual(6);
  expect(answers.length).toBeGreaterThanOrEqual(800);
});

test('new requests of a kept connection go to the new target from the answer of the switch on', async () => {
  const [a, b] = [await app('a'), await app('b')];
  const { port, switchTo } = await proxied(a.target);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (const [name, { target }] of [
    ['b', b],
    ['a', a],
    ['b', b],
  ] as const) {
    await switchTo(target);
    expect(await get(port, agent)).toBe(`200 ${name} 0`);
  }
});

test('a slow POST that began before a switch is finished by the target it began with', async () => {
  const [a, b] = [await app('a'), await app('b')];
  const { table, port, switchTo } = await proxied(a.target);
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  outgoing.write('first');
  await waitUntil(
    () => a.connections() === 1,
    () => 'the beginning of the POST',
  );
  await switchTo(b.target);
  let drained = false;
  const drain = table.drain(DEPLOYMENT, a.target, 10_000).then((cut) => {
    drained = true;
    return cut;
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('b 0');
  expect(drained).toBe(false);
  outgoing.end(' last');
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of incoming ?? []) text += chunk;
  expect(text).toBe('a 10');
  expect(await drain).toBe(0);
  await waitUntil(
    () => a.open.size === 0,
    () => 'no connection left to the former target',
  );
});

test('a WebSocket goes on over a switch until the drain is over, then it is cut', async () => {
  const [a, b] = [await app('a'), await app('b')];
  const { table, port, switchTo } = await proxied(a.target);
  const old = await openWebSocket(port);
  await old.expect(/101 Switching[\s\S]*\r\n\r\na early $/);
  await switchTo(b.target);
  const fresh = await openWebSocket(port);
  await fresh.expect(/\r\n\r\nb early $/);
  const drain = table.drain(DEPLOYMENT, a.target, 300);
  old.send('still here');
  await old.expect(/still here$/);
  expect(await drain).toBe(1);
  await old.ended();
  fresh.send('me too');
  await fresh.expect(/me too$/);
  await waitUntil(
    () => a.open.size === 0,
    () => 'the former target to be free',
  );
});

test('a drain ends as soon as the last WebSocket does', async () => {
  const [a, b] = [await app('a'), await app('b')];
  const { table, port, switchTo } = await proxied(a.target);
  const visitor = await openWebSocket(port);
  await visitor.expect(/a early $/);
  await switchTo(b.target);
  const drain = table.drain(DEPLOYMENT, a.target, 60_000);
  visitor.socket.end();
  expect(await drain).toBe(0);
});

test('the WebSocket of a browser works through the proxy', async () => {
  const server = createServer();
  server.on('upgrade', async (incoming, socket) => {
    const key = `${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Hi\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]));
  });
  const target = await startTarget(server);
  onTestFinished(target.close);
  const { port } = await proxied(target.target);
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  const [event] = await once(client, 'message');
  expect(event.data).toBe('hello');
  await target.close();
  await once(client, 'close');
});

test('a refused upgrade is an ordinary answer, and so is one without a target', async () => {
  const { port, switchTo } = await proxied((await app('a')).target);
  const refused = await openWebSocket(port, '/refused');
  expect(await refused.ended()).toMatch(
    /^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*X-Why: no[\s\S]*no!$/,
  );
  await switchTo(null);
  const homeless = await openWebSocket(port);
  expect(await homeless.ended()).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1[\s\S]*NOT_SERVED/);
  const dead = await app('dead');
  await dead.close();
  await switchTo(dead.target);
  const lost = await openWebSocket(port);
  expect(await lost.ended()).toMatch(/^HTTP\/1\.1 502 [\s\S]*refuses connections/);
});

test('the end of either side of a WebSocket ends the other', async () => {
  const a = await app('a');
  const { port } = await proxied(a.target);
  const first = await openWebSocket(port);
  await first.expect(/early $/);
  first.socket.resetAndDestroy();
  await waitUntil(
    () => a.open.size === 0,
    () => 'the end at the target',
  );
  const second = await openWebSocket(port);
  await second.expect(/early $/);
  for (const socket of a.open) socket.destroy();
  await second.ended();
});

test('removal frees the port at once, lets what is in flight end, and cuts the rest', async () => {
  const a = await app('a');
  const { table, port } = await proxied(a.target);
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  await get(port, agent);
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  outgoing.write('slow');
  const socket = await openWebSocket(port);
  await socket.expect(/early $/);
  await waitUntil(
    () => a.open.size >= 2,
    () => 'both in flight',
  );

  const removal = table.remove(DEPLOYMENT, 400);
  const again = table.remove(DEPLOYMENT, 400);
  await waitUntil(
    () => table.list().length === 0,
    () => 'the removal to begin',
  );
  const other = createServer((_incoming, response) => void response.end('another owner'));
  await waitUntil(
    async () => {
      other.listen(port, '127.0.0.1');
      return await Promise.race([
        once(other, 'listening').then(() => true),
        once(other, 'error').then(() => false),
      ]);
    },
    () => 'the port to be free',
    350,
  );
  onTestFinished(() => void other.close());
  outgoing.end();
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  expect(incoming?.statusCode).toBe(200);
  expect(incoming?.headers.connection).toBe('close');
  incoming?.resume();
  expect([await removal, await again].sort()).toEqual([0, 1]);
  await socket.ended();
  expect(await table.remove(DEPLOYMENT, 0)).toBe(0);
});

test('a port has one owner, inside the proxy and outside', async () => {
  const a = await app('a');
  const { table, port } = await proxied(a.target);
  const route = { deploymentId: 8, host: '127.0.0.1', port, target: null, trustedProxies: [] };
  await expect(table.put(route)).rejects.toMatchObject({
    status: 409,
    code: 'PORT_IN_USE',
    message: `Port ${port} is used by deployment 7. Choose another port.`,
  });
  await expect(table.put({ ...route, port: a.target.port })).rejects.toMatchObject({
    status: 409,
    code: 'PORT_IN_USE',
    message: expect.stringContaining('is used by another process'),
  });
  await expect(table.put({ ...route, port: 65_000, host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'ADDRESS_UNKNOWN',
  });
  expect(table.list()).toHaveLength(1);
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a 0');
});

test('a deployment can move to another port or address', async () => {
  const a = await app('a');
  const { table, port } = await proxied(a.target);
  const other = await freePort();
  const slow = request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  slow.write('x');
  await waitUntil(
    () => a.open.size === 1,
    () => 'the beginning of the POST',
  );
  const route = { deploymentId: DEPLOYMENT, port, target: a.target, trustedProxies: [] };
  await table.put({ ...route, host: '0.0.0.0' });
  expect(await (await fetch(`http://127.0.0.2:${port}/`)).text()).toBe('a 0');
  await table.put({ ...route, host: '127.0.0.1', port: other });
  expect(await (await fetch(`http://127.0.0.1:${other}/`)).text()).toBe('a 0');
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  slow.end();
  const [incoming]: IncomingMessage[] = await once(slow, 'response');
  expect(incoming?.statusCode).toBe(200);
});

test('the current target is not drained', async () => {
  const a = await app('a');
  const { table } = await proxied(a.target);
  await expect(table.drain(DEPLOYMENT, a.target, 0)).rejects.toMatchObject({
    code: 'TARGET_IN_USE',
  });
  expect(await table.drain(DEPLOYMENT, { host: '127.0.0.1', port: 1 }, 0)).toBe(0);
  expect(await table.drain(99, a.target, 0)).toBe(0);
});

test('a route that cannot be written down changes nothing', async () => {
  const a = await app('a');
  let full = false;
  const save = async () => {
    if (full) throw new Error('ENOSPC');
  };
  const table = await createRouteTable([], save, () => {});
  onTestFinished(() => table.stop(0));
  const [port, other] = [await freePort(), await freePort()];
  const route = { deploymentId: 1, host: '127.0.0.1', port, target: a.target, trustedProxies: [] };
  await table.put(route);
  full = true;
  await expect(table.put({ ...route, port: other, target: null })).rejects.toThrow('ENOSPC');
  await expect(table.remove(1, 0)).rejects.toThrow('ENOSPC');
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a 0');
  await expect(fetch(`http://127.0.0.1:${other}/`)).rejects.toThrow();
});
