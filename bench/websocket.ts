// What it costs to tell an event to ten thousand clients of /ws, against plain `ws.send()` in a loop:
// messages per second of the server process's own CPU time; how much memory a connection takes; and
// how long after its commit a change is told, through a whole server and its database.
//
//   node bench/websocket.ts [rounds]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import type { AnyEvent } from '../packages/contracts/src/events.ts';
import { systemActor } from '../packages/server/src/caller.ts';
import { startEmbeddedPostgres } from '../packages/server/src/database/embedded.ts';
import { openDatabase } from '../packages/server/src/database/open.ts';
import { appendEvent } from '../packages/server/src/events/append.ts';
import { createHttpServer } from '../packages/server/src/http/server.ts';
import { serveWebSocket } from '../packages/server/src/http/websocket/websocket.ts';
import { servePlainWebSocket } from '../packages/server/src/testing/plain-websocket.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { median, quantile } from './quantile.ts';
import { framesIn, openClient, pong } from './websocket-client.ts';

const clients = 10_000;
const clientProcesses = 2;
const messages = 10;
const targets = { ratio: 1, bytes: 10 * 1024, latencyMs: 20 };

interface Child {
  process: ChildProcess;
  ask(message: object): Promise<number>;
}

const [role, argument] = process.argv.slice(2);
if (role === 'ours') await serveOurs();
else if (role === 'plain') await servePlain();
else if (role === 'clients') await runClients(Number(argument));
else await measure(Number(role ?? 7));

async function measure(rounds: number): Promise<void> {
  const children: Child[] = [];
  try {
    await compare(children, rounds);
  } finally {
    await Promise.all(children.map(({ process }) => stop(process)));
  }
  await measureLatency();
}

async function compare(children: Child[], rounds: number): Promise<void> {
  const sides = [];
  for (const name of ['ours', 'plain', 'again'] as const) {
    const server = await start(children, name === 'ours' ? 'ours' : 'plain');
    const port = await server.ask({ do: 'port' });
    // So that what is made once is made, and does not count as a connection's.
    const warm = await start(children, 'clients', String(port));
    await warm.ask({ do: 'connect', count: 500 });
    await server.ask({ do: 'tell' });
    await warm.ask({ do: 'close' });
    await waitUntil(async () => (await server.ask({ do: 'connections' })) === 0);
    const before = await server.ask({ do: 'memory' });
    const crowds: Child[] = [];
    for (let index = 0; index < clientProcesses; index += 1) {
      crowds.push(await start(children, 'clients', String(port)));
    }
    await Promise.all(
      crowds.map((crowd) => crowd.ask({ do: 'connect', count: clients / clientProcesses })),
    );
    await waitUntil(async () => (await server.ask({ do: 'connections' })) === clients);
    const bytes = ((await server.ask({ do: 'memory' })) - before) / clients;
    sides.push({ name, server, crowds, bytes, rates: [] as number[] });
  }
  for (const side of sides) await rate(side);
  for (let round = 0; round < rounds; round += 1) {
    // In turns and from both ends, as the machine's speed drifts.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      side.rates.push(await rate(side));
    }
  }
  const [ours, plain, again] = sides;
  if (!ours || !plain || !again) throw new Error('a side is missing');
  const ratio = median(ours.rates.map((value, round) => value / (plain.rates[round] ?? 0)));
  const same = median(again.rates.map((value, round) => value / (plain.rates[round] ?? 0)));
  const show = (rates: number[]) => Math.round(median(rates)).toLocaleString('en');
  console.log(
    `one event to ${clients} clients: ${show(ours.rates)} of ${show(plain.rates)} messages a CPU-second: ` +
      `${ratio.toFixed(2)} (target ${targets.ratio}, ${verdict(ratio >= targets.ratio)}; plain against plain ${same.toFixed(2)})`,
  );
  console.log(
    `memory of a connection: ${(ours.bytes / 1024).toFixed(1)} KB, with plain ws ${(plain.bytes / 1024).toFixed(1)} KB ` +
      `(target at most ${targets.bytes / 1024} KB, ${verdict(ours.bytes <= targets.bytes)})`,
  );
}

/** Messages per second of the server's CPU time. */
async function rate({ server, crowds }: { server: Child; crowds: Child[] }): Promise<number> {
  const before = await server.ask({ do: 'cpu' });
  for (let message = 1; message <= messages; message += 1) {
    const heard = crowds.map((crowd) => crowd.ask({ do: 'hear', count: message }));
    await server.ask({ do: 'tell' });
    await Promise.all(heard);
  }
  const spent = (await server.ask({ do: 'cpu' })) - before;
  await Promise.all(crowds.map((crowd) => crowd.ask({ do: 'forget' })));
  return (clients * messages * 1e6) / spent;
}

async function measureLatency(): Promise<void> {
  const log = pino({ level: 'silent' });
  await using closing = new AsyncDisposableStack();
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  closing.defer(() => rm(home, { recursive: true, force: true }));
  const embedded = await startEmbeddedPostgres({ home: path.join(home, 'own'), log });
  closing.defer(() => embedded.stop());
  const { connectionString } = embedded;
  const server = await startServerProcess({ BORGOS_HOME: home, DATABASE_URL: connectionString });
  closing.defer(async () => void (await server.end('SIGTERM')));
  const database = await openDatabase({ source: { databaseUrl: connectionString }, log });
  closing.defer(() => database.close());
  const listeners = 100;
  const changes = 1000;
  const committed: number[] = [];
  const begun: number[] = [];
  const heard: { change: number; at: number }[] = [];
  const { port } = new URL(server.url);
  for (let count = 0; count < listeners; count += 1) {
    const socket = await openClient(Number(port));
    closing.defer(() => void socket.destroy());
    socket.on('data', (data: Buffer) => {
      const at = performance.now();
      for (const [, change] of data.toString('latin1').matchAll(/"name":"(\d+)"/g)) {
        heard.push({ change: Number(change), at });
      }
    });
  }
  const everyMs = 10;
  const started = performance.now();
  const writing: Promise<void>[] = [];
  for (let change = 0; change < changes; change += 1) {
    await wait(Math.max(0, started + change * everyMs - performance.now()));
    begun[change] = performance.now();
    const data = { id: change + 1, name: String(change), path: '/bench' };
    const written = appendEvent(database.db, 'project_created', data, systemActor);
    writing.push(
      written.then(() => {
        committed[change] = performance.now();
      }),
    );
  }
  await Promise.all(writing);
  await waitUntil(async () => heard.length >= listeners * changes);
  // It may be heard before its writer has heard that it is committed.
  const since = (times: number[]) =>
    heard.map(({ change, at }) => Math.max(0, at - (times[change] ?? 0)));
  const show = (times: number[]) =>
    `p50 ${median(times).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`;
  const latencies = since(committed);
  console.log(
    `from a commit to ${listeners} clients, 100 a second: ${show(latencies)} ` +
      `(target at p99 ${targets.latencyMs} ms, ${verdict(quantile(latencies, 0.99) <= targets.latencyMs)}); ` +
      `from its begin: ${show(since(begun))}`,
  );
}

/** An event as the reference shows it. */
function someEvent(seq: number): AnyEvent {
  return {
    seq,
    type: 'project_created',
    data: { id: 3, name: 'NewProject', path: '/projects/newproject' },
    timestamp: '2024-01-15T11:00:00.000Z',
  };
}

async function serveOurs(): Promise<void> {
  let seq = 0;
  const listeners = new Set<(event: AnyEvent) => void>();
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    trustedProxies: [],
    localTrust: true,
    authenticate: () => {
      throw new Error('there is no credential');
    },
    isOwn: async () => false,
    rateLimit: null,
    rateLimits: undefined as never,
    idempotency: undefined as never,
    log: pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false })),
  });
  const served = serveWebSocket(http, {
    authenticate: () => {
      throw new Error('there is no credential');
    },
    logs: {
      exists: async () => false,
      bounds: async () => ({ start: 0, end: 0 }),
      read: async () => ({ entries: [], offset: 0, next: 0 }),
      grown: async () => true,
    },
    feed: {
      lastSeq: seq,
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      read: async () => [],
      oldestSeq: async () => 1,
      close: async () => {},
    },
  });
  const { port } = new URL(await http.listen());
  answerParent({
    port: () => Number(port),
    connections: () => served.connections,
    tell() {
      seq += 1;
      for (const listener of listeners) listener(someEvent(seq));
    },
  });
}

async function servePlain(): Promise<void> {
  const { port, count, tell } = await servePlainWebSocket();
  let seq = 0;
  answerParent({
    port: () => port,
    connections: count,
    tell() {
      seq += 1;
      const { type, data, timestamp } = someEvent(seq);
      tell(JSON.stringify({ type, data, seq, timestamp }));
    },
  });
}

type Answers = Record<string, (message: { count: number }) => unknown>;

function answerParent(answers: Answers): void {
  const all: Answers = {
    ...answers,
    cpu() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    async memory() {
      // What was thrown away must be given back, or it counts as what is kept.
      for (let time = 0; time < 5; time += 1) {
        globalThis.gc?.();
        await wait(200);
      }
      return process.memoryUsage.rss();
    },
  };
  process.on('message', async (message: { do: string; id: number; count: number }) => {
    const value = await all[message.do]?.(message);
    process.send?.({ id: message.id, value: Number(value ?? 0) });
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

/** Clients that only count: what reads must not take the CPU from what is measured. */
async function runClients(port: number): Promise<void> {
  const sockets: Socket[] = [];
  let heard = 0;
  let awaited = Number.POSITIVE_INFINITY;
  let onAll = () => {};

  async function open(): Promise<void> {
    const socket = await openClient(port);
    sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      for (const frame of framesIn(data)) {
        if (frame === 'ping') socket.write(pong);
        else heard += 1;
      }
      if (heard === awaited) onAll();
    });
  }

  answerParent({
    async connect({ count }) {
      for (let left = count; left > 0; left -= 100) {
        await Promise.all(Array.from({ length: Math.min(left, 100) }, open));
      }
    },
    /** When each has heard so many. */
    async hear({ count }) {
      awaited = count * sockets.length;
      await new Promise<void>((resolve) => {
        onAll = resolve;
        if (heard === awaited) resolve();
      });
    },
    forget() {
      heard = 0;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  });
}

async function start(children: Child[], ...args: string[]): Promise<Child> {
  const child = fork(import.meta.filename, args, { execArgv: ['--expose-gc'] });
  const waiting = new Map<number, (value: number) => void>();
  let asked = 0;
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
    child.on('message', (message: 'ready' | { id: number; value: number }) => {
      if (message === 'ready') resolve();
      else waiting.get(message.id)?.(message.value);
    });
  });
  const started: Child = {
    process: child,
    ask(message) {
      asked += 1;
      const id = asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        child.send({ ...message, id });
      });
    },
  };
  children.push(started);
  await ready;
  return started;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await exit;
  clearTimeout(timer);
}

async function waitUntil(look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error('waited a minute in vain');
    await wait(20);
  }
}

function verdict(isMet: boolean): string {
  if (!isMet) process.exitCode = 1;
  return isMet ? 'met' : 'MISSED';
}
