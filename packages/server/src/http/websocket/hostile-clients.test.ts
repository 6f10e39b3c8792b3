import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { localCaller } from '../../caller.ts';
import { AppError } from '../../errors.ts';
import { waitFor } from '../../testing/wait-for.ts';
import {
  openWebSocket,
  refusedWebSocket,
  type WebSocketClient,
} from '../../testing/websocket-client.ts';
import { startWebSocketTest, type WebSocketTest } from '../../testing/websocket-server.ts';

let events: WebSocketTest;
beforeAll(async () => {
  events = await startWebSocketTest();
});
afterAll(() => events.close());

/** A client that says what it likes after the handshake. */
async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  const lines = ['GET /ws HTTP/1.1', `Host: localhost:${port}`, 'Connection: Upgrade'];
  lines.push('Upgrade: websocket', 'Sec-WebSocket-Version: 13');
  socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toContain('101 Switching Protocols');
  expect(String(answer).toLowerCase()).not.toContain('sec-websocket-extensions');
  return socket;
}

/** A masked frame, whose mask is zero; `length` may say more than there is. */
function frame(first: number, payload: string | Buffer, length = payload.length): Buffer {
  const head =
    length < 126 ? [first, 0x80 | length] : [first, 0x80 | 127, 0, 0, 0, 0, ...bytesOf(length)];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(payload)]);
}

function bytesOf(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return [...bytes];
}

/** Sends until the server has closed it, and gives the code of its close frame. */
async function closeCode(socket: Socket, parts: Iterable<Buffer>): Promise<number | undefined> {
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  const closed = once(socket, 'close');
  for (const part of parts) {
    if (socket.destroyed || received.length > 0) break;
    if (!socket.write(part)) await Promise.race([once(socket, 'drain'), closed]);
    // So that an answer is seen while more would follow.
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  const bytes = Buffer.concat(received);
  return bytes[0] === 0x88 ? bytes.readUInt16BE(2) : undefined;
}

function* forEver(part: Buffer): Iterable<Buffer> {
  for (;;) yield part;
}

const text = 0x81;
const begin = 0x01;
const more = 0x00;
const fragments = (payload: string) => [
  frame(begin, payload),
  ...Array<Buffer>(40_000).fill(frame(more, payload)),
];

describe('what is no message', () => {
  test.each<[string, () => Iterable<Buffer>, number]>([
    ['garbage', () => [Buffer.from('\xff\xff\xff\xffGET / HTTP/1.1\r\n\r\n', 'latin1')], 1002],
    ['a frame without a mask', () => [Buffer.from([text, 1, 0x61])], 1002],
    ['a compressed frame', () => [frame(0xc1, 'x')], 1002],
    ['a continuation of nothing', () => [frame(0x80, 'x')], 1002],
    ['text that is not UTF-8', () => [frame(text, Buffer.from([0xc3, 0x28]))], 1007],
    ['a frame of a megabyte', () => [frame(text, 'x'.repeat(1_000_000))], 1009],
    ['a frame that says it has 4 GB', () => [frame(text, 'x', 4_000_000_000)], 1009],
    ['fragments for ever', () => fragments('0123456789'), 1009],
    ['empty fragments for ever', () => [Buffer.concat(fragments(''))], 1008],
  ])('%s ends its connection and harms no other', async (_what, parts, code) => {
    const server = await events.serve();
    const other = await openWebSocket(server.url);
    await other.ask({ type: 'subscribe', channels: ['errors'] });
    const socket = await openRaw(server.port);
    expect(await closeCode(socket, parts())).toBe(code);
    await events.logErrors(1);
    await waitFor('the event', async () => other.seqs().length === 1);
    await waitFor('one connection', async () => server.connections === 1);
  });

  test('a flood without end is cut although the client never closes', async () => {
    const server = await events.serve();
    const socket = await openRaw(server.port);
    await closeCode(socket, forEver(Buffer.alloc(64 * 1024, frame(text, '{}'))));
    await waitFor('none to be left', async () => server.connections === 0);
  });
});

describe('a client that does not read', () => {
  /** Stops reading, as if its machine slept. */
  const stopReading = (client: WebSocketClient) => client.ws.pause();

  test('is cut, costs no memory, and is told everything when it comes back', async () => {
    const server = await events.serve({ limits: { mostWaiting: 256 * 1024 } });
    const healthy = await openWebSocket(server.url);
    const slow = await openWebSocket(server.url);
    for (const client of [healthy, slow]) {
      await client.ask({ type: 'subscribe', channels: ['errors'] });
    }
    const before = slow.messages[0].data.seq;
    stopReading(slow);
    const started = process.memoryUsage();
    let logged = 0;
    await waitFor('it to be cut', async () => {
      await events.logErrors(500, [1], 'x'.repeat(900));
      logged += 500;
      return server.connections === 1;
    });
    const { arrayBuffers } = process.memoryUsage();
    expect(arrayBuffers - started.arrayBuffers).toBeLessThan(20 * 1024 * 1024);
    await waitFor('the other one to be told all', async () => healthy.seqs().length === logged);
    expect(server.logged.map(({ code }) => code)).toContain(1013);

    slow.ws.resume();
    expect((await slow.closed).code).toBeOneOf([1006, 1013]);
    const last = slow.seqs().at(-1) ?? before;
    const again = await openWebSocket(server.url);
    await again.ask({ type: 'subscribe', channels: ['errors'], since: last });
    await waitFor('the rest', async () => slow.seqs().length + again.seqs().length >= logged);
    expect([...slow.seqs(), ...again.seqs()]).toEqual(healthy.seqs());
  }, 60_000);

  test('in the middle of the past keeps no more of it in memory, and goes on when it reads', async () => {
    const server = await events.serve();
    const before = events.feed.lastSeq;
    for (let part = 0; part < 10; part += 1) await events.logErrors(1000, [1], 'x'.repeat(900));
    await waitFor('all to be told', async () => events.feed.lastSeq >= before + 10_000);
    const seq = events.feed.lastSeq;
    const client = await openWebSocket(server.url);
    await client.ask({ type: 'subscribe', channels: ['errors'], since: seq - 10_000 });
    await waitFor('it to begin', async () => client.seqs().length > 0);
    stopReading(client);
    const other = await openWebSocket(server.url);
    await other.ask({ type: 'subscribe', channels: ['errors'], since: seq - 10_000 });
    await waitFor('another one to be told all', async () => other.seqs().length >= 10_000);
    expect(server.connections).toBe(2);
    expect(client.seqs().length).toBeLessThan(10_000);
    client.ws.resume();
    await waitFor('the rest', async () => client.seqs().length >= 10_000);
    expect(client.seqs()).toEqual(other.seqs());
  }, 60_000);

  test('and sends no sign of life is cut at the second ping', async () => {
    const server = await events.serve({ limits: { heartbeatMs: 150 } });
    const lively = await openWebSocket(server.url);
    const dead = await openWebSocket(server.url, { autoPong: false });
    expect((await dead.closed).code).toBe(1006);
    await lively.ask({ type: 'ping' });
    await waitFor('one to be left', async () => server.connections === 1);
  });
});

test('a connection stays open however long nothing is said, and takes no place of HTTP', async () => {
  const server = await events.serve({
    http: { limits: { keepAliveTimeoutMs: 20, socketTimeoutMs: 60, connections: 4 } },
  });
  const clients: WebSocketClient[] = [];
  for (let count = 0; count < 8; count += 1) clients.push(await openWebSocket(server.url));
  // Each as long as an idle connection of HTTP may last.
  for (let round = 0; round < 3; round += 1) {
    const idle = connect(server.port, '127.0.0.1');
    idle.resume();
    await once(idle, 'close');
  }
  for (const client of clients) expect((await client.ask({ type: 'ping' })).type).toBe('pong');
  for (const client of clients) client.ws.terminate();
  await waitFor('all to be gone', async () => server.http.server.maxConnections === 4);
});

test('more than the most connections are refused until one is closed', async () => {
  const server = await events.serve({ limits: { connections: 2 } });
  const first = await openWebSocket(server.url);
  await openWebSocket(server.url);
  expect(await refusedWebSocket(server.url)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '5' },
    body: { code: 'UNAVAILABLE', message: expect.stringContaining('2 connections') },
  });
  first.ws.close();
  await waitFor('one to be closed', async () => server.connections === 1);
  await openWebSocket(server.url);
});

test('a credential that has ended ends its connection at the next ping', async () => {
  let isValid = true;
  const authenticate = () => {
    if (isValid) return { ...localCaller('127.0.0.1'), credential: 'session' as const };
    throw new AppError('UNAUTHORIZED', 'Invalid or missing authentication token');
  };
  const server = await events.serve({ http: { authenticate }, limits: { heartbeatMs: 150 } });
  const headers = { authorization: 'Bearer x' };
  const client = await openWebSocket(server.url, { headers });
  const local = await openWebSocket(server.url);
  isValid = false;
  expect((await client.closed).code).toBe(1008);
  expect((await local.ask({ type: 'ping' })).type).toBe('pong');
});

test('a server that stops says so to all, cuts who does not listen, and lets nobody else in', async () => {
  const server = await events.serve({ limits: { closeMs: 200 } });
  const client = await openWebSocket(server.url);
  const deaf = await openRaw(server.port);
  const cut = once(deaf.pause(), 'close');
  // It has been asked for before, and is refused now.
  const half = connect(server.port, '127.0.0.1');
  half.write('GET /ws HTTP/1.1\r\nHost: localhost\r\n');
  let accepted = 0;
  await waitFor('three connections', async () => {
    server.http.server.getConnections((_error, count) => {
      accepted = count;
    });
    return accepted === 3;
  });
  const started = performance.now();
  const closing = server.http.close();
  half.write('Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const [answer] = await once(half, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /);
  expect(await client.closed).toMatchObject({ code: 1001, reason: /stopping/ });
  deaf.resume();
  await Promise.all([closing, cut]);
  expect(performance.now() - started).toBeLessThan(2000);
  await waitFor('none to be left', async () => server.connections === 0);
});
