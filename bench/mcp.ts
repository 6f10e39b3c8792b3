// What agents cost: list_projects through MCP against the REST call that it stands for, in CPU time
// of the server's process, for clients of both versions; how long the list of tools is; and how long
// questions in plain language take without a language model.
//
//   node bench/mcp.ts [rounds]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median, quantile } from './quantile.ts';

const rounds = Number(process.argv[2] ?? 6);
const requests = 400;
const callers = 4;
const projectCount = 50;
/** What tools give by default. */
const items = 20;
const targets = { ratio: 2, tokens: 6000, questionMs: 150 };

const questions = [
  'list all projects',
  'how many projects are there?',
  'list all Python files in the project',
  'which projects use Python?',
  'show the system status',
  'how full is the disk?',
  'list deployments',
  'which deployments are failing?',
  'show recent errors',
  'run list_projects limit=1',
];

type Request = [
  path: string,
  init?: { method: string; headers: Record<string, string>; body: string },
];

const rest: Request = [`/api/v1/projects?limit=${items}&envelope=true`];
const eras = { 'MCP 2025-11-25': mcp('2025-11-25'), 'MCP 2026-07-28': mcp('2026-07-28') };

const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
// The same whole server as in the other bench.
const app = fork(path.join(import.meta.dirname, 'http.ts'), ['app', home]);
try {
  const [ready] = await once(app, 'message');
  const { port }: { port: number } = ready;
  const url = `http://127.0.0.1:${port}`;
  await register(url);
  await compareCalls(url, app);
  await measureList(url);
  await measureQuestions(url);
} finally {
  const ended = once(app, 'exit');
  app.disconnect();
  await ended;
  await rm(home, { recursive: true, force: true });
}

/** The message that a client sends to call the tool. */
function mcp(version: string): Request {
  const isModern = version === '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  };
  const params = { name: 'list_projects', arguments: {}, ...(isModern && { _meta: meta }) };
  return [
    '/mcp',
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': version,
        ...(isModern && { 'mcp-method': 'tools/call', 'mcp-name': 'list_projects' }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    },
  ];
}

async function register(url: string): Promise<void> {
  for (let number = 1; number <= projectCount; number += 1) {
    await send(url, [
      '/api/v1/projects',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          name: `project ${number}`,
          path: `/projects/${number}`,
          tech_stack: ['Python', 'FastAPI'],
        }),
      },
    ]);
  }
}

async function compareCalls(url: string, child: ChildProcess): Promise<void> {
  const contestants = Object.entries({ REST: rest, again: rest, ...eras });
  const costs = new Map(contestants.map(([name]) => [name, [] as number[]]));
  for (const [, request] of contestants) await cost(url, child, request);
  for (let round = 0; round < rounds; round += 1) {
    // In turns and from both ends, as the machine's speed drifts.
    for (const [name, request] of round % 2 === 0 ? contestants : contestants.toReversed()) {
      costs.get(name)?.push(await cost(url, child, request));
    }
  }
  const base = costs.get('REST') ?? [];
  for (const [name, each] of costs) {
    const ratio = median(each.map((micros, round) => micros / (base[round] ?? 0)));
    const isMcp = name in eras;
    console.log(
      `${name.padEnd(16)} ${Math.round(median(each))} CPU µs a call: ${ratio.toFixed(2)} times REST` +
        (isMcp ? ` (target at most ${targets.ratio}, ${verdict(ratio <= targets.ratio)})` : ''),
    );
  }
}

/** CPU microseconds of the server for one request, the client's own not counted. */
async function cost(url: string, child: ChildProcess, request: Request): Promise<number> {
  const before = await cpuOf(child);
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let number = 0; number < requests / callers; number += 1) await send(url, request);
    }),
  );
  return ((await cpuOf(child)) - before) / requests;
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  const [used] = await answer;
  const { user, system }: NodeJS.CpuUsage = used;
  return user + system;
}

async function measureList(url: string): Promise<void> {
  const [place, init] = eras['MCP 2025-11-25'];
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const text = await send(url, [place, init && { ...init, body }]);
  const { tools } = JSON.parse(text.replace(/^event: .*\ndata: /, '')).result;
  // Of JSON, a token is some 4 bytes; 3.2 is on the safe side.
  const bytes = Buffer.byteLength(JSON.stringify(tools));
  const tokens = Math.round(bytes / 3.2);
  console.log(
    `list of tools    ${tools.length} tools, ${bytes} bytes, at most ${tokens} tokens ` +
      `(target at most ${targets.tokens}, ${verdict(tokens <= targets.tokens)})`,
  );
}

async function measureQuestions(url: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds * 2; round += 1) {
    for (const query of questions) {
      const started = performance.now();
      await send(url, [
        '/api/v1/mcp/query',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        },
      ]);
      if (round > 0) times.push(performance.now() - started);
    }
  }
  const p95 = quantile(times, 0.95);
  console.log(
    `questions        p50 ${median(times).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms ` +
      `(target at most ${targets.questionMs}, ${verdict(p95 <= targets.questionMs)})`,
  );
}

async function send(url: string, [place, init]: Request): Promise<string> {
  const response = await fetch(`${url}${place}`, init);
  const text = await response.text();
  // A question that has no form is refused, which takes its time, too.
  if (!response.ok && response.status !== 422 && response.status !== 404) throw new Error(text);
  if (text.includes('"isError":true')) throw new Error(text);
  return text;
}

function verdict(isMet: boolean): string {
  if (!isMet) process.exitCode = 1;
  return isMet ? 'met' : 'MISSED';
}
