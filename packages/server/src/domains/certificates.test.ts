import { readdir, readFile, stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import path from 'node:path';
import type { Domain } from '@borgos/contracts/domains';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeDeploying } from '../deployments/testing/deploying.ts';
import { freePort } from '../testing/free-port.ts';
import { nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { resealDomains } from './domain-secrets.ts';
import { type Pebble, pebbleForTests, startPebble } from './testing/pebble.ts';
import { visitDomain } from './testing/visit-domain.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { available } = await pebbleForTests();

describe.runIf(available)('with an ACME server', () => {
  let pebble: Pebble;
  let app: TestApp;
  let httpPort: number;
  let httpsPort: number;
  let deploying: Awaited<ReturnType<typeof makeDeploying>>;
  let id: number;

  beforeAll(async () => {
    [httpPort, httpsPort] = [await freePort(), await freePort()];
    pebble = await startPebble(httpPort, { PEBBLE_WFE_NONCEREJECT: '30' });
    const { directoryUrl, caFile } = pebble;
    app = await startTestApp({
      settings: {
        httpPort,
        httpsPort,
        acme: { email: 'shop@example.com', directoryUrl, caFile },
      },
    });
    deploying = await makeDeploying(app, nodeApp('shop'));
    id = await deploying.deploy();
    await app.until(id, 'running');
  });
  afterAll(async () => {
    await deploying?.[Symbol.asyncDispose]();
    await app?.close();
    await pebble?.close();
  });

  const find = async (domain: string) =>
    (await app.client.domains.list({ id })).data.find((one) => one.domain === domain);
  const until = (domain: string, isDone: (domain: Domain) => boolean) =>
    waitFor(
      `${domain} to be so`,
      async () => {
        const found = await find(domain);
        return found && isDone(found) && found;
      },
      40_000,
    );

  /** As if it were due, and then the add that wakes the worker. */
  async function makeDue(domain: string): Promise<void> {
    const past = new Date(Date.now() - 20 * 60_000);
    await app.app.database.db
      .updateTable('domains')
      .set({ next_attempt_at: past, last_attempt_at: past })
      .where('domain', '=', domain)
      .execute();
    await app.client.domains.add({ id, domain });
  }

  const rowOf = (domain: string) =>
    app.app.database.db
      .selectFrom('domains')
      .selectAll()
      .where('domain', '=', domain)
      .executeTakeFirstOrThrow();

  const aboutDomains = async (domain: string) =>
    (await app.eventsOf(id))
      .filter(({ data }) => Object(data).domain === domain)
      .map(({ type }) => type);

  test('a domain gets a certificate, though three of ten nonces are refused', async () => {
    const added = await app.client.domains.add({ id, domain: 'Shop.test.' });
    expect(added).toMatchObject({ domain: 'shop.test', deployment_id: id, certificate: null });
    const active = await until('shop.test', ({ status }) => status === 'active');
    expect(active).toMatchObject({ status_reason: null, url: `https://shop.test:${httpsPort}` });
    const { certificate, next_attempt_at } = active;
    const [from, to] = [certificate?.not_before, certificate?.not_after].map((at) =>
      Date.parse(at ?? ''),
    ) as [number, number];
    expect(
      Math.abs(Date.parse(next_attempt_at ?? '') - (from + ((to - from) * 2) / 3)),
    ).toBeLessThan(1_000);
    const ca = await pebble.root();
    const visit = await visitDomain(`https://shop.test:${httpsPort}/`, { ca });
    expect(visit).toEqual({
      status: 200,
      text: 'shop',
      location: undefined,
      serialNumber: certificate?.serial_number,
    });
    expect(await visitDomain(`http://shop.test:${httpPort}/a`)).toMatchObject({
      status: 308,
      location: `https://shop.test:${httpsPort}/a`,
    });
    expect(await aboutDomains('shop.test')).toEqual(['domain_added', 'domain_certificate_issued']);
    expect(await app.client.deployments.get({ id })).toMatchObject({ domains: ['shop.test'] });
  });

  test('private keys are sealed in the database, and for their user only on the disk', async () => {
    const { certificate_key, order_key } = await rowOf('shop.test');
    expect(certificate_key).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(order_key).toBeNull();
    const account = await app.app.database.db
      .selectFrom('acme_accounts')
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(account.key).toMatch(/^[\w-]+\.[\w-]+$/);
    const folder = path.join(app.home, 'proxy', 'certificates');
    const files = await readdir(folder);
    expect(files).toHaveLength(1);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(folder, files[0] ?? ''))).mode & 0o777).toBe(0o600);
  });

  test('all keys are sealed anew when the encryption key is rotated', async () => {
    const { certificate_key } = await rowOf('shop.test');
    const contexts: string[] = [];
    const changed = await resealDomains(app.app.database.db, (sealed, context) => {
      contexts.push(context);
      return sealed === certificate_key ? sealed : undefined;
    });
    expect(changed).toBe(1);
    expect(contexts).toEqual([
      'domain:shop.test:key',
      `acme_account:${pebble.directoryUrl}:shop@example.com:key`,
    ]);
    expect(await rowOf('shop.test')).toMatchObject({ certificate_key });
  });

  test('where the domain leads elsewhere, that is told, and tried again ever more rarely', async () => {
    await pebble.setAddress('away.test', '127.0.0.9');
    await app.client.domains.add({ id, domain: 'away.test' });
    const failed = await until('away.test', ({ status }) => status === 'failed');
    expect(failed.status_reason).toMatch(
      /could not see that the domain leads here: .*127\.0\.0\.9/,
    );
    expect(failed.status_reason).toContain('port 80');
    expect(failed.status_reason).toContain('set BORGOS_HOST to 0.0.0.0');
    expect(failed.certificate).toBeNull();
    const pause = Date.parse(failed.next_attempt_at ?? '') - Date.parse(failed.updated_at);
    expect(pause).toBeGreaterThan(4.9 * 60_000);
    expect(pause).toBeLessThan(5.6 * 60_000);
    const again = await app.client.domains.add({ id, domain: 'away.test' });
    expect(again).toMatchObject({ status: 'failed', next_attempt_at: failed.next_attempt_at });
    // In clear it is served all the same.
    expect(await visitDomain(`http://away.test:${httpPort}/`)).toMatchObject({ text: 'shop' });

    await makeDue('away.test');
    const twice = await until(
      'away.test',
      (one) => one.updated_at > failed.updated_at && one.status === 'failed',
    );
    const longer = Date.parse(twice.next_attempt_at ?? '') - Date.parse(twice.updated_at);
    expect(longer).toBeGreaterThan(9.9 * 60_000);

    await pebble.setAddress('away.test', '127.0.0.1');
    await makeDue('away.test');
    const active = await until('away.test', ({ status }) => status === 'active');
    expect(active.status_reason).toBeNull();
    expect(await aboutDomains('away.test')).toEqual([
      'domain_added',
      'domain_certificate_failed',
      'domain_certificate_failed',
      'domain_certificate_issued',
    ]);
    expect((await rowOf('away.test')).challenge_token).toBeNull();
  });

  test('a name that the ACME server does not want is told with its words', async () => {
    await app.client.domains.add({ id, domain: 'www.blocked.test' });
    const failed = await until('www.blocked.test', ({ status }) => status === 'failed');
    expect(failed.status_reason).toMatch(/refused with 400: .*policy.*\(rejectedIdentifier\)/i);
    expect(failed.status_reason).not.toContain('port 80');
    await app.client.domains.remove({ id, domain: 'www.blocked.test' });
    expect(await find('www.blocked.test')).toBeUndefined();
  });

  test('a renewal and a redeploy drop no request', async () => {
    const ca = await pebble.root();
    const url = `https://shop.test:${httpsPort}/`;
    const before = (await visitDomain(url, { ca })).serialNumber;
    const agents = [true, false].map((keepAlive) => new Agent({ ca, keepAlive }));
    const seen: string[] = [];
    let done = false;
    const visitors = agents.map(async (agent) => {
      while (!done) {
        const answer = await visitDomain(url, { agent }).catch((error) => ({
          text: String(error),
        }));
        seen.push(answer.text);
      }
    });
    await makeDue('shop.test');
    const renewed = await until(
      'shop.test',
      ({ certificate }) => certificate?.serial_number !== before,
    );
    expect(renewed).toMatchObject({ status: 'active', status_reason: null });
    expect(await deploying.release(nodeApp('shop 2'))).toMatchObject({ status: 'running' });
    await waitFor('the new release', async () => seen.at(-1) === 'shop 2');
    done = true;
    await Promise.all(visitors);
    for (const agent of agents) agent.destroy();
    expect(new Set(seen)).toEqual(new Set(['shop', 'shop 2']));
    expect((await visitDomain(url, { ca })).serialNumber).toBe(renewed.certificate?.serial_number);
    const files = await readdir(path.join(app.home, 'proxy', 'certificates'));
    expect(files).toHaveLength(2);
  });

  test('a domain is served by its own deployment, whatever the connection was made for', async () => {
    const other = await makeDeploying(app, nodeApp('blog'));
    const blog = await other.deploy();
    await app.until(blog, 'running');
    await app.client.domains.add({ id: blog, domain: 'blog.test' });
    await waitFor('blog.test', async () => {
      const { data } = await app.client.domains.list({ id: blog });
      return data[0]?.status === 'active';
    });
    const ca = await pebble.root();
    expect((await visitDomain(`https://blog.test:${httpsPort}/`, { ca })).text).toBe('blog');
    expect((await visitDomain(`https://shop.test:${httpsPort}/`, { ca })).text).toBe('shop 2');
    expect(
      await app.request('POST', `/api/v1/deployments/${blog}/domains`, { domain: 'SHOP.test' }),
    ).toMatchObject({
      status: 409,
      body: { code: 'DOMAIN_IN_USE', message: expect.stringContaining(`deployment ${id} "prod"`) },
    });
    // With which the deployment is deleted, too.
    await other[Symbol.asyncDispose]();
    await waitFor('the domain to be gone', async () => {
      const visit = await visitDomain(`http://blog.test:${httpPort}/`);
      return visit.status === 404;
    });
    const left = await app.app.database.db.selectFrom('domains').select('domain').execute();
    expect(left.map(({ domain }) => domain).sort()).toEqual(['away.test', 'shop.test']);
    await waitFor('its key to be gone', async () => {
      const files = await readdir(path.join(app.home, 'proxy', 'certificates'));
      return files.length === 2;
    });
  });

  test('a stopped deployment answers 503 on its domain, and a started one serves again', async () => {
    const ca = await pebble.root();
    const url = `https://shop.test:${httpsPort}/`;
    await app.client.deployments.stop({ id });
    expect((await visitDomain(url, { ca })).status).toBe(503);
    await app.client.deployments.start({ id });
    await app.until(id, 'running');
    expect(await visitDomain(url, { ca })).toMatchObject({ status: 200, text: 'shop 2' });
  });

  test('a proxy that is killed comes back with its certificates', async () => {
    const ca = await pebble.root();
    const pid = Number(await readFile(path.join(app.home, 'proxy', 'proxy.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const text = await waitFor('the domain to be served again', () =>
      visitDomain(`https://shop.test:${httpsPort}/`, { ca }).then(
        (visit) => visit.status === 200 && visit.text,
        () => false,
      ),
    );
    expect(text).toBe('shop 2');
  });

  test('while the ACME server is away the certificate is served, and that is told', async () => {
    const ca = await pebble.root();
    await pebble.kill();
    await makeDue('shop.test');
    const told = await until('shop.test', ({ status_reason }) => status_reason !== null);
    expect(told.status).toBe('active');
    expect(told.status_reason).toMatch(/cannot be reached: .*ECONNREFUSED.* is valid until 20/);
    expect((await visitDomain(`https://shop.test:${httpsPort}/`, { ca })).status).toBe(200);

    // It has forgotten everything: accounts, orders, and with which key it signs.
    await pebble.start();
    await makeDue('shop.test');
    await until('shop.test', ({ status_reason }) => status_reason === null);
    const another = await pebble.root();
    expect(another).not.toBe(ca);
    const visit = await visitDomain(`https://shop.test:${httpsPort}/`, { ca: another });
    expect(visit.status).toBe(200);
  });
});
