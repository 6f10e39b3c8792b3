import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';

/** More by hand, as each takes some seconds. */
const rounds = Number(process.env.CRASH_ROUNDS ?? 2);
const callers = 32;

interface Load {
  acknowledged: string[];
  refused: number;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Logs what nobody else does, from many callers, whatever it is answered. */
function startLoad(url: string, round: number): Load {
  let stopped = false;
  const load: Load = {
    acknowledged: [],
    refused: 0,
    async stop() {
      stopped = true;
      await Promise.all(working);
    },
  };
  const work = async (caller: number) => {
    for (let number = 0; !stopped; number += 1) {
      const message = `round ${round} caller ${caller} number ${number}`;
      const status = await fetch(`${url}/api/v1/errors`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message, fingerprint: ['load'] }),
      }).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) load.acknowledged.push(message);
      else load.refused += 1;
      // Whoever was told to wait does so, a little.
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const working = Array.from({ length: callers }, (_, caller) => work(caller));
  return load;
}

async function killDatabase(home: string): Promise<void> {
  const lock = await readFile(path.join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  process.kill(Number(lock.split('\n', 1)[0]), 'SIGKILL');
}

test('every error that was acknowledged is there once, whoever is killed, and its event too', {
  timeout: 60_000 * (rounds + 1),
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const start = () => startServerProcess({ BORGOS_HOME: home, BORGOS_RUNTIME: 'process' });
  let server = await start();
  onTestFinished(async () => {
    await server.end('SIGTERM');
    await rm(home, { recursive: true, force: true });
  });
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const load = startLoad(server.url, round);
    await waitFor('some to be logged', async () => load.acknowledged.length > 200);
    if (round % 2 === 0) {
      await server.end('SIGKILL');
      await load.stop();
      server = await start();
    } else {
      await killDatabase(home);
      await waitFor('some to be refused', async () => load.refused > 0);
      const before = load.acknowledged.length;
      await waitFor(
        'more to be logged',
        async () => load.acknowledged.length > before + 50,
        30_000,
      );
      await load.stop();
    }
    acknowledged.push(...load.acknowledged);
  }
  const kept = new Map<string, number>();
  const { data: groups } = await server.client.errorGroups.list({});
  const group_id = groups.find(({ grouped_by }) => grouped_by.parts.includes('load'))?.id ?? 0;
  for (let offset = 0; ; offset += 1000) {
    const { data } = await server.client.errors.list({ group_id, limit: 1000, offset });
    for (const { message } of data) kept.set(message, (kept.get(message) ?? 0) + 1);
    if (data.length < 1000) break;
  }
  expect(acknowledged.length).toBeGreaterThan(rounds * 100);
  expect(acknowledged.filter((message) => kept.get(message) !== 1)).toEqual([]);
  expect(groups.find(({ id }) => id === group_id)?.count).toBe(kept.size);
  expect([...kept.values()].every((count) => count === 1)).toBe(true);
  const { pagination } = await server.client.errors.list({ limit: 1, offset: 0 });
  const told = await toldIds(server.url, pagination.total);
  expect(told).toHaveLength(pagination.total);
  expect(new Set(told).size).toBe(pagination.total);
});

/** The ids of the first so many logged errors that the WebSocket tells of, in order. */
async function toldIds(url: string, count: number): Promise<number[]> {
  const told: { id: number; seq: number }[] = [];
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  socket.onopen = () =>
    socket.send(JSON.stringify({ type: 'subscribe', channels: ['errors'], since: 0 }));
  socket.onmessage = ({ data: text }) => {
    const { type, seq, data } = JSON.parse(text);
    if (type === 'error_logged') told.push({ id: data.id, seq });
  };
  await waitFor('every error to be told', async () => told.length >= count, 30_000);
  socket.close();
  const seqs = told.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
  return told.map(({ id }) => id);
}
