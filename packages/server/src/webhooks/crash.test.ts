import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../database/open.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';
import { type HttpReceiver, startHttpReceiver } from './testing/http-receiver.ts';

let home: string;
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let receiver: HttpReceiver;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'borgos-webhooks-'));
  clone = await cloneDatabase();
  // The first life gets no answer.
  receiver = await startHttpReceiver(() => (receiver.received.length === 1 ? undefined : 200));
});
afterAll(async () => {
  await receiver.close();
  await clone.drop();
  await rm(home, { recursive: true, force: true });
});

const start = () =>
  startServerProcess({
    BORGOS_HOME: home,
    BORGOS_RUNTIME: 'process',
    DATABASE_URL: clone.databaseUrl,
  });

test('a server that is killed while it sends is followed by one that sends the same again', {
  timeout: 60_000,
}, async () => {
  const killed = await start();
  const { id } = await killed.client.webhooks.create({
    url: receiver.url,
    events: ['project.created'],
  });
  await killed.client.projects.create({ name: 'crash', path: '/nowhere/crash' });
  await waitFor('the first try', async () => receiver.received.length === 1);
  await killed.end('SIGKILL');

  const database = await openDatabase({ source: clone, log: pino({ level: 'silent' }) });
  try {
    const claims = await database.db
      .selectFrom('webhook_deliveries')
      .select(['claimed_until', 'status'])
      .execute();
    expect(claims).toEqual([{ claimed_until: expect.any(String), status: 'pending' }]);
    // As a minute later.
    const { numUpdatedRows } = await database.db
      .updateTable('webhook_deliveries')
      .set({ claimed_until: new Date(Date.parse(claims[0]?.claimed_until ?? '') - 60_000) })
      .executeTakeFirstOrThrow();
    expect(Number(numUpdatedRows)).toBe(1);
  } finally {
    await database.close();
  }

  const next = await start();
  try {
    await waitFor('it to be sent again', async () => receiver.received.length === 2);
    const [first, second] = receiver.received;
    expect([second?.id, second?.body]).toEqual([first?.id, first?.body]);
    await waitFor('success', async () => {
      const { data } = await next.client.webhooks.deliveries({ id });
      return data[0]?.status === 'succeeded';
    });
  } finally {
    await next.end('SIGTERM');
  }
  expect(receiver.received).toHaveLength(2);
});
