import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { limits } from './limits.ts';
import type { RouteReading } from './route-counts.ts';
import { createRouteTable } from './route-table.ts';
import { type Proxied, proxied } from './testing/proxied.ts';
import { connectRawVisitor } from './testing/raw-visitor.ts';
import { control, startProxy, temporaryDirectory } from './testing/start-proxy.ts';
import { freePort, startRawTarget, startTarget } from './testing/targets.ts';
import { waitUntil } from './testing/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });

const none = {
  answered: { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
  proxyErrors: 0,
  aborted: 0,
  upgraded: 0,
};

async function read({ table }: Proxied): Promise<RouteReading> {
  const [reading] = await table.counts();
  if (!reading) throw new Error('nothing is counted');
  return reading;
}

function timed({ latency }: RouteReading): number {
  return latency.reduce((sum, [, count]) => sum + count, 0);
}

/** An app that answers with the status that the path names; `/slow` takes a while, `/never` for ever. */
async function statusApp() {
  const app = await startTarget((incoming, response) => {
    incoming.resume();
    if (incoming.url === '/never') return;
    if (incoming.url === '/slow') {
      setTimeout(() => response.end('slow'), 120);
      return;
    }
    response.statusCode = Number(incoming.url?.slice(1));
    response.end();
  });
  onTestFinished(app.close);
  return app;
}

async function visit(port: number, path: string, agent?: Agent): Promise<void> {
  const outgoing = get({ host: '127.0.0.1', port, path, agent: agent ?? false });
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  incoming?.resume();
  if (incoming) await once(incoming, 'end');
}

test('answers are counted by class, one by one on a kept-alive connection too', async () => {
  const app = await statusApp();
  const proxy = await proxied(app.target);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (const status of [200, 204, 301, 304, 404, 429, 418, 500, 200]) {
    await visit(proxy.port, `/${status}`, agent);
  }
  const reading = await read(proxy);
  expect(reading).toMatchObject({
    ...none,
    deploymentId: 7,
    answered: { '2xx': 3, '3xx': 2, '4xx': 3, '5xx': 1 },
    connections: 1,
  });
  expect(timed(reading)).toBe(9);
});

test('the latency is that of the answer, however long its body goes on', async () => {
  let end = () => {};
  const app = await startTarget((_incoming, response) => {
    response.write('begun');
    end = () => response.end('ended');
  });
  onTestFinished(app.close);
  const proxy = await proxied(app.target);
  const answer = await fetch(`http://127.0.0.1:${proxy.port}/`);
  // Counted while it still streams.
  expect(await read(proxy)).toMatchObject({ ...none, answered: { ...none.answered, '2xx': 1 } });
  await new Promise((resolve) => setTimeout(resolve, 300));
  end();
  expect(await answer.text()).toBe('begunended');
  const reading = await read(proxy);
  expect(timed(reading)).toBe(1);
  expect(reading.latency[0]?.[0]).toBeLessThan(250);
});

test('the latency is what the app takes', async () => {
  const app = await statusApp();
  const proxy = await proxied(app.target);
  await visit(proxy.port, '/slow');
  const { latency } = await read(proxy);
  expect(latency).toEqual([[expect.any(Number), 1]]);
  expect(latency[0]?.[0]).toBeGreaterThan(115);
  expect(latency[0]?.[0]).toBeLessThan(2_000);
});

test('what the proxy answers itself is counted apart, and is no latency of the app', async () => {
  const app = await statusApp();
  const proxy = await proxied(null);
  await visit(proxy.port, '/200');
  await proxy.switchTo({ host: '127.0.0.1', port: await freePort() });
  await visit(proxy.port, '/200');
  await proxy.switchTo(app.target);
  const before = limits.answerMs;
  limits.answerMs = 50;
  onTestFinished(() => {
    limits.answerMs = before;
  });
  await visit(proxy.port, '/never');
  const reading = await read(proxy);
  expect(reading).toMatchObject({ ...none, proxyErrors: 3 });
  expect(timed(reading)).toBe(0);
});

test('a request whose visitor leaves before the answer is counted as aborted', async () => {
  const app = await statusApp();
  const proxy = await proxied(app.target);
  const outgoing = get({ host: '127.0.0.1', port: proxy.port, path: '/never', agent: false });
  outgoing.on('error', () => {});
  await waitUntil(
    () => app.open.size === 1,
    () => 'the request to arrive',
  );
  outgoing.destroy();
  await waitUntil(
    async () => (await read(proxy)).aborted === 1,
    () => 'the abort to be counted',
  );
  expect(await read(proxy)).toMatchObject({ ...none, aborted: 1 });
});

test('an upload is answered once, also when its visitor leaves in the middle of the answer', async () => {
  const app = await startTarget((incoming, response) => {
    incoming.resume();
    response.write('begun');
  });
  onTestFinished(app.close);
  const proxy = await proxied(app.target);
  const agent = false;
  const outgoing = request({ host: '127.0.0.1', port: proxy.port, method: 'POST', agent });
  outgoing.on('error', () => {}).write('half');
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  incoming?.on('error', () => {});
  outgoing.destroy();
  await waitUntil(
    async () => (await read(proxy)).connections === 0,
    () => 'the connection to end',
  );
  expect(await read(proxy)).toMatchObject({ ...none, answered: { ...none.answered, '2xx': 1 } });
});

test('upgrades are counted apart, and their connections are open ones', async () => {
  const app = await startRawTarget((socket) => {
    socket.once('data', (head) => {
      const agreed = 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
      const refused = 'HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n';
      socket.write(head.includes('/refuse') ? refused : agreed);
    });
  });
  onTestFinished(app.close);
  const proxy = await proxied(app.target);
  const ask = async (path: string) => {
    const visitor = await connectRawVisitor(proxy.port);
    visitor.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`);
    return visitor;
  };
  const joined = await ask('/');
  await joined.expect(/101 X/);
  const refused = await ask('/refuse');
  await refused.expect(/403 X/);
  await refused.ended();
  refused.socket.destroy();
  await waitUntil(
    async () => (await read(proxy)).connections === 1,
    () => 'the refused one to be closed',
  );
  const answered = { ...none.answered, '4xx': 1 };
  expect(await read(proxy)).toMatchObject({ ...none, answered, upgraded: 1 });
  joined.socket.destroy();
  await waitUntil(
    async () => (await read(proxy)).connections === 0,
    () => 'the upgraded one to be closed',
  );
  expect(await read(proxy)).toMatchObject({ ...none, answered, upgraded: 1 });
});

test('an upgrade that nobody serves is an error of the proxy, one that is cut off is aborted', async () => {
  const app = await startRawTarget((socket) => void socket.on('data', () => {}));
  onTestFinished(app.close);
  const proxy = await proxied(null);
  const head = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const unserved = await connectRawVisitor(proxy.port);
  unserved.send(head);
  await unserved.expect(/503/);
  await proxy.switchTo(app.target);
  const cut = await connectRawVisitor(proxy.port);
  cut.send(head);
  await waitUntil(
    () => app.open.size === 1,
    () => 'the upgrade to arrive',
  );
  expect(await proxy.table.remove(7, 0)).toBe(1);
  await cut.ended();
  await waitUntil(
    async () => (await read(proxy)).aborted === 1,
    () => 'the abort to be counted',
  );
  expect(await read(proxy)).toMatchObject({ ...none, proxyErrors: 1, aborted: 1 });
});

test('counting goes on when a deployment is routed elsewhere, or not at all for a while', async () => {
  const app = await statusApp();
  const proxy = await proxied(app.target);
  await visit(proxy.port, '/200');
  const { epoch } = await read(proxy);
  await proxy.table.remove(7, 0);
  expect(await read(proxy)).toMatchObject({ epoch, answered: { '2xx': 1 }, connections: 0 });
  await proxy.switchTo(app.target);
  await visit(proxy.port, '/200');
  expect(await read(proxy)).toMatchObject({ epoch, answered: { '2xx': 2 } });
});

test('of deployments that are gone only the last few are kept', async () => {
  const table = await createRouteTable(
    [],
    async () => {},
    () => {},
  );
  onTestFinished(() => table.stop(0));
  const port = await freePort();
  for (let deploymentId = 1; deploymentId <= 80; deploymentId += 1) {
    await table.put({ deploymentId, host: '127.0.0.1', port, target: null, trustedProxies: [] });
    await table.remove(deploymentId, 0);
  }
  const ids = (await table.counts()).map(({ deploymentId }) => deploymentId);
  expect(ids.length).toBeLessThanOrEqual(65);
  expect(ids.at(-1)).toBe(80);
});

test('the counts are told over the control socket, and begin anew with a new process', async () => {
  const directory = await temporaryDirectory();
  const app = await statusApp();
  const port = await freePort();
  const route = { deploymentId: 3, host: '127.0.0.1', port, target: app.target };
  const first = await startProxy(directory);
  await control(directory, 'PUT', '/routes/3', { ...route, trustedProxies: [] });
  await visit(port, '/404');
  const before = await control(directory, 'GET', '/counts');
  expect(before).toMatchObject({
    status: 200,
    body: { counts: [{ ...none, deploymentId: 3, answered: { ...none.answered, '4xx': 1 } }] },
  });
  first.kill('SIGKILL');
  await once(first, 'exit');
  await startProxy(directory);
  const after = await control(directory, 'GET', '/counts');
  expect(after).toMatchObject({ body: { counts: [{ ...none, deploymentId: 3 }] } });
  const epochs = [before, after].map(
    ({ body }) => JSON.stringify(body).match(/epoch":"[^"]+/)?.[0],
  );
  expect(epochs[0]).not.toBe(epochs[1]);
});
