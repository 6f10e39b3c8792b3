import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectProxy } from '../packages/server/src/proxy-link/proxy-link.ts';

/**
 * What the proxy adds to a request: the same small app asked directly and through the proxy, in
 * rounds that alternate, so that both meet the same moods of the machine. `node bench/proxy.ts`
 */
const ROUNDS = 10;
const REQUESTS = 2_000;

if (process.argv[2] === 'app') {
  const body = Buffer.alloc(1024, 'x');
  const server = createServer((_incoming, response) => {
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  }).listen(0, '127.0.0.1', () => process.send?.(server.address()));
} else {
  await main();
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-bench-'));
  const app = fork(fileURLToPath(import.meta.url), ['app']);
  const log = { debug: () => {}, warn: console.warn, error: console.error };
  const link = await connectProxy({ directory, host: '127.0.0.1', log });
  try {
    const [{ port: direct }] = await once(app, 'message');
    const port = await freePort();
    await link.route({ deploymentId: 1, port, target: { host: '127.0.0.1', port: direct } });
    console.log(`at rest: ${await memory(link.pid)}`);
    for (const concurrency of [1, 32]) await compare(direct, port, concurrency);
    console.log(
      `after ${ROUNDS * REQUESTS * 2 + REQUESTS * 2} requests: ${await memory(link.pid)}`,
    );
  } finally {
    await link.shutdown();
    app.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

async function compare(direct: number, proxied: number, concurrency: number): Promise<void> {
  const ways = [
    { name: 'direct', port: direct, times: [] as number[], seconds: 0 },
    { name: 'proxy', port: proxied, times: [] as number[], seconds: 0 },
  ];
  for (const { port } of ways) await load(port, concurrency, REQUESTS, []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of round % 2 ? ways.toReversed() : ways) {
      const begun = performance.now();
      await load(way.port, concurrency, REQUESTS, way.times);
      way.seconds += (performance.now() - begun) / 1000;
    }
  }
  const rows = ways.map(({ name, times, seconds }) => {
    times.sort((a, b) => a - b);
    const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(3));
    const perSecond = Math.round(times.length / seconds);
    return { way: name, p50: at(0.5), p90: at(0.9), p99: at(0.99), 'requests/s': perSecond };
  });
  console.log(`\n${concurrency} kept-alive connection(s), 1 KiB answers, milliseconds`);
  console.table(rows);
  const [plain, through] = rows;
  if (!plain || !through) return;
  const added = (through.p50 - plain.p50).toFixed(3);
  console.log(`p50 added ${added} ms, ratio ${(through.p50 / plain.p50).toFixed(2)}`);
}

async function load(port: number, concurrency: number, count: number, times: number[]) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  let left = count;
  const visitor = async () => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      const [incoming] = await once(request({ host: '127.0.0.1', port, agent }).end(), 'response');
      if (incoming.statusCode !== 200) throw new Error(`status ${incoming.statusCode}`);
      incoming.resume();
      await once(incoming, 'end');
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, visitor));
  agent.destroy();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** RSS counts the pages of the Node binary, PSS shares them between processes; Linux only. */
async function memory(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return ['Rss', 'Pss', 'Pss_Anon']
    .map(
      (name) =>
        `${name} ${Math.round(Number(RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1024)} MB`,
    )
    .join(', ');
}
