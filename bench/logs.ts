// An app that prints 100,000 lines a second, four of five to standard output and one to standard
// error, while somebody follows it: what is lost, what memory the server takes, and how long its
// event loop is held up; beside the same server with an app that prints nothing.
//
//   node bench/logs.ts [seconds] [process | docker]
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { makeProjectFolder, nodeApp } from '../packages/server/src/testing/project-folder.ts';
import { startServerProcess } from '../packages/server/src/testing/server-process.ts';
import { waitFor } from '../packages/server/src/testing/wait-for.ts';
import type { Probed } from './event-loop-probe.ts';

const seconds = Number(process.argv[2] ?? 5);
const runtime = process.argv[3] ?? 'process';
const perSecond = 100_000;
const everyMs = 10;
const count = seconds * perSecond;

/** Prints as asked for at `/<count>`; late lines are caught up with. */
const app = {
  ...nodeApp(''),
  'server.js': `
    const { writeSync } = require('node:fs');
    function writeAll(fd, text) {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) {
        try { at += writeSync(fd, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
      }
    }
    function print(count) {
      const began = performance.now();
      let printed = 0;
      const timer = setInterval(() => {
        const due = Math.min(count, Math.floor((performance.now() - began) * ${perSecond / 1000}));
        const texts = ['', ''];
        for (; printed < due; printed += 1) {
          texts[printed % 5 === 0 ? 1 : 0] += 'line ' + printed + ' ' + 'x'.repeat(60) + '\\n';
        }
        writeAll(1, texts[0]);
        writeAll(2, texts[1]);
        if (printed === count) clearInterval(timer);
      }, ${everyMs});
    }
    require('node:http').createServer((request, response) => {
      const count = Number(request.url.slice(1));
      if (count) print(count);
      response.end('ok');
    }).listen(process.env.PORT, process.env.HOST);
  `,
};

const home = await mkdtemp(path.join(tmpdir(), 'borgos-bench-'));
const probeFile = path.join(home, 'probe.json');
await using folder = await makeProjectFolder(app);
const server = await startServerProcess({
  BORGOS_HOME: home,
  BORGOS_RUNTIME: runtime,
  PROBE_FILE: probeFile,
  NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'event-loop-probe.ts')}`,
});
const { client } = server;
const ids: number[] = [];
let idleOf: Probed = { heldUpMs: [], workedMs: [], rss: 0, cpuSeconds: 0 };
try {
  const project = await client.projects.create({ name: 'Bench', path: folder.path });
  const answer = await client.deployments.deploy({ project_id: project.id, name: 'prod' });
  if (!('id' in answer)) throw new Error('the answer is a plan');
  const { id } = answer;
  ids.push(id);
  const { port } = await waitFor('the app', async () => {
    const deployment = await client.deployments.get({ id });
    if (deployment.status === 'failed') throw new Error(String(deployment.status_reason));
    return deployment.status === 'running' && deployment;
  });
  await wait(3_000);
  await wait(seconds * 1000);
  const idle = await probed();
  idleOf = idle;
  const stop = new AbortController();
  const followed = countLines(
    `${server.url}/api/v1/deployments/${id}/logs?follow=true&offset=0`,
    stop.signal,
  );
  await fetch(`http://localhost:${port}/${count}`);
  const began = performance.now();
  let most = 0;
  const last = `line ${count - 1} `;
  for (;;) {
    most = Math.max(most, (await probed()).rss);
    const { content } = await client.deployments.logs({ id, tail: 1, stream: 'stdout' });
    if (content.includes(last)) break;
    if (performance.now() - began > 20_000 + seconds * 4_000) break;
    await wait(50);
  }
  const took = (performance.now() - began) / 1000;
  await wait(1_000);
  const busy = await probed();
  const windows = Math.ceil(took * 10);
  const kept = await countLines(`${server.url}/api/v1/deployments/${id}/logs?offset=0`);
  stop.abort();
  const log = await client.deployments.logs({ id, tail: 1 });
  const live = await followed;
  const found = await timed(() => client.deployments.logs({ id, query: 'line 77 ' }));
  console.table({
    'lines printed': count,
    'in the log after, s': took.toFixed(2),
    'lost from the log': count - kept.size,
    'lost by the follower': count - live.size,
    'log, MB (kept)': `${(log.size / 1e6).toFixed(1)} (${(log.kept_bytes / 1e6).toFixed(1)})`,
    'server CPU, s': (busy.cpuSeconds - idle.cpuSeconds).toFixed(2),
    'memory idle → most → after, MB': [idle.rss, most, busy.rss]
      .map((rss) => Math.round(rss / 1e6))
      .join(' → '),
    'event loop held up at most, ms (idle)': longest(busy, windows, 'heldUpMs'),
    'in processor time, ms (idle)': longest(busy, windows, 'workedMs'),
    'search of all of it, ms': found.toFixed(0),
  });
} finally {
  for (const id of ids) await client.deployments.delete({ id });
  await server.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
}

/** Of the last times of 100 ms, and of as many of the server without output. */
function longest(busy: Probed, windows: number, of: 'heldUpMs' | 'workedMs'): string {
  const most = (from: Probed, count: number) => Math.max(...from[of].slice(-count)).toFixed(1);
  return `${most(busy, windows + 10)} (${most(idleOf, seconds * 10)})`;
}

async function probed(): Promise<Probed> {
  return JSON.parse(await readFile(probeFile, 'utf8'));
}

/** The different lines that there are. */
async function countLines(url: string, signal?: AbortSignal): Promise<Set<string>> {
  const lines = new Set<string>();
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/x-ndjson' },
      ...(signal && { signal }),
    });
    let rest = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const number = /"text":"line (\d+) /.exec(part)?.[1];
        if (number) lines.add(number);
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  return lines;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
