// What the whole server costs, its database included, against bare node:http that sends the same
// bytes: requests per second of the server process's own CPU time. And which part of that goes into
// deciding who gets in.
//
//   node bench/http.ts [rounds]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { createApp } from '../packages/server/src/app.ts';
import { createAdmission } from '../packages/server/src/http/admission.ts';
import { createRateLimits } from '../packages/server/src/rate-limits/rate-limits.ts';

const cases = [
  { path: '/health', target: 0.5, requests: 12_000 },
  { path: '/api/v1/projects', target: 0.35, requests: 3000 },
];
const callers = 8;
const projectCount = 50;

interface Answer {
  head: Record<string, string>;
  body: string;
}

interface Child {
  process: ChildProcess;
  port: number;
}

const [role, argument] = process.argv.slice(2);
if (role === 'app') await serveApp(argument ?? '');
else if (role === 'raw') await serveRaw();
else await compare(Number(role ?? 6));

async function serveApp(home: string): Promise<void> {
  const log = pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: false }));
  const app = await createApp({
    log,
    settings: {
      home,
      host: '127.0.0.1',
      port: 0,
      httpPort: null,
      httpsPort: null,
      acme: null,
      databaseUrl: process.env.DATABASE_URL,
      auth: 'local',
      adminPassword: undefined,
      allowedHosts: [],
      allowedOrigins: [],
      trustedProxies: [],
      webhookAllow: [],
      mcpAllow: [],
      rateLimit: { perMinute: 1_000_000, burst: 1_000_000 },
      runtime: 'process',
      projectRoots: [],
      autoScan: false,
      zenithPath: [],
      llmUrl: undefined,
      llmApiKey: undefined,
      llmModel: undefined,
      embeddingModel: undefined,
      zoektUrl: undefined,
      agentZero: {
        directory: undefined,
        image: undefined,
        port: 8085,
        url: undefined,
        python: undefined,
      },
      logLevel: 'info',
      warnings: [],
      searchPath: process.env.PATH ?? '',
      networkEnvironment: {},
      variables: () => ({}),
    },
  });
  const url = await app.listen();
  answerParent({ port: Number(new URL(url).port) });
  process.once('disconnect', () => void app.close().then(() => process.exit()));
}

async function serveRaw(): Promise<void> {
  let answers: Record<string, Answer> = {};
  process.on('message', (message: { answers?: Record<string, Answer> }) => {
    answers = message.answers ?? answers;
  });
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.writeHead(answer ? 200 : 404, answer?.head);
    response.end(answer?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  answerParent({ port: typeof address === 'object' ? address?.port : undefined });
  process.once('disconnect', () => process.exit());
}

/** Tells the parent where the server is, and its CPU time whenever asked. */
function answerParent(ready: object): void {
  process.on('message', (message) => {
    if (message === 'cpu') process.send?.(process.cpuUsage());
    if (message === 'admission') void rateAdmission().then((rate) => process.send?.(rate));
  });
  process.send?.(ready);
}

async function compare(rounds: number): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
  const children: Child[] = [];
  try {
    const app = await start(children, 'app', home);
    await register(app.port);
    const raw = await start(children, 'raw');
    const control = await start(children, 'raw');
    const answers: Record<string, Answer> = {};
    for (const { path } of cases) answers[path] = await read(app.port, path);
    for (const { process } of [raw, control]) process.send({ answers });
    for (const one of cases) await compareOne(one, { app, raw, control }, rounds);
    await compareAdmission(app);
  } finally {
    await Promise.all(children.map(({ process }) => stop(process)));
    await rm(home, { recursive: true, force: true });
  }
}

async function compareOne(
  { path, target, requests }: (typeof cases)[number],
  { app, raw, control }: Record<'app' | 'raw' | 'control', Child>,
  rounds: number,
): Promise<void> {
  const rates = { app: [] as number[], raw: [] as number[], control: [] as number[] };
  const contestants = Object.entries({ app, raw, control });
  for (const [, child] of contestants) await rate(child, path, requests);
  for (let round = 0; round < rounds; round += 1) {
    // In turns and from both ends, as the machine's speed drifts.
    for (const [name, child] of round % 2 === 0 ? contestants : contestants.toReversed()) {
      rates[name as keyof typeof rates].push(await rate(child, path, requests));
    }
  }
  const ratio = median(rates.app.map((value, round) => value / (rates.raw[round] ?? 0)));
  const same = median(rates.control.map((value, round) => value / (rates.raw[round] ?? 0)));
  console.log(
    `${path.padEnd(20)} ${show(rates.app)} of ${show(rates.raw)} requests a CPU-second: ` +
      `${ratio.toFixed(2)} (target ${target}, ${ratio >= target ? 'met' : 'MISSED'}; ` +
      `raw against raw ${same.toFixed(2)})`,
  );
  if (ratio < target) process.exitCode = 1;
}

/** How much of a list request is spent on the guard, local trust and the rate limit. */
async function compareAdmission({ process, port }: Child): Promise<void> {
  const path = '/api/v1/projects';
  const answer = once(process, 'message');
  process.send('admission');
  const [perSecond]: number[] = await answer;
  const share = (await rate({ process, port }, path, 3000)) / (perSecond ?? 0);
  const target = 0.15;
  console.log(
    `who gets in          ${(1e6 / (perSecond ?? 0)).toFixed(1)} CPU µs: ${(100 * share).toFixed(1)} % of ${path} ` +
      `(target at most ${100 * target} %, ${share <= target ? 'met' : 'MISSED'})`,
  );
  if (share > target) globalThis.process.exitCode = 1;
}

/** Decisions per second of CPU time, as they are made for curl. */
async function rateAdmission(): Promise<number> {
  const rateLimits = await createRateLimits({
    database: { joinServers: async () => ({ others: 0, close: async () => {} }) } as never,
    log: { info() {}, warn() {} },
  });
  const { admit } = createAdmission({
    allowedHosts: [],
    allowedOrigins: [],
    trustedProxies: [],
    localTrust: true,
    authenticate: () => {
      throw new Error('there is no credential');
    },
    isOwn: async () => false,
    rateLimits,
    rateLimit: { perMinute: 1_000_000, burst: 1_000_000 },
  });
  const headers = { host: 'localhost:8081', 'user-agent': 'curl/8.5.0', accept: '*/*' };
  const ends = { remoteAddress: '127.0.0.1', remotePort: 50_000, localAddress: '127.0.0.1' };
  const arrival = {
    id: 'req_1',
    method: 'GET',
    target: '/api/v1/projects',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    socket: { ...ends, localPort: 8081 } as Socket,
  };
  await admit(arrival, 'projects:read');
  const count = 300_000;
  const before = process.cpuUsage();
  for (let n = 0; n < count; n += 1) admit(arrival, 'projects:read');
  const { user, system } = process.cpuUsage(before);
  return (count * 1e6) / (user + system);
}

function show(rates: number[]): string {
  return Math.round(median(rates)).toLocaleString('en').padStart(7);
}

/** Requests per second of the child's CPU time. */
async function rate({ process, port }: Child, path: string, requests: number): Promise<number> {
  const before = await cpuOf(process);
  await Promise.all(Array.from({ length: callers }, () => call(port, path, requests / callers)));
  const after = await cpuOf(process);
  return (requests * 1e6) / (after - before);
}

/** Asks again and again over one connection, as cheaply as can be. */
async function call(port: number, path: string, count: number): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`;
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let left = count;
  let missing = 0;
  socket.on('data', (data) => {
    if (missing === 0) {
      const text = data.toString('latin1');
      if (!text.startsWith('HTTP/1.1 200')) throw new Error(text.slice(0, 500));
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      missing = text.indexOf('\r\n\r\n') + 4 + length;
    }
    missing -= data.length;
    if (missing > 0) return;
    left -= 1;
    if (left > 0) socket.write(request);
    else socket.end();
  });
  socket.write(request);
  await once(socket, 'close');
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  const [usage]: NodeJS.CpuUsage[] = await answer;
  return (usage?.user ?? 0) + (usage?.system ?? 0);
}

async function start(children: Child[], ...args: string[]): Promise<Child> {
  const child = fork(import.meta.filename, args);
  const [{ port }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`the ${args[0]} server did not start`);
    }),
  ]);
  children.push({ process: child, port });
  return { process: child, port };
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await exit;
  clearTimeout(timer);
}

async function register(port: number): Promise<void> {
  for (let n = 1; n <= projectCount; n += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/projects`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: `Project ${n}`,
        path: `/projects/project-${n}`,
        project_type: 'web',
        tech_stack: ['python', 'react', 'postgresql'],
      }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

/** What the server sends, so that the baseline sends the same. */
async function read(port: number, path: string): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const hopByHop = ['date', 'connection', 'keep-alive'];
  const head = [...answer.headers].filter(([name]) => !hopByHop.includes(name));
  return { head: Object.fromEntries(head), body: await answer.text() };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
