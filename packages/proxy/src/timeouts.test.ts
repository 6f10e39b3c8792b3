import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limits } from './limits.ts';
import { proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { startRawTarget, startTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

/** Minutes made short for one test. */
function shorten(name: keyof typeof limits, milliseconds: number): void {
  const before = limits[name];
  limits[name] = milliseconds;
  onTestFinished(() => {
    limits[name] = before;
  });
}

test('a target that never answers is 504, and its request ended', async () => {
  shorten('answerMs', 100);
  const app = await startTarget(() => {});
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect([answer.status, await answer.json()]).toMatchObject([504, { code: 'ANSWER_TIMEOUT' }]);
  await waitUntil(
    () => app.open.size === 0,
    () => 'the end of the request',
  );
});

test('an answer that has begun may take longer than that', async () => {
  shorten('answerMs', 50);
  shorten('bodyIdleMs', 50);
  const app = await startTarget((incoming, response) => {
    incoming.resume();
    response.write('begun ');
    setTimeout(() => response.end('ended'), 300);
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  for (const init of [{}, { method: 'POST', body: 'x' }]) {
    expect(await (await fetch(`http://127.0.0.1:${port}/`, init)).text()).toBe('begun ended');
  }
});

test('a body that stops coming is 408, a slow one is not', async () => {
  shorten('bodyIdleMs', 400);
  const app = await startTarget((incoming, response) => {
    incoming.resume().on('end', () => response.end('all'));
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
  const slow = await connectRawVisitor(port);
  slow.send(head);
  const letters = 'abcdefghij';
  for (const letter of letters) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    slow.send(letter);
  }
  await slow.expect(/200 OK[\s\S]*all/);
  const stuck = await connectRawVisitor(port);
  stuck.send(`${head}abc`);
  await stuck.expect(/^HTTP\/1\.1 408 [\s\S]*BODY_STALLED/);
  await waitUntil(
    () => app.open.size === 0,
    () => 'the end of the request',
  );
  for (const { socket } of [slow, stuck]) socket.destroy();
});

test('a target that accepts no connection is 502 after two tries', async () => {
  shorten('connectMs', 150);
  const script = `
    require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
      process.stdout.write(String(this.address().port));
    });`;
  const app = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void app.kill('SIGKILL'));
  const [text] = await once(app.stdout, 'data');
  // Stopped, it takes nothing off its queue, and beyond that the kernel drops what comes.
  app.kill('SIGSTOP');
  for (let count = 0; count < 4; count += 1) {
    const filler = connect(Number(text), '127.0.0.1').on('error', () => {});
    onTestFinished(() => void filler.destroy());
  }
  const { port } = await proxied({ host: '127.0.0.1', port: Number(text) });
  await waitUntil(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        signal: AbortSignal.timeout(2_000),
      })
        .then((got) => got.text())
        .catch(() => '');
      return answer.includes('accepts no connection within 0.15 s');
    },
    () => 'the queue to be full',
  );
});

test('a silent WebSocket lives on, one that is half closed and silent does not', async () => {
  shorten('halfClosedMs', 200);
  shorten('visitorIdleMs', 50);
  const app = await startRawTarget((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    socket.on('data', () => {});
  });
  onTestFinished(app.close);
  const { port } = await proxied(app.target);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await visitor.expect(/101 X[\s\S]*Upgrade: x\r\n\r\n/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(app.open.size).toBe(1);
  for (const socket of app.open) socket.allowHalfOpen = true;
  visitor.socket.end();
  await visitor.ended();
});

test('the headers of a request have to come in time', async () => {
  shorten('headersMs', 100);
  const { port } = await proxied(null);
  const visitor = await connectRawVisitor(port);
  visitor.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
  expect(await visitor.ended()).toMatch(/^HTTP\/1\.1 408 /);
});

test('more connections than the limit are closed as they come', async () => {
  shorten('connectionsPerPort', 2);
  const { port } = await proxied(null);
  const [a, b] = [await connectRawVisitor(port), await connectRawVisitor(port)];
  const c = await connectRawVisitor(port);
  expect(await c.ended()).toBe('');
  a.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await a.expect(/503/);
  for (const { socket } of [a, b]) socket.destroy();
});
