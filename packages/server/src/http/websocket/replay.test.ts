import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetOldEvents } from '../../events/retention.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { openWebSocket, type WebSocketClient } from '../../testing/websocket-client.ts';
import { startWebSocketTest, type WebSocketTest } from '../../testing/websocket-server.ts';

let events: WebSocketTest;
let server: Awaited<ReturnType<WebSocketTest['serve']>>;
const groups = [1, 2, 3];

beforeAll(async () => {
  events = await startWebSocketTest();
  await events.logErrors(1300, groups);
  await caughtUp();
});
afterAll(() => events.close());

/** @returns the `seq` of the newest event, which the feed has told */
function caughtUp(): Promise<number> {
  return waitFor('the feed to be told all', async () => {
    const newest = await newestSeq();
    return newest <= events.feed.lastSeq && newest;
  });
}

async function newestSeq(): Promise<number> {
  const { rows } = await sql<{ newest: number }>`
    select coalesce(max(seq), 0)::integer as newest from events`.execute(events.database.db);
  return rows[0]?.newest ?? 0;
}

/** The `seq` of what is told to who is subscribed to these keys. */
async function seqsOf(keys: string[]): Promise<{ seq: number; group: number }[]> {
  const { rows } = await sql<{ seq: number; group: number }>`
    select seq::integer, (data ->> 'group_id')::integer as group from events
    where type = 'error_logged' order by seq`.execute(events.database.db);
  return rows.filter(({ group }) => keys.includes('errors') || keys.includes(`errors:${group}`));
}

async function withWriter<T>(work: () => Promise<T>): Promise<T> {
  let isDone = false;
  const write = async () => {
    while (!isDone) {
      await events.logErrors(1 + Math.floor(Math.random() * 5), groups);
      await wait(Math.random() * 4);
    }
  };
  const writers = [write(), write()];
  try {
    return await work();
  } finally {
    isDone = true;
    await Promise.all(writers);
  }
}

/** Until it has been told all that there is. */
async function untilTold(client: WebSocketClient, count: number): Promise<void> {
  await waitFor(`${count} events`, async () => client.seqs().length >= count);
  // What would be told twice had its time, too.
  await client.ask({ type: 'ping' });
}

test('who subscribes with since is told what was missed in order, then what comes', async () => {
  server = await events.serve();
  const key = fc.constantFrom('errors', 'errors:1', 'errors:2', 'projects', 'system');
  const keys = fc.uniqueArray(key, { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(keys, share, async (keys, share) => {
      const client = await openWebSocket(server.url);
      const since = Math.floor(events.feed.lastSeq * share);
      await withWriter(async () => {
        const answer = await client.ask({ type: 'subscribe', channels: keys, since });
        expect(answer.type).toBe('subscribed');
        await wait(30);
      });
      const expected = (await seqsOf(keys)).map(({ seq }) => seq).filter((seq) => seq > since);
      await untilTold(client, expected.length);
      expect(client.seqs()).toEqual(expected);
      expect(client.messages.map(({ type }) => type).indexOf('subscribed')).toBe(0);
      client.ws.terminate();
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('whatever a client subscribes to in whatever order, it is told everything once', async () => {
  server = await events.serve();
  const key = fc.constantFrom('errors', 'errors:1', 'errors:2', 'errors:3', 'projects');
  const step = fc.record({
    keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
    share: fc.option(fc.double({ min: 0.5, max: 1, noNaN: true }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 4 }), async (steps) => {
      const client = await openWebSocket(server.url);
      const from = new Map<string, number>();
      await withWriter(async () => {
        for (const { keys, share } of steps) {
          const since = share === undefined ? undefined : Math.floor(events.feed.lastSeq * share);
          const answer = await client.ask({ type: 'subscribe', channels: keys, since });
          const after = Math.min(since ?? answer.data.seq, answer.data.seq);
          for (const key of keys) from.set(key, Math.min(from.get(key) ?? after, after));
        }
      });
      const expected = (await seqsOf(['errors'])).filter(({ seq, group }) =>
        ['errors', `errors:${group}`].some((key) => seq > (from.get(key) ?? Number.MAX_VALUE)),
      );
      await untilTold(client, expected.length);
      expect(client.seqs().toSorted((a, b) => a - b)).toEqual(expected.map(({ seq }) => seq));
      client.ws.terminate();
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('who unsubscribes while it is told of the past is told nothing twice', async () => {
  server = await events.serve();
  const client = await openWebSocket(server.url);
  await withWriter(async () => {
    await client.ask({ type: 'subscribe', channels: ['errors:1', 'errors:2'], since: 0 });
    client.send({ type: 'subscribe', channels: ['errors'], since: 0 });
    client.send({ type: 'unsubscribe', channels: ['errors:1'] });
    client.send({ type: 'subscribe', channels: ['errors:1'], since: 10 });
    await client.ask({ type: 'unsubscribe', channels: ['errors:2'] });
    await wait(30);
  });
  const expected = (await seqsOf(['errors'])).map(({ seq }) => seq);
  await untilTold(client, expected.length);
  expect(client.seqs().toSorted((a, b) => a - b)).toEqual(expected);
});

test('who is cut again and again, and comes back with since, misses nothing', async () => {
  server = await events.serve();
  const told: number[] = [];
  let last = await caughtUp();
  const first = last;
  await withWriter(async () => {
    for (let round = 0; round < 20; round += 1) {
      const client = await openWebSocket(server.url);
      client.send({ type: 'subscribe', channels: ['errors'], since: last });
      const enough = Math.floor(Math.random() * 20);
      await waitFor('some events', async () => client.seqs().length >= enough);
      client.ws.terminate();
      told.push(...client.seqs());
      last = told.at(-1) ?? last;
    }
  });
  const expected = (await seqsOf(['errors'])).filter(({ seq }) => seq > first && seq <= last);
  expect(told).toEqual(expected.map(({ seq }) => seq));
});

test('many who come back together are told all, with few reads of the database', async () => {
  let reads = 0;
  let atOnce = 0;
  let most = 0;
  const { feed } = events;
  server = await events.serve({
    feed: {
      ...feed,
      lastSeq: feed.lastSeq,
      async read(range) {
        reads += 1;
        atOnce += 1;
        most = Math.max(most, atOnce);
        try {
          return await feed.read(range);
        } finally {
          atOnce -= 1;
        }
      },
    },
  });
  const since = feed.lastSeq - 1200;
  const clients = await Promise.all(Array.from({ length: 200 }, () => openWebSocket(server.url)));
  for (const [index, client] of clients.entries()) {
    client.send({ type: 'subscribe', channels: ['errors'], since: since - (index % 20) });
  }
  await Promise.all(clients.map((client) => client.next('subscribed')));
  await waitFor('all to be told', async () =>
    clients.every((client) => client.seqs().length >= 1200),
  );
  expect(most).toBeLessThanOrEqual(4);
  expect(reads).toBeLessThan(200);
  for (const [index, client] of clients.entries()) {
    const expected = (await seqsOf(['errors'])).map(({ seq }) => seq);
    expect(client.seqs()).toEqual(expected.filter((seq) => seq > since - (index % 20)));
  }
}, 60_000);

test('the loss of every connection to the database loses no event', async () => {
  server = await events.serve();
  const live = await openWebSocket(server.url);
  const first = (await live.ask({ type: 'subscribe', channels: ['errors'] })).data.seq;
  const back = await openWebSocket(server.url);
  const cut = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(events.database.db);
  await events.logErrors(3);
  await cut();
  back.send({ type: 'subscribe', channels: ['errors'], since: 0 });
  await cut();
  await waitFor('to write again', () =>
    events.logErrors(3).then(
      () => true,
      () => false,
    ),
  );
  const all = (await seqsOf(['errors'])).map(({ seq }) => seq);
  await untilTold(back, all.length);
  expect(back.seqs()).toEqual(all);
  await untilTold(live, all.filter((seq) => seq > first).length);
  expect(live.seqs()).toEqual(all.filter((seq) => seq > first));
}, 60_000);

describe('a since', () => {
  test('of another database is answered with a gap, and then with what comes', async () => {
    server = await events.serve();
    const client = await openWebSocket(server.url);
    const seq = await caughtUp();
    await client.ask({ type: 'subscribe', channels: ['errors'], since: seq + 1000 });
    const { data } = await client.next('gap');
    expect(data).toEqual({ since: seq + 1000, oldest_seq: 1 });
    await events.logErrors(2);
    await untilTold(client, 2);
    expect(client.seqs()).toEqual([seq + 1, seq + 2]);
  });

  test('that another server told before this one heard of it is no gap', async () => {
    const { feed } = events;
    const before = await caughtUp();
    let held: (() => void)[] = [];
    let isHeld = true;
    server = await events.serve({
      feed: {
        ...feed,
        lastSeq: before,
        subscribe: (listener) =>
          feed.subscribe((event) => {
            if (isHeld) held.push(() => listener(event));
            else listener(event);
          }),
      },
    });
    const client = await openWebSocket(server.url);
    await events.logErrors(5);
    const newest = await caughtUp();
    await client.ask({ type: 'subscribe', channels: ['errors'], since: newest - 2 });
    isHeld = false;
    for (const tell of held) tell();
    held = [];
    await untilTold(client, 2);
    expect(client.seqs()).toEqual([newest - 1, newest]);
    expect(client.messages.map(({ type }) => type)).not.toContain('gap');
  });

  test('that is too old is answered with a gap, and then from the oldest on', async () => {
    server = await events.serve();
    await events.logErrors(50);
    await caughtUp();
    const plenty = { days: 400, count: 1_000_000 };
    await forgetOldEvents(events.database.db, {
      deeds: plenty,
      telemetry: { days: 400, count: 40 },
    });
    const client = await openWebSocket(server.url);
    await client.ask({ type: 'subscribe', channels: ['errors'], since: 3 });
    const { data } = await client.next('gap');
    const kept = (await seqsOf(['errors'])).map(({ seq }) => seq);
    expect(data).toEqual({ since: 3, oldest_seq: kept[0] });
    await untilTold(client, kept.length);
    expect(client.seqs()).toEqual(kept);
    const fresh = await client.ask({ type: 'subscribe', channels: ['errors'] });
    expect(fresh.data.oldest_seq).toBe(kept[0]);
  });
});
