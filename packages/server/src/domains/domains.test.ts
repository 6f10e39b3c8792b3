import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeDeploying } from '../deployments/testing/deploying.ts';
import { freePort } from '../testing/free-port.ts';
import { nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { visitDomain } from './testing/visit-domain.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe('without TLS', () => {
  let app: TestApp;
  let httpPort: number;
  let shop: Awaited<ReturnType<typeof makeDeploying>>;
  let blog: Awaited<ReturnType<typeof makeDeploying>>;
  let ids: { shop: number; blog: number };

  beforeAll(async () => {
    httpPort = await freePort();
    app = await startTestApp({ settings: { httpPort } });
    shop = await makeDeploying(app, nodeApp('shop'));
    blog = await makeDeploying(app, nodeApp('blog'));
    ids = { shop: await shop.deploy(), blog: await blog.deploy() };
    await Promise.all([app.until(ids.shop, 'running'), app.until(ids.blog, 'running')]);
  });
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
    await blog?.[Symbol.asyncDispose]();
    await app?.close();
  });

  const add = (id: number, domain: unknown) =>
    app.request('POST', `/api/v1/deployments/${id}/domains`, { domain });
  const visit = (domain: string) => visitDomain(`http://${domain}:${httpPort}/`);

  test('two deployments are visited by their names on one port, from the answer on', async () => {
    const added = await add(ids.shop, 'shop.test');
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      domain: 'shop.test',
      deployment_id: ids.shop,
      url: `http://shop.test:${httpPort}`,
      status: 'active',
      status_reason: null,
      certificate: null,
      next_attempt_at: null,
    });
    expect(await visit('shop.test')).toMatchObject({ status: 200, text: 'shop' });
    expect((await visit('blog.test')).status).toBe(404);
    await add(ids.blog, 'blog.test');
    expect(await visit('blog.test')).toMatchObject({ status: 200, text: 'blog' });
    expect(await visit('shop.test')).toMatchObject({ status: 200, text: 'shop' });
  });

  test.for([
    ['SHOP2.Test', 'shop2.test'],
    ['shop3.test.', 'shop3.test'],
    ['bücher.test', 'xn--bcher-kva.test'],
    ['XN--BCHER-KVA.shop.test', 'xn--bcher-kva.shop.test'],
    ['shop.localhost', 'shop.localhost'],
    ['1.2.test', '1.2.test'],
    ['nas', 'nas'],
  ])('%s is kept as %s', async ([text, domain]) => {
    const { status, body } = await add(ids.shop, text);
    expect([status, body.domain]).toEqual([201, domain]);
    expect((await visit(domain ?? '')).text).toBe('shop');
    const path = `/api/v1/deployments/${ids.shop}/domains/${encodeURIComponent(text ?? '')}`;
    expect((await app.request('DELETE', path)).status).toBe(200);
    expect((await visit(domain ?? '')).status).toBe(404);
  });

  test.for([
    ['*.shop.test', 'wildcard'],
    ['https://shop.test', 'without scheme'],
    ['shop.test:80', 'port'],
    ['shop.test/a', 'path'],
    ['shop test', 'host name'],
    ['127.0.0.1', 'IP address'],
    ['127.1', 'IP address'],
    ['0x7f000001', 'IP address'],
    ['[::1]', 'host name'],
    ['shop.1', 'host name'],
    ['localhost', 'localhost'],
    ['', 'domain'],
    ['.', 'host name'],
    ['shop..test', 'host name'],
    ['-shop.test', 'host name'],
    ['shop_1.test', 'host name'],
    [`${'a'.repeat(64)}.test`, 'host name'],
    [`${'a.'.repeat(130)}test`, 'host name'],
    ['xn--\u{fffd}.test', 'host name'],
    ['a%2eb', 'host name'],
  ])('%j is refused', async ([domain = '', why = '']) => {
    const { status, body } = await add(ids.shop, domain);
    expect([domain, status, body.code]).toEqual([domain, 400, 'VALIDATION_FAILED']);
    expect(body.message).toContain(why);
    expect(body.details[0].path).toBe('body.domain');
  });

  test('a domain belongs to one deployment, which is named to who wants it for another', async () => {
    const taken = await add(ids.blog, 'Shop.Test');
    expect(taken).toMatchObject({ status: 409, body: { code: 'DOMAIN_IN_USE' } });
    expect(taken.body.message).toContain(`deployment ${ids.shop} "prod"`);
    const path = `/api/v1/deployments/${ids.blog}/domains/shop.test`;
    expect((await app.request('DELETE', path)).status).toBe(404);
    expect((await visit('shop.test')).text).toBe('shop');
  });

  test('of many who want a domain at once one gets it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        add(index % 2 === 0 ? ids.shop : ids.blog, 'race.test'),
      ),
    );
    const winners = new Set(
      answers.filter(({ status }) => status === 201).map(({ body }) => body.deployment_id),
    );
    expect(winners.size).toBe(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    const [winner = 0] = winners;
    await app.client.domains.remove({ id: winner, domain: 'race.test' });
  });

  test('they are listed with the deployment, and each change is an event', async () => {
    await add(ids.blog, 'a.blog.test');
    const { data, pagination } = await app.client.domains.list({ id: ids.blog, limit: 1 });
    expect(data.map(({ domain }) => domain)).toEqual(['a.blog.test']);
    expect(pagination.total).toBe(2);
    const blogDomains = ['a.blog.test', 'blog.test'];
    expect((await app.client.deployments.get({ id: ids.blog })).domains).toEqual(blogDomains);
    await app.client.domains.remove({ id: ids.blog, domain: 'a.blog.test' });
    const events = await app.eventsOf(ids.blog);
    // Who won the race above is left to chance.
    const ofBlog = events.filter(({ data }) => Object(data).domain !== 'race.test');
    expect(ofBlog.filter(({ type }) => type.startsWith('domain_'))).toEqual([
      { type: 'domain_added', data: { id: ids.blog, domain: 'blog.test' } },
      { type: 'domain_added', data: { id: ids.blog, domain: 'a.blog.test' } },
      { type: 'domain_removed', data: { id: ids.blog, domain: 'a.blog.test' } },
    ]);
  });

  test('a deployment that is not there has no domains', async () => {
    expect((await add(999, 'x.test')).body.code).toBe('NOT_FOUND');
    for (const [method, path] of [
      ['GET', '/api/v1/deployments/999/domains'],
      ['DELETE', '/api/v1/deployments/999/domains/x.test'],
      ['DELETE', `/api/v1/deployments/${ids.shop}/domains/none.test`],
    ] as const) {
      expect((await app.request(method, path)).body.code).toBe('NOT_FOUND');
    }
  });

  test('a deployment cannot have the port that domains share', async () => {
    const answer = await app.request('POST', '/api/v1/deploy', {
      project_id: 1,
      name: 'other',
      port: httpPort,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'PORT_IN_USE' } });
  });
});

test('a shared port that another program has is told with each domain, until it is free', async () => {
  const httpPort = await freePort();
  const other = createServer().listen(httpPort, '127.0.0.1');
  await once(other, 'listening');
  const app = await startTestApp({ settings: { httpPort } });
  try {
    await using deploying = await makeDeploying(app, nodeApp('shop'));
    const id = await deploying.deploy();
    const added = await app.client.domains.add({ id, domain: 'shop.test' });
    expect(added.status).toBe('failed');
    expect(added.status_reason).toContain(`Port ${httpPort} on 127.0.0.1 is used by another`);
    other.close();
    await waitFor('the domain to be served', async () => {
      const { data } = await app.client.domains.list({ id });
      return data[0]?.status === 'active' && data[0].status_reason === null;
    });
    await app.until(id, 'running');
    expect((await visitDomain(`http://shop.test:${httpPort}/`)).text).toBe('shop');
  } finally {
    await app.close();
  }
});

test('without a shared port domains are off, and the answer says how to have them', async () => {
  const app = await startTestApp();
  try {
    await using deploying = await makeDeploying(app, nodeApp('shop'));
    const id = await deploying.deploy();
    const path = `/api/v1/deployments/${id}/domains`;
    const refused = await app.request('POST', path, { domain: 'shop.test' });
    expect(refused).toMatchObject({ status: 422, body: { code: 'DOMAINS_OFF' } });
    expect(refused.body.message).toContain('BORGOS_HTTP_PORT');
    expect((await app.request('GET', path)).body).toEqual([]);
  } finally {
    await app.close();
  }
});
