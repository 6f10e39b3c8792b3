import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { type Answer, type HttpReceiver, startHttpReceiver } from './testing/http-receiver.ts';

let it: TestApp;
const receivers: HttpReceiver[] = [];
beforeAll(async () => {
  it = await startTestApp();
});
afterEach(async () => {
  const { data } = await it.client.webhooks.list();
  for (const { id } of data) await it.client.webhooks.delete({ id });
});
afterAll(async () => {
  await it.close();
  for (const receiver of receivers) await receiver.close();
});

async function receive(answer?: Answer): Promise<HttpReceiver> {
  const receiver = await startHttpReceiver(answer);
  receivers.push(receiver);
  return receiver;
}

async function addProject(name: string): Promise<number> {
  const { id } = await it.client.projects.create({ name, path: `/nowhere/${name}` });
  return id;
}

const namesOf = ({ received }: HttpReceiver) =>
  received.map(({ body }) => JSON.parse(body).type as string);
const arrived = (receiver: HttpReceiver, count: number) =>
  waitFor(`${count} webhooks`, async () => receiver.received.length >= count && receiver.received);
const deliveriesOf = async (query: Parameters<TestApp['client']['webhooks']['deliveries']>[0]) =>
  (await it.client.webhooks.deliveries(query)).data;
const recorded = (id: number, status: 'succeeded' | 'failed' = 'succeeded') =>
  waitFor(`a delivery of webhook ${id} to be ${status}`, async () => {
    const [delivery] = await deliveriesOf({ id, status });
    return delivery;
  });
const rowsOf = async (table: 'events' | 'webhooks' | 'webhook_deliveries') =>
  JSON.stringify(await it.app.database.db.selectFrom(table).selectAll().execute());

describe('a webhook', () => {
  test('shows its secret once, and keeps it where nobody can read it', async () => {
    const { secret, ...made } = await it.client.webhooks.create({
      url: 'https://hooks.example/borgos',
      events: ['project.created', 'deployment.*', 'project.created'],
      description: 'the team channel',
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toEqual({
      id: expect.any(Number),
      url: 'https://hooks.example/borgos',
      events: ['project.created', 'deployment.*'],
      description: 'the team channel',
      is_active: true,
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
      previous_secret_until: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect(await it.client.webhooks.get({ id: made.id })).toEqual(made);
    expect((await it.client.webhooks.list()).data).toEqual([made]);
    expect(`${await rowsOf('events')}${await rowsOf('webhooks')}`).not.toContain(secret);
  });

  test('records each change with who made it, in the audit trail', async () => {
    const { id, url } = await it.client.webhooks.create({
      url: 'https://hooks.example/audit',
      events: ['*'],
    });
    await it.client.webhooks.update({ id, description: 'new', is_active: false });
    await it.client.webhooks.rotateSecret({ id });
    await it.client.webhooks.delete({ id });
    const rows = await it.app.database.db
      .selectFrom('events')
      .select(['type', 'data', 'actor'])
      .where('type', 'in', [
        'webhook_created',
        'webhook_updated',
        'webhook_deleted',
        'webhook_secret_rotated',
      ])
      .orderBy('seq', 'desc')
      .limit(4)
      .execute();
    expect(rows.reverse()).toMatchObject([
      { type: 'webhook_created', data: { id, url, events: ['*'] } },
      { type: 'webhook_updated', data: { id, url, changed: ['description', 'is_active'] } },
      { type: 'webhook_secret_rotated', data: { id, url } },
      { type: 'webhook_deleted', data: { id, url } },
    ]);
    for (const { actor } of rows) expect(actor).toMatchObject({ credential: 'local' });
  });

  test.for([
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254:80'],
    ['https://10.0.0.7/hook', 'BORGOS_WEBHOOK_ALLOW'],
    ['ftp://example.com/hook', 'https://'],
    ['somewhere', 'https://'],
  ])('is refused for %s, with what would be right', async ([url = '', told = '']) => {
    const { status, body } = await it.request('POST', '/api/v1/webhooks', { url, events: ['*'] });
    expect([status, body.code]).toEqual([400, 'WEBHOOK_URL_NOT_ALLOWED']);
    expect(body.message).toContain(told);
    expect((await it.client.webhooks.list()).data).toEqual([]);
  });

  test('cannot be pointed at BorgOS itself, nor later at what is refused', async () => {
    const own = await it.request('POST', '/api/v1/webhooks', { url: `${it.url}/x`, events: ['*'] });
    expect([own.status, own.body.code]).toEqual([400, 'WEBHOOK_URL_NOT_ALLOWED']);
    const { id } = await it.client.webhooks.create({ url: 'https://a.example/', events: ['*'] });
    const moved = await it.request('PATCH', `/api/v1/webhooks/${id}`, { url: 'http://10.0.0.7/' });
    expect([moved.status, moved.body.code]).toEqual([400, 'WEBHOOK_URL_NOT_ALLOWED']);
    expect((await it.client.webhooks.get({ id })).url).toBe('https://a.example/');
  });

  test('never repeats a secret that is refused', async () => {
    const secret = 'whsec_not base64 canary';
    const { status, body } = await it.request('POST', '/api/v1/webhooks', {
      url: 'https://a.example/',
      events: ['*'],
      secret,
    });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  test('is one of at most 100', async () => {
    for (let number = 0; number < 100; number += 1) {
      await it.client.webhooks.create({ url: 'https://a.example/', events: ['webhook.disabled'] });
    }
    const { status, body } = await it.request('POST', '/api/v1/webhooks', {
      url: 'https://a.example/',
      events: ['*'],
    });
    expect([status, body.code]).toEqual([409, 'CONFLICT']);
    expect(body.message).toContain('DELETE /api/v1/webhooks/{id}');
    const page = await it.request('GET', '/api/v1/webhooks?limit=2&offset=99');
    expect(page.body.pagination).toEqual({ total: 100, limit: 2, offset: 99, has_more: false });
  });

  test.for([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/rotate-secret'],
    ['GET', '/deliveries'],
    ['POST', '/deliveries/1/redeliver'],
  ])('that is not there is not found: %s %s', async ([method = '', rest = '']) => {
    const body = method === 'GET' ? undefined : {};
    const answer = await it.request(method, `/api/v1/webhooks/999999${rest}`, body);
    expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(answer.body.message).toBe('Webhook with id 999999 not found');
  });
});

describe('what is sent', () => {
  test.for([[undefined], ['a secret of the receiver’s own']])(
    'can be verified with Standard Webhooks, and arrives once (secret %s)',
    async ([secret]) => {
      const receiver = await receive();
      const webhook = await it.client.webhooks.create({
        url: receiver.url,
        events: ['project.created'],
        ...(secret !== undefined && { secret }),
      });
      const id = await addProject(`signed-${webhook.id}`);
      const [sent] = await arrived(receiver, 1);
      const verifier = secret
        ? new Verifier(Buffer.from(secret), { format: 'raw' })
        : new Verifier(webhook.secret);
      expect(verifier.verify(sent?.body ?? '', sent?.headers ?? {})).toEqual({
        type: 'project.created',
        timestamp: expect.stringMatching(/Z$/),
        data: { id, name: `signed-${webhook.id}`, path: `/nowhere/signed-${webhook.id}` },
      });
      const delivery = await recorded(webhook.id);
      expect(delivery).toMatchObject({
        event: 'project.created',
        next_attempt_at: null,
        attempts: [{ status: 200, error: null }],
        request: { url: receiver.url, body: sent?.body },
        response: { status: 200, body: null },
      });
      expect(sent?.id).toBe(`msg_${delivery.message_id}`);
      expect(sent?.headers).toMatchObject(delivery.request.headers);
      expect(receiver.received).toHaveLength(1);
      expect(await rowsOf('webhook_deliveries')).not.toContain(webhook.secret);
    },
  );

  test.for([
    ['*', ['project.created', 'project.updated', 'project.deleted']],
    ['project.*', ['project.created', 'project.updated', 'project.deleted']],
    ['project.deleted', ['project.deleted']],
    ['deployment.*', []],
  ] as const)('is what was subscribed to: %s', async ([pattern, names]) => {
    const [receiver, last] = [await receive(), await receive()];
    await it.client.webhooks.create({ url: receiver.url, events: [pattern] });
    await it.client.webhooks.create({ url: last.url, events: ['project.deleted'] });
    const id = await addProject(`pattern-${pattern}`);
    await it.client.projects.update({ id, name: 'renamed' });
    await it.client.projects.delete({ id });
    await arrived(last, 1);
    await arrived(receiver, names.length);
    expect(namesOf(receiver).sort()).toEqual([...names].sort());
  });

  test('has the most telling name that was asked for, as error.critical', async () => {
    const [critical, all] = [await receive(), await receive()];
    await it.client.webhooks.create({ url: critical.url, events: ['error.critical'] });
    await it.client.webhooks.create({ url: all.url, events: ['error.logged', 'project.*'] });
    await it.client.errors.create({ error_type: 'E', message: 'small', severity: 'warning' });
    await it.client.errors.create({ error_type: 'E', message: 'large', severity: 'critical' });
    await arrived(critical, 1);
    await arrived(all, 2);
    expect(namesOf(critical)).toEqual(['error.critical']);
    expect(namesOf(all)).toEqual(['error.logged', 'error.logged']);
  });

  test('is nothing while it is disabled, and what waited then is cancelled', async () => {
    const receiver = await receive(() => 500);
    const { id } = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    await addProject(`waits-${id}`);
    await arrived(receiver, 1);
    const off = await it.client.webhooks.update({ id, is_active: false });
    expect(off).toMatchObject({ is_active: false, disabled_reason: null });
    expect(off.disabled_at).not.toBeNull();
    await addProject(`unheard-${id}`);
    const deliveries = await deliveriesOf({ id });
    expect(deliveries).toMatchObject([{ event: 'project.created', status: 'cancelled' }]);

    const refused = await it.request(
      'POST',
      `/api/v1/webhooks/${id}/deliveries/${deliveries[0]?.id}/redeliver`,
    );
    expect([refused.status, refused.body.code]).toEqual([409, 'WEBHOOK_DISABLED']);
    expect(refused.body.message).toContain('{"is_active": true}');
    const on = await it.client.webhooks.update({ id, is_active: true });
    expect(on).toMatchObject({ is_active: true, disabled_at: null, failing_since: null });
    await addProject(`heard-${id}`);
    await arrived(receiver, 2);
    expect(receiver.received.map(({ body }) => JSON.parse(body).data.name)).toEqual([
      `waits-${id}`,
      `heard-${id}`,
    ]);
  });

  test('is signed with both secrets after a rotation', async () => {
    const receiver = await receive();
    const first = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    const { id } = first;
    const second = await it.client.webhooks.rotateSecret({ id, secret: 'the second one' });
    const days = (Date.parse(second.previous_secret_until ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(1, 2);
    expect(second.secret).toBe('the second one');
    await addProject(`rotated-${id}`);
    const [sent] = await arrived(receiver, 1);
    expect(sent?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    const keys = [
      new Verifier(first.secret),
      new Verifier(Buffer.from('the second one'), { format: 'raw' }),
    ];
    for (const key of keys) key.verify(sent?.body ?? '', sent?.headers ?? {});
  });
});

describe('a test event', () => {
  test('is sent at once, also to a webhook that is disabled, and tells the outcome', async () => {
    const receiver = await receive((_, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end('bad \ud800 \0 day');
      return undefined;
    });
    const { id, secret } = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    await it.client.webhooks.update({ id, is_active: false });
    const delivery = await it.client.webhooks.test({ id });
    expect(delivery).toMatchObject({
      event: 'webhook.test',
      status: 'failed',
      next_attempt_at: null,
      attempts: [{ status: 500, error: expect.stringContaining('500') }],
      response: { status: 500, body: expect.stringContaining('day') },
    });
    const [sent] = receiver.received;
    expect(new Verifier(secret).verify(sent?.body ?? '', sent?.headers ?? {})).toEqual({
      type: 'webhook.test',
      timestamp: expect.any(String),
      data: { webhook_id: id },
    });
    expect(await deliveriesOf({ id, event: 'webhook.test' })).toEqual([delivery]);
    expect(receiver.received).toHaveLength(1);
    expect(await it.client.webhooks.get({ id })).toMatchObject({ failing_since: null });
  });

  test('succeeds where the receiver answers 2xx', async () => {
    const receiver = await receive(() => 204);
    const { id } = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    expect(await it.client.webhooks.test({ id })).toMatchObject({ status: 'succeeded' });
  });
});

describe('what is sent again by hand', () => {
  test('keeps its id and body', async () => {
    const receiver = await receive();
    const { id } = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    await addProject(`again-${id}`);
    const [first] = await arrived(receiver, 1);
    const { id: delivery_id } = await recorded(id);
    const answer = await it.request(
      'POST',
      `/api/v1/webhooks/${id}/deliveries/${delivery_id}/redeliver`,
    );
    expect([answer.status, answer.body.status]).toEqual([202, 'pending']);
    const [, second] = await arrived(receiver, 2);
    expect([second?.id, second?.body]).toEqual([first?.id, first?.body]);
    expect((await recorded(id)).attempts).toHaveLength(2);
  });

  test('is of that webhook only', async () => {
    const receiver = await receive();
    const one = await it.client.webhooks.create({ url: receiver.url, events: ['*'] });
    const other = await it.client.webhooks.create({ url: receiver.url, events: ['webhook.*'] });
    const { id } = await it.client.webhooks.test({ id: one.id });
    const { status } = await it.request(
      'POST',
      `/api/v1/webhooks/${other.id}/deliveries/${id}/redeliver`,
    );
    expect(status).toBe(404);
  });
});
