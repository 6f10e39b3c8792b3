// Requests that fail while a deployment is redeployed again and again: on kept connections, on new
// ones, slow uploads, streamed answers, long downloads and upgraded connections, all at once.
//
//   node bench/redeploy-under-load.ts [redeploys] [docker|process]
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeProjectFolder } from '../packages/server/src/testing/project-folder.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { waitFor } from '../packages/server/src/testing/wait-for.ts';

const redeploys = Number(process.argv[2] ?? 20);
const runtimes = process.argv[3] ? [process.argv[3]] : ['process', 'docker'];
/** How long slow requests take. */
const slowMs = 1500;
const downloadBytes = 32 * 1024 * 1024;

const app = {
  'package.json': JSON.stringify({ name: 'load', main: 'server.js' }),
  'server.js': `
    const { setTimeout: sleep } = require('node:timers/promises');
    const server = require('node:http').createServer(async (request, response) => {
      if (request.url === '/stream') {
        for (let piece = 0; piece < 15; piece++) {
          response.write('piece ');
          await sleep(${slowMs / 15});
        }
        return response.end('end');
      }
      if (request.url === '/download') {
        const chunk = Buffer.alloc(1024 * 1024);
        for (let sent = 0; sent < ${downloadBytes}; sent += chunk.length) {
          if (!response.write(chunk)) await new Promise((done) => response.once('drain', done));
          await sleep(${slowMs / 32});
        }
        return response.end();
      }
      let bytes = 0;
      for await (const chunk of request) bytes += chunk.length;
      response.end('got ' + bytes);
    });
    server.on('upgrade', (request, socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
      socket.pipe(socket);
    });
    server.listen(process.env.PORT, process.env.HOST);
    process.on('SIGTERM', () => server.close(() => process.exit(0)));`,
};

const kept = new Agent({ keepAlive: true });
const kinds: Record<string, (port: number) => Promise<void>> = {
  'kept connections': (port) => ask(port, { agent: kept }, 'got 0'),
  'new connections': (port) => ask(port, { agent: false }, 'got 0'),
  'POST on kept connections': (port) =>
    ask(
      port,
      { agent: kept, method: 'POST' },
      'got 4',
      async (outgoing) => void outgoing.end('body'),
    ),
  'slow POST': (port) =>
    ask(port, { agent: false, method: 'POST' }, 'got 60', async (outgoing) => {
      for (let piece = 0; piece < 15; piece++) {
        outgoing.write('four');
        await sleep(slowMs / 15);
      }
      outgoing.end();
    }),
  'streamed answer': (port) =>
    ask(port, { agent: false, path: '/stream' }, `${'piece '.repeat(15)}end`),
  'long download': async (port) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false, path: '/download' }).end();
    const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
    let bytes = 0;
    for await (const chunk of incoming ?? []) bytes += chunk.length;
    if (bytes !== downloadBytes) throw new Error(`${bytes} bytes`);
  },
  'upgraded connection': echo,
};

for (const runtime of runtimes) {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  await using folder = await makeProjectFolder(app);
  const server = await startServerProcess({ BORGOS_HOME: home, BORGOS_RUNTIME: runtime });
  try {
    await measure(server, folder.path, runtime);
  } finally {
    const { data } = await server.client.deployments.list({});
    for (const { id } of data) await server.client.deployments.delete({ id });
    await server.end('SIGTERM');
    await rm(home, { recursive: true, force: true });
  }
}
kept.destroy();

async function measure(
  { client }: Awaited<ReturnType<typeof startServerProcess>>,
  folder: string,
  runtime: string,
): Promise<void> {
  const project = await client.projects.create({ name: 'Load', path: folder });
  const deploy = async (revision: number) => {
    const accepted = await client.deployments.deploy({ project_id: project.id });
    if (!('id' in accepted)) throw new Error('a plan was answered');
    const { id } = accepted;
    return await waitFor(
      `revision ${revision} to run`,
      async () => {
        const now = await client.deployments.get({ id });
        if (now.status === 'failed') throw new Error(now.status_reason ?? '');
        return now.status === 'running' && now.revision === revision && now.stage === null && now;
      },
      60_000,
    );
  };
  const { port } = await deploy(1);
  let done = false;
  const rows: Record<string, { requests: number; failed: number; why: string }> = {};
  const visitors = Object.entries(kinds).flatMap(([kind, visit]) => {
    const row = { requests: 0, failed: 0, why: '' };
    rows[kind] = row;
    return Array.from({ length: 3 }, async () => {
      while (!done) {
        row.requests += 1;
        await visit(port).catch((error: Error) => {
          row.failed += 1;
          row.why ||= error.message;
        });
        await sleep(5);
      }
    });
  });
  const begun = performance.now();
  for (let count = 0; count < redeploys; count++) await deploy(count + 2);
  const seconds = (performance.now() - begun) / 1000;
  done = true;
  await Promise.all(visitors);
  console.log(`${runtime}: ${redeploys} redeploys in ${seconds.toFixed(0)} s`);
  console.table(rows);
}

async function ask(
  port: number,
  options: { agent: Agent | false; method?: string; path?: string },
  expected: string,
  send: (outgoing: ReturnType<typeof request>) => Promise<void> = async (to) => void to.end(),
): Promise<void> {
  const outgoing = request({ host: '127.0.0.1', port, ...options });
  outgoing.setTimeout(30_000, () => outgoing.destroy(new Error('no answer in 30 s')));
  const answered = once(outgoing, 'response');
  const [[incoming]] = await Promise.all([answered, send(outgoing)]);
  let text = '';
  for await (const chunk of incoming) text += chunk;
  if (text !== expected) throw new Error(`${incoming.statusCode} ${text.slice(0, 200)}`);
}

async function echo(port: number): Promise<void> {
  const headers = { connection: 'Upgrade', upgrade: 'echo' };
  const outgoing = request({ host: '127.0.0.1', port, agent: false, headers }).end();
  outgoing.once('response', (incoming) => outgoing.destroy(new Error(`${incoming.statusCode}`)));
  const [, socket]: [IncomingMessage, Socket] = await once(outgoing, 'upgrade').then(
    ([incoming, socket]) => [incoming, socket],
  );
  for (let count = 0; count < 15; count++) {
    const back = once(socket, 'data', { signal: AbortSignal.timeout(10_000) });
    socket.write(`message ${count}`);
    const [data] = await back;
    if (String(data) !== `message ${count}`) throw new Error(`echoed ${data}`);
    await sleep(slowMs / 15);
  }
  socket.destroy();
}
