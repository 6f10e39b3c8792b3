import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { type ServerProcess, startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';
import { type Pebble, pebbleForTests, startPebble } from './testing/pebble.ts';
import { visitDomain } from './testing/visit-domain.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const { available } = await pebbleForTests();

/** What the row of the domain says when the server is killed. */
const moments = {
  'once it is accepted': 'true',
  'once an order is noted': 'order_url is not null',
  'while it is validated': 'challenge_token is not null',
  'once its certificate is there': 'certificate is not null',
};

describe.runIf(available)('a server that is killed while a certificate is ordered', () => {
  let pebble: Pebble;
  let home: string;
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let db: Client;
  let server: ServerProcess;
  let httpsPort: number;
  let id: number;
  let env: Record<string, string>;

  beforeAll(async () => {
    const [httpPort, tlsPort] = [await freePort(), await freePort()];
    httpsPort = tlsPort;
    home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
    database = await cloneDatabase();
    db = new Client({ connectionString: database.databaseUrl });
    await db.connect();
    // Each validation takes up to two seconds.
    const pace = { PEBBLE_VA_NOSLEEP: '', PEBBLE_VA_SLEEPTIME: '2' };
    pebble = await startPebble(httpPort, { ...pace, PEBBLE_AUTHZREUSE: '0' });
    env = {
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
      BORGOS_HTTP_PORT: String(httpPort),
      BORGOS_HTTPS_PORT: String(httpsPort),
      BORGOS_ACME_EMAIL: 'shop@example.com',
      BORGOS_ACME_DIRECTORY: pebble.directoryUrl,
      BORGOS_ACME_CA: pebble.caFile,
    };
    server = await startServerProcess(env);
    const folder = await makeProjectFolder(nodeApp('shop'));
    const project = await server.client.projects.create({ name: 'Shop', path: folder.path });
    const answer = await server.client.deployments.deploy({ project_id: project.id });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    id = answer.id;
    await waitFor('the deployment to run', async () => {
      return (await server.client.deployments.get({ id })).status === 'running';
    });
    await folder[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await server?.client.deployments.delete({ id });
    await server?.end('SIGTERM');
    await db?.end();
    await database?.drop();
    await pebble?.close();
    await rm(home, { recursive: true, force: true });
  });

  test.for(Object.entries(moments))('%s goes on with it', async ([moment, condition]) => {
    const domain = `${moment.replaceAll(' ', '-')}.test`;
    const orders = countOrders(pebble.output());
    await server.client.domains.add({ id, domain });
    const query = `select order_url from domains where domain = $1 and ${condition}`;
    const before = await waitFor(moment, async () => {
      const { rows } = await db.query<{ order_url: string | null }>(query, [domain]);
      return rows[0];
    });
    await server.end('SIGKILL');
    server = await startServerProcess(env);
    const active = await waitFor(
      'the domain to be served',
      async () => {
        const { data } = await server.client.domains.list({ id });
        const found = data.find((one) => one.domain === domain);
        if (found?.status === 'failed') throw new Error(found.status_reason ?? '');
        return found?.status === 'active' && found;
      },
      40_000,
    );
    const ca = await pebble.root();
    const visit = await visitDomain(`https://${domain}:${httpsPort}/`, { ca });
    expect(visit).toMatchObject({
      status: 200,
      text: 'shop',
      serialNumber: active.certificate?.serial_number,
    });
    if (before.order_url !== null) expect(countOrders(pebble.output())).toBe(orders + 1);
    const told = await db.query<{ type: string }>(
      `select type from events where data ->> 'domain' = $1 order by seq`,
      [domain],
    );
    expect(told.rows.map(({ type }) => type)).toEqual([
      'domain_added',
      'domain_certificate_issued',
    ]);
  });
});

function countOrders(output: string): number {
  return output.split(/Added order/).length - 1;
}
