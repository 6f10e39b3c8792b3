import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { defineEndpoint } from '@borgos/contracts/endpoint';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startEndpoint, startServer } from '../testing/http-server.ts';

const slow = defineEndpoint({
  method: 'GET',
  path: '/slow',
  tag: 'Test',
  summary: 'Wait',
  description: 'Waits.',
  scope: null,
  status: 200,
  response: z.object({ ok: z.boolean() }),
  errors: [],
});

/** An endpoint that answers when told to. */
async function startSlow(drainMs: number) {
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const started = await startEndpoint(
    slow,
    async () => {
      entered.resolve();
      await leave.promise;
      return { ok: true };
    },
    { limits: { drainMs, idleGraceMs: 100 } },
  );
  return { ...started, entered: entered.promise, leave: leave.resolve };
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('closing lets a request in flight end, and takes no new connection', async () => {
  const { http, url, entered, leave } = await startSlow(5000);
  const answer = fetch(`${url}/slow`);
  await entered;
  const closing = http.close();
  expect(http.draining).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  await expect(fetch(`${url}/slow`)).rejects.toThrow('fetch failed');
  leave();
  expect(await (await answer).json()).toEqual({ ok: true });
  await closing;
});

test('closing cuts a request that does not end in time', async () => {
  const { http, url, entered, leave } = await startSlow(300);
  const answer = fetch(`${url}/slow`);
  answer.catch(() => {});
  await entered;
  await http.close();
  await expect(answer).rejects.toThrow();
  leave();
});

test('closing does not wait for connections that are idle or never said a word', async () => {
  const { http, port } = await startServer(() => {}, { limits: { drainMs: 60_000 } });
  const silent = await openSocket(port);
  const idle = await openSocket(port);
  idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => idle.once('data', resolve));
  await Promise.all([http.close(), closed(silent), closed(idle)]);
});

test('closing twice is closing once, and a server that never listened closes', async () => {
  const { http } = await startServer();
  await Promise.all([http.close(), http.close()]);
  await http.close();
});

test('callers that ask without a pause lose no request while the server closes', async () => {
  const { http, port, leave } = await startSlow(5000);
  leave();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  onTestFinished(() => agent.destroy());
  const lost: unknown[] = [];
  let answered = 0;
  let isRefused = false;
  const caller = async () => {
    while (!isRefused) {
      try {
        expect(await ask(agent, port)).toBe(200);
        answered += 1;
      } catch (error) {
        // Nobody listens any more: this request never reached the server, and its caller knows.
        if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') {
          isRefused = true;
        } else {
          lost.push(error);
        }
      }
    }
  };
  const callers = Array.from({ length: 8 }, caller);
  while (answered < 200) await new Promise((resolve) => setImmediate(resolve));
  await http.close();
  await Promise.all(callers);
  expect(lost).toEqual([]);
});

function ask(agent: Agent, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ agent, port, host: '127.0.0.1', path: '/slow' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end();
  });
}
