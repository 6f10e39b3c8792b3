import type { Delivery } from '@borgos/contracts/webhooks';
import { sql } from 'kysely';
import { Client } from 'pg';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import { newKey } from '../secrets/keys.ts';
import { createSealer } from '../secrets/seal.ts';
import { waitFor } from '../testing/wait-for.ts';
import type { Answer } from './testing/http-receiver.ts';
import { startTestWebhooks, type TestWebhooks } from './testing/test-webhooks.ts';
import { resealWebhooks } from './webhook-secrets.ts';

let it: TestWebhooks;
beforeEach(async () => {
  it = await startTestWebhooks();
});
afterEach(() => it.close());

const dayMs = 86_400_000;
const tellTimes = async (count: number) => {
  for (let number = 0; number < count; number += 1) await it.tell(`app ${number}`);
};
const statusesOf = ({ attempts }: Delivery) => attempts.map(({ status }) => status);
const disabled = (id: number) =>
  waitFor(`webhook ${id} to be disabled`, async () => {
    const webhook = await it.webhooks.get(id);
    return !webhook.is_active && webhook;
  });

describe('a delivery', () => {
  test('is tried by the schedule until it succeeds, always with the same id and body', async () => {
    const failures: number[] = [];
    it.schedule.nextTryInMs = (failed) => {
      failures.push(failed.failures);
      return 20;
    };
    const { webhook, receiver } = await it.add(() => (receiver.received.length < 4 ? 503 : 200));
    await it.tell();
    const [delivery] = await it.until(webhook.id, 'succeeded');
    expect(delivery && statusesOf(delivery)).toEqual([503, 503, 503, 200]);
    expect(failures).toEqual([1, 2, 3]);
    expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(1);
    const gaps = receiver.received.slice(1).map(({ at }, index) => {
      return at - (receiver.received[index]?.at ?? 0);
    });
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15);
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ failing_since: null });
  });

  test('fails for good after the last try of the schedule', async () => {
    it.schedule.nextTryInMs = ({ failures }) => (failures < 3 ? 1 : null);
    const { webhook } = await it.add(() => 500);
    await it.tell();
    const [delivery] = await it.until(webhook.id, 'failed');
    expect(delivery && statusesOf(delivery)).toEqual([500, 500, 500]);
    expect(delivery?.next_attempt_at).toBeNull();
    const { is_active, failing_since } = await it.webhooks.get(webhook.id);
    expect([is_active, failing_since]).toEqual([true, delivery?.attempts[0]?.at]);
  });

  test('is told when the receiver wants the next try', async () => {
    const asked: unknown[] = [];
    it.schedule.nextTryInMs = ({ retryAfterSeconds }) => {
      asked.push(retryAfterSeconds);
      return null;
    };
    const { webhook } = await it.add((_, response) => {
      response.writeHead(429, { 'retry-after': '120' }).end();
      return undefined;
    });
    await it.tell();
    await it.until(webhook.id, 'failed');
    expect(asked).toEqual([120]);
  });

  test('waits for its time, and is sent when that has come', async () => {
    it.schedule.nextTryInMs = () => 3_600_000;
    const { webhook, receiver } = await it.add(() => (receiver.received.length < 2 ? 500 : 200));
    await it.tell();
    const [delivery] = await waitFor('the first try', async () => {
      const deliveries = await it.deliveriesOf(webhook.id);
      return deliveries[0]?.attempts.length === 1 && deliveries;
    });
    const inMs = Date.parse(delivery?.next_attempt_at ?? '') - Date.now();
    expect(Math.round(inMs / 60_000)).toBe(60);
    it.clock.aheadMs = 3_600_000;
    await it.tell('another');
    await it.until(webhook.id, 'succeeded');
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(2);
  });

  test('is committed with its change, or not at all', async () => {
    const { webhook, receiver } = await it.add();
    const change = transaction(it.database.db, async (db) => {
      await appendEvent(db, 'project_deleted', { id: 1, name: 'undone' }, systemActor);
      throw new Error('rolled back');
    });
    await expect(change).rejects.toThrow('rolled back');
    await it.tell('done');
    await it.until(webhook.id, 'succeeded');
    expect(receiver.received.map(({ body }) => JSON.parse(body).data.name)).toEqual(['done']);
  });

  test('is kept as it came, whatever the receiver answers', async () => {
    const { webhook } = await it.add((_, response) => {
      response.writeHead(200, { server: 'caf\u00e9' });
      response.end(Buffer.from([0, 0xff, 0xed, 0xa0, 0x80, 0x41]));
      return undefined;
    });
    await it.tell();
    const [delivery] = await it.until(webhook.id, 'succeeded');
    expect(delivery?.response?.body).toMatch(/A$/);
  });
});

describe('receivers', () => {
  test('get at most four at the same time, and a dead one delays nobody else', async () => {
    const { webhook: slow, receiver: dead } = await it.add(() => undefined);
    const { webhook, receiver } = await it.add();
    await tellTimes(12);
    await it.until(webhook.id, 'succeeded');
    expect(receiver.received).toHaveLength(12);
    await waitFor('four', async () => dead.received.length === 4);
    expect(dead.mostAtOnce).toBe(4);
    expect(await it.until(slow.id, 'pending')).toHaveLength(12);
  });

  test('are not delayed by more dead ones than can be sent to at the same time', async () => {
    const dead = await Promise.all(Array.from({ length: 18 }, () => it.add(() => undefined)));
    await tellTimes(5);
    await waitFor('all places to be taken', async () => {
      const waiting = dead.reduce((sum, { receiver }) => sum + receiver.received.length, 0);
      return waiting >= 64;
    });
    const { webhook, receiver } = await it.add();
    await tellTimes(3);
    await it.until(webhook.id, 'succeeded');
    expect(receiver.received).toHaveLength(3);
  });

  test('get each message once from several servers, and not all that these could send', async () => {
    const release: (() => void)[] = [];
    const hold: Answer = (_, response) => {
      release.push(() => response.writeHead(200).end());
      return undefined;
    };
    const { webhook, receiver } = await it.add(hold);
    await it.another();
    await it.another();
    await tellTimes(20);
    const freeing = async () => {
      for (const free of release.splice(0)) free();
      return (await it.deliveriesOf(webhook.id)).every(({ status }) => status === 'succeeded');
    };
    await waitFor('all to arrive', freeing);
    // Four, and what two took in the same moment.
    expect(receiver.mostAtOnce).toBeLessThanOrEqual(8);
    expect(receiver.received).toHaveLength(20);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(20);
  });

  test('are sent nothing more once they answer 410, and who listens hears of it', async () => {
    const { webhook, receiver } = await it.add(() => 410);
    const { receiver: listener } = await it.add();
    await transaction(it.database.db, async (db) => {
      for (let number = 0; number < 30; number += 1) {
        await appendEvent(db, 'project_deleted', { id: 1, name: `${number}` }, systemActor);
      }
    });
    const { disabled_reason, disabled_at } = await disabled(webhook.id);
    expect(disabled_reason).toContain('The receiver answered 410');
    expect(disabled_reason).toContain(`PATCH /api/v1/webhooks/${webhook.id}`);
    expect(disabled_at).not.toBeNull();
    const deliveries = await it.until(webhook.id, 'cancelled');
    expect(deliveries).toHaveLength(30);
    expect(receiver.received.length).toBeLessThanOrEqual(4);
    await waitFor('the others to be told', async () =>
      listener.received.some(({ body }) => JSON.parse(body).type === 'webhook.disabled'),
    );
    const { data, actor } = await it.database.db
      .selectFrom('events')
      .select(['data', 'actor'])
      .where('type', '=', 'webhook_disabled')
      .executeTakeFirstOrThrow();
    expect(data).toEqual({ id: webhook.id, url: webhook.url, reason: disabled_reason });
    expect(actor).toEqual(systemActor);
  });

  test('are given up on after five days without a success, at the next failure', async () => {
    it.schedule.nextTryInMs = () => dayMs;
    const { webhook } = await it.add(() => 500);
    await it.tell();
    const tried = (count: number) =>
      waitFor(`${count} tries`, async () => {
        const [delivery] = await it.deliveriesOf(webhook.id);
        return delivery?.attempts.length === count;
      });
    await tried(1);
    const { failing_since } = await it.webhooks.get(webhook.id);
    it.clock.aheadMs = 5 * dayMs - 60_000;
    await it.tell('another');
    await waitFor('a try of the other', async () => {
      const deliveries = await it.deliveriesOf(webhook.id);
      return deliveries.length === 2 && deliveries.every(({ attempts }) => attempts.length > 0);
    });
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ is_active: true, failing_since });
    it.clock.aheadMs = 6 * dayMs;
    await it.tell();
    const { disabled_reason } = await disabled(webhook.id);
    expect(disabled_reason).toContain('5 days');
    expect(disabled_reason).toContain('The receiver answered 500');
    expect(disabled_reason).toContain('{"is_active": true}');
    await it.until(webhook.id, 'cancelled');

    const again = await it.webhooks.update(webhook.id, { is_active: true }, systemActor);
    expect(again).toMatchObject({ disabled_reason: null, disabled_at: null, failing_since: null });
    await it.tell();
    await waitFor('a first failure', async () => (await it.webhooks.get(webhook.id)).failing_since);
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ is_active: true });
  });

  test('are not blamed after a success for failures before it', async () => {
    it.schedule.nextTryInMs = () => null;
    let status = 500;
    const { webhook } = await it.add(() => status);
    await it.tell();
    await it.until(webhook.id, 'failed');
    status = 200;
    await it.tell();
    await it.until(webhook.id, 'failed', 'succeeded');
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ failing_since: null });
    status = 500;
    it.clock.aheadMs = 6 * dayMs;
    await it.tell();
    await it.until(webhook.id, 'failed', 'succeeded');
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ is_active: true });
  });

  test('may be deleted while they are sent to', async () => {
    const { webhook, receiver } = await it.add(() => undefined);
    await tellTimes(2);
    await waitFor('a request', async () => receiver.received.length === 2);
    await it.webhooks.delete(webhook.id, systemActor);
    const { webhook: other } = await it.add();
    await it.tell();
    await it.until(other.id, 'succeeded');
    await expect(it.webhooks.get(webhook.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a test event', () => {
  test('is given up when its caller hangs up', async () => {
    const { webhook, receiver } = await it.add(() => undefined);
    const caller = new AbortController();
    const asked = it.webhooks.test(webhook.id, caller.signal);
    await waitFor('the request', async () => receiver.received.length === 1);
    caller.abort(new Error('hung up'));
    await expect(asked).rejects.toThrow('hung up');
    expect(await it.deliveriesOf(webhook.id)).toEqual([]);
  });
});

describe('a server', () => {
  test('that closes gives back what it did not send to the end, for the next one', async () => {
    let isDead = true;
    const { webhook, receiver } = await it.add(() => (isDead ? undefined : 200));
    await tellTimes(6);
    await waitFor('four requests', async () => receiver.received.length === 4);
    await it.webhooks.close();
    const rows = await it.database.db
      .selectFrom('webhook_deliveries')
      .select(['status', 'claimed_until', 'failures'])
      .execute();
    expect(rows).toEqual(rows.map(() => ({ status: 'pending', claimed_until: null, failures: 0 })));

    isDead = false;
    const first = receiver.received.map(({ id }) => id);
    await it.another();
    await it.until(webhook.id, 'succeeded');
    const again = receiver.received.slice(4).map(({ id }) => id);
    expect(again).toHaveLength(6);
    expect(again).toEqual(expect.arrayContaining(first));
  });

  test('goes on after PostgreSQL was gone, and keeps what arrived meanwhile', async () => {
    const cluster = new Client({ connectionString: inject('postgresConnectionString') });
    await cluster.connect();
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(
      it.database.db,
    );
    const name = rows[0]?.name ?? '';
    const allow = async (isAllowed: boolean) => {
      await cluster.query(`alter database ${name} with allow_connections ${isAllowed}`);
      await cluster.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
        [name],
      );
    };
    try {
      let free = () => {};
      const { webhook, receiver } = await it.add((_, response) => {
        free = () => response.writeHead(200).end();
        return undefined;
      });
      await it.tell();
      await waitFor('the request', async () => receiver.received.length === 1);
      await allow(false);
      free();
      await waitFor('the server to notice', async () =>
        it.logged.some((line) => line.includes('webhooks could not be delivered')),
      );
      await allow(true);
      await it.until(webhook.id, 'succeeded');
      expect(receiver.received).toHaveLength(1);
    } finally {
      await allow(true);
      await cluster.end();
    }
  });

  test('signs with a secret that was sealed anew, and says what to do where it is lost', async () => {
    const { webhook, receiver } = await it.add();
    await it.webhooks.rotateSecret(webhook.id, {}, systemActor);
    const { secret } = await it.webhooks.rotateSecret(webhook.id, {}, systemActor);
    const keys = [newKey(), it.keys[0]] as const;
    const sealer = createSealer(keys);
    const reseal = (sealed: string, context: string) =>
      sealer.keyOf(sealed) === keys[0].id
        ? undefined
        : sealer.seal(sealer.open(sealed, context), context);
    expect(await resealWebhooks(it.database.db, reseal)).toBe(2);
    expect(await resealWebhooks(it.database.db, reseal)).toBe(0);

    const lost = await it.webhooks.test(webhook.id, new AbortController().signal);
    expect(lost).toMatchObject({ status: 'failed', response: null, request: { headers: {} } });
    expect(lost.attempts[0]?.error).toContain(`POST /api/v1/webhooks/${webhook.id}/rotate-secret`);
    expect(receiver.received).toEqual([]);

    const rotated = await it.another([keys[0]]);
    const sent = await rotated.test(webhook.id, new AbortController().signal);
    expect(sent.status).toBe('succeeded');
    const [request] = receiver.received;
    new Verifier(secret).verify(request?.body ?? '', request?.headers ?? {});
  });

  test('forgets the previous secret after a day', async () => {
    const { webhook, receiver } = await it.add();
    const signatures = () =>
      receiver.received.at(-1)?.headers['webhook-signature']?.split(' ').length;
    const { signal } = new AbortController();
    await it.webhooks.rotateSecret(webhook.id, {}, systemActor);
    await it.webhooks.test(webhook.id, signal);
    expect(signatures()).toBe(2);
    it.clock.aheadMs = dayMs + 1_000;
    await it.webhooks.test(webhook.id, signal);
    expect(signatures()).toBe(1);
    await it.webhooks.forgetOld();
    expect(await it.webhooks.get(webhook.id)).toMatchObject({ previous_secret_until: null });
  });

  test('writes no secret to its log', async () => {
    it.schedule.nextTryInMs = () => null;
    const { webhook } = await it.add(() => 410);
    await it.tell();
    await disabled(webhook.id);
    await waitFor('the log', async () => it.logged.length > 0);
    expect(it.logged.join('')).not.toContain(webhook.secret);
  });
});

describe('what is kept of deliveries', () => {
  test('is 30 days and the newest 10,000 of each webhook, and all that is still to be sent', async () => {
    const { webhook } = await it.add();
    const { db } = it.database;
    await sql`
      insert into webhook_deliveries (webhook_id, event, body, status, next_attempt_at, created_at)
      select ${webhook.id}, 'project.created', '{}', case when n % 3 = 0 then 'pending' else 'succeeded' end,
        case when n % 3 = 0 then now() + interval '9 days' end,
        now() - case when n <= 30 then interval '31 days' else interval '1 day' end
      from generate_series(1, 15030) n`.execute(db);
    await it.webhooks.forgetOld();
    const { rows } = await sql<{ status: string; count: number; old: number }>`
      select status, count(*) as count,
        count(*) filter (where created_at < now() - interval '30 days') as old
      from webhook_deliveries group by status order by status`.execute(db);
    expect(rows).toEqual([
      { status: 'pending', count: 5010, old: 10 },
      { status: 'succeeded', count: 6666, old: 0 },
    ]);
  });

  test('has nothing that waits for a webhook which was disabled while a change told it', async () => {
    const { webhook } = await it.add();
    const { db } = it.database;
    const { off } = await transaction(db, async (change) => {
      await appendEvent(change, 'project_deleted', { id: 1, name: 'late' }, systemActor);
      const off = it.webhooks.update(webhook.id, { is_active: false }, systemActor);
      await waitFor('it to be disabled, but for this change', async () => {
        const { rows } = await sql`select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
        return rows.length > 0;
      });
      return { off };
    });
    await off;
    expect(await it.deliveriesOf(webhook.id)).toMatchObject([{ status: 'cancelled' }]);
  });
});
