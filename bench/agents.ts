// Tasks of agents: a thousand of them while the server is killed twenty times, how fast a cancel and the
// first progress are, how the API answers beside twenty that work, and ten thousand events of one, heard over
// connections that are lost again and again. Agent Zero has a benchmark of its own: agent-zero.ts.
//
//   node bench/agents.ts [tasks] [kills]
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type ServerProcess,
  startServerProcess,
} from '../packages/server/src/testing/server-process.ts';
import type { Probed } from './event-loop-probe.ts';
import { quantile } from './quantile.ts';

const [tasks = 1_000, kills = 20] = process.argv.slice(2).map(Number);
const running = 20;
const answerMs = 5_000;

/** A shell script, so that what is measured is not the start of an agent. */
const script = `#!/bin/sh
# What it is to do is the first word of the prompt.
read -r what argument
case "$what" in
  once)
    echo "$BORGOS_AGENT_RUN" >> "$argument"
    echo '{"type":"message","text":"working"}'
    sleep 0.05
    ;;
  hang) echo '{"type":"message","text":"working"}'; exec sleep 600 ;;
  stamp) echo "{\\"type\\":\\"message\\",\\"text\\":\\"$(date +%s%3N)\\"}"; sleep 2 ;;
  steps)
    n=0
    while [ $n -lt "$argument" ]; do
      n=$((n + 1)); echo "{\\"type\\":\\"message\\",\\"text\\":\\"step $n of the work\\"}"; sleep 0.1
    done
    ;;
  many)
    n=0
    while [ $n -lt "$argument" ]; do
      n=$((n + 1)); echo "{\\"type\\":\\"message\\",\\"text\\":\\"message $n\\"}"
    done
    ;;
esac
echo '{"type":"done","output":{"text":"finished"}}'
`;

const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
const agent = path.join(home, 'agent.sh');
const begun = path.join(home, 'begun.txt');
const probeFile = path.join(home, 'probe.json');
await writeFile(
  path.join(home, 'agents.json'),
  JSON.stringify({
    limits: { running, per_agent: running, per_project: running },
    agents: { bench: { kind: 'command', command: [agent], format: 'borgos' } },
  }),
);
let server = await start();
try {
  await survive();
  await cancel();
  await progress();
  await answer();
  await tell();
} finally {
  await server.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
}

function start(): Promise<ServerProcess> {
  return startServerProcess({
    BORGOS_HOME: home,
    BORGOS_RUNTIME: 'process',
    BORGOS_LOG_LEVEL: 'error',
    NODE_OPTIONS: `--import ${path.join(import.meta.dirname, 'event-loop-probe.ts')}`,
    PROBE_FILE: probeFile,
  });
}

function create(description: string, priority = 1): Promise<number> {
  return server.client.agentTasks
    .create({ agent_type: 'bench', description, priority })
    .then(({ task_id }) => task_id);
}

async function survive(): Promise<void> {
  // The agent is not there yet, so that all wait before the first is begun.
  for (let n = 0; n < tasks; n += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, tasks - n) }, (_, at) =>
        create(`once ${begun}`, (n + at) % 5),
      ),
    );
  }
  await writeFile(agent, script);
  await chmod(agent, 0o755);
  const started = performance.now();
  for (let kill = 1; kill <= kills; kill += 1) {
    await until(async () => (await countEnded()) >= (kill * tasks) / (kills + 2));
    await server.end('SIGKILL');
    server = await start();
  }
  await until(async () => (await countEnded()) === tasks);
  const seconds = (performance.now() - started) / 1000;

  const { data } = await server.client.agentTasks.list({ limit: 1000 });
  const lost = tasks - data.filter(({ completed_at }) => completed_at !== null).length;
  const interrupted = data.filter(({ error_code }) => error_code === 'INTERRUPTED').length;
  const failed = data.filter(({ status }) => status === 'failed').length - interrupted;
  const runs = (await readFile(begun, 'utf8')).trim().split('\n');
  const order = data.toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''));
  const inversions = order.filter((task, at) => {
    const before = order[at - 1];
    return before && before.started_at !== task.started_at && before.priority < task.priority;
  });
  console.log(
    `${tasks} tasks, ${kills} kills, ${seconds.toFixed(0)} s; ${interrupted} interrupted, ${failed} failed otherwise`,
  );
  verdict('tasks lost', lost, lost === 0, '0');
  const twice = runs.length - new Set(runs).size;
  verdict('attempts begun twice', twice, twice === 0, '0');
  verdict('inversions of priority', inversions.length, inversions.length === 0, '0');
}

async function cancel(): Promise<void> {
  const ids = await Promise.all(Array.from({ length: running }, () => create('hang')));
  for (const id of ids) await untilSays(id);
  const times: number[] = [];
  await Promise.all(
    ids.map(async (id) => {
      const began = performance.now();
      await server.client.agentTasks.cancel({ id });
      await until(async () => (await server.client.agentTasks.get({ id })).completed_at !== null);
      times.push(performance.now() - began);
    }),
  );
  const slowest = Math.max(...times);
  verdict(`ms: the slowest of ${running} cancels at once`, slowest, slowest <= 2_000, '2000');
}

async function progress(): Promise<void> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  socket.send(JSON.stringify({ type: 'subscribe', channels: ['tasks'] }));
  const times: number[] = [];
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data));
    if (message.type !== 'task_progress' || !/^\d{13}$/.test(message.data.text)) return;
    times.push(Date.now() - Number(message.data.text));
  });
  for (let n = 0; n < 10; n += 1) await create('stamp');
  await until(async () => times.length === 10);
  socket.close();
  const slowest = Math.max(...times);
  verdict('ms: the slowest of 10 first progresses', slowest, slowest <= 1_500, '1500');
}

async function answer(): Promise<void> {
  // The same without tasks first, as this machine may be busy with something else.
  const alone = await timeAnswers();
  const ids = await Promise.all(Array.from({ length: running }, () => create('steps 100')));
  for (const id of ids) await untilSays(id);
  const beside = await timeAnswers();
  const worked = (await probe()).workedMs.slice(-answerMs / 100);
  for (const id of ids) await server.client.agentTasks.cancel({ id });
  const p99 = quantile(beside, 0.99);
  console.log(
    `${Math.round(quantile(alone, 0.99))} ms: p99 of ${alone.length} answers without tasks`,
  );
  console.log(
    `${Math.max(...worked).toFixed(1)} ms of processor time: the longest turn of the event loop beside them`,
  );
  verdict(`ms: p99 of ${beside.length} answers beside ${running} tasks`, p99, p99 < 100, '100');
}

async function timeAnswers(): Promise<number[]> {
  const times: number[] = [];
  for (const end = performance.now() + answerMs; performance.now() < end; ) {
    const began = performance.now();
    await (await fetch(`${server.url}/api/v1/agent/tasks?limit=20`)).text();
    times.push(performance.now() - began);
    await wait(5);
  }
  return times;
}

async function tell(): Promise<void> {
  const before = (await probe()).rss;
  let mostRss = before;
  const id = await create('many 10000');
  const began = performance.now();
  let seconds = 0;
  let next = 1;
  let gaps = 0;
  let connections = 0;
  let [told, toldAgain] = [0, 0];
  for (let isOver = false; ; ) {
    const task = await server.client.agentTasks.get({ id });
    // Looked at before the last page, so that this one has all of it.
    if (task.completed_at !== null && !isOver) {
      isOver = true;
      seconds = (performance.now() - began) / 1000;
    }
    connections += 1;
    const seqs = await hearAndLeave(id, told);
    toldAgain += seqs.filter((seq, at) => seq <= (seqs[at - 1] ?? told)).length;
    told = Math.max(told, ...seqs);
    const { data } = await server.client.agentTasks.events({ id, since: next - 1, limit: 1000 });
    if (data.length === 0 && isOver) break;
    for (const { seq } of data) {
      if (seq !== next) gaps += 1;
      next = seq + 1;
    }
    mostRss = Math.max(mostRss, (await probe()).rss);
  }
  console.log(
    `${next - 1} events of one task in ${seconds.toFixed(1)} s, heard over ${connections} connections`,
  );
  verdict('gaps in them', gaps, gaps === 0 && next > 10_000, '0');
  verdict('told twice on the WebSocket', toldAgain, toldAgain === 0 && told > 0, '0');
  const grown = (mostRss - before) / 1_048_576;
  verdict('MiB more memory of the server', grown, grown <= 50, '50');
}

/** Which events of a task the WebSocket has for who comes back, by their `seq`. */
async function hearAndLeave(id: number, since: number): Promise<number[]> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  const seqs: number[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ type: 'subscribe', channels: [`tasks:${id}`], since }));
      socket.send(JSON.stringify({ type: 'ping' }));
    });
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.seq) seqs.push(message.seq);
      if (message.type === 'pong') resolve();
    });
    socket.addEventListener('error', reject);
  });
  // What comes in this moment is lost with the connection, and told again by the next one.
  await wait(20);
  socket.close();
  return seqs;
}

async function probe(): Promise<Probed> {
  return JSON.parse(await readFile(probeFile, 'utf8'));
}

async function countEnded(): Promise<number> {
  const counts = await Promise.all(
    (['completed', 'failed'] as const).map(async (status) => {
      const { pagination } = await server.client.agentTasks.list({ status, limit: 1, offset: 0 });
      return pagination.total;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function untilSays(id: number): Promise<void> {
  return until(async () => {
    const { data } = await server.client.agentTasks.events({ id, type: ['message'], limit: 1 });
    return data.length > 0;
  });
}

async function until(look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 300_000;
  // What is asked of a server that has started in this moment may fail.
  while (!(await look().catch(() => false))) {
    if (performance.now() > end) throw new Error('waited 300 s in vain');
    await wait(10);
  }
}

function verdict(what: string, value: number, met: boolean, target: string): void {
  console.log(`${Math.round(value)} ${what} (target ${target}, ${met ? 'met' : 'MISSED'})`);
  if (!met) process.exitCode = 1;
}
