import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { makeDeploying } from './testing/deploying.ts';
import { startVisitors } from './testing/visitors.ts';

const docker = await dockerForTests();

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a rollback in the %s runtime',
  { timeout: 90_000 },
  (runtime) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({
        settings: { runtime },
        deadlines: { health: 8_000, settle: 200, settleAgain: 50, grace: 2_000 },
      });
    });
    afterAll(() => app.close());

    const textOf = async (port: number) => (await fetch(`http://localhost:${port}`)).text();
    const environmentOf = async (port: number) =>
      JSON.parse(await (await fetch(`http://localhost:${port}/env`)).text());

    test('brings back the build, environment, secrets and limits of then as a new revision', async () => {
      await using shop = await makeDeploying(app, {});
      const settings = { environment: { MODE: 'old' }, secrets: { KEY: 'old secret' } };
      const { id, port } = await shop.release(nodeApp('one'), {
        ...settings,
        memory_limit: '256m',
      });
      await shop.release(nodeApp('two'), {
        environment: { MODE: 'new', MORE: 'yes' },
        secrets: { KEY: 'new secret', OTHER: 'also new' },
        memory_limit: null,
      });
      expect(await textOf(port)).toBe('two');

      expect(await app.client.deployments.rollback({ id })).toEqual({
        message: `Deployment ${id} rolled back to revision 1`,
        id,
        status: 'running',
        revision: 3,
      });
      expect(await textOf(port)).toBe('one');
      const seen = await environmentOf(port);
      expect(seen).toMatchObject({ MODE: 'old', KEY: 'old secret' });
      expect(seen).not.toHaveProperty('MORE');
      expect(seen).not.toHaveProperty('OTHER');
      expect(await app.client.deployments.get({ id })).toMatchObject({
        revision: 3,
        environment: { MODE: 'old' },
        secret_names: ['KEY'],
        memory_limit: '256m',
        restarts: 0,
      });
      const [newest] = await shop.revisions();
      expect(newest).toMatchObject({
        number: 3,
        status: 'serving',
        rollback_of: 1,
        rolled_back_from: 2,
        created_by: { credential: 'local' },
      });
      // What is deployed next has what runs now, not what was rolled back from.
      await shop.release(nodeApp('four'));
      expect(await environmentOf(port)).toMatchObject({ MODE: 'old', KEY: 'old secret' });
    });

    test('drops no request, on kept and on new connections, there and back', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, port } = await shop.release(nodeApp('one'));
      await shop.release(nodeApp('two'));
      const visitors = startVisitors(port);
      for (const revision of [1, 2, 1]) {
        const before = visitors.count();
        await app.client.deployments.rollback({ id, revision });
        await waitFor('visitors of it', async () => visitors.count() > before + 50);
      }
      const answers = await visitors.leave();
      expect(answers.at(-1)).toBe('200 one');
      expect(new Set(answers)).toEqual(new Set(['200 one', '200 two']));
    });

    test('needs neither the project’s folder nor a build', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, port } = await shop.release(nodeApp('one'));
      await shop.release(nodeApp('two'));
      await rm(shop.folder.path, { recursive: true });
      await app.client.deployments.rollback({ id, revision: 1 });
      expect(await textOf(port)).toBe('one');
      const told = (await app.eventsOf(id)).flatMap(({ data }) =>
        (data as { revision: number }).revision > 2 ? (data as { status: string }).status : [],
      );
      expect(told).not.toContain('building');
    });

    test('keeps three builds that served, also after failures, and says that the fourth is gone', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, port, image } = await shop.release(nodeApp('one'));
      await shop.release(nodeApp('two'));
      await shop.release(nodeApp('three'));
      await shop.release({ ...nodeApp(''), 'server.js': 'process.exit(3)' });
      await shop.release({ ...nodeApp(''), 'server.js': 'process.exit(3)' });
      const ofBuilds = async () =>
        (await shop.revisions()).map(({ number, status, can_roll_back }) => [
          number,
          status,
          can_roll_back,
        ]);
      await waitFor('what failed to be removed', async () => (await ofBuilds()).length === 5);
      expect(await ofBuilds()).toEqual([
        [5, 'failed', false],
        [4, 'failed', false],
        [3, 'serving', false],
        [2, 'retired', true],
        [1, 'retired', true],
      ]);
      await shop.release(nodeApp('six'));
      await waitFor(
        'the fourth to be removed',
        async () => (await shop.revisions())[5]?.image === null,
      );
      expect(await app.app.runtime.hasArtifact(String(image))).toBe(false);
      const gone = await app.request('POST', `/api/v1/deployments/${id}/rollback`, { revision: 1 });
      expect(gone).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
      expect(gone.body.message).toContain('only the last 3 builds that served are');
      const failed = await app.request('POST', `/api/v1/deployments/${id}/rollback`, {
        revision: 4,
      });
      expect(failed).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
      expect(failed.body.message).toContain('failed (EXITED)');

      // To and fro: it is three builds that are kept, not three revisions.
      for (const revision of [2, 3, 2, 6]) await app.client.deployments.rollback({ id, revision });
      await app.client.deployments.rollback({ id, revision: 3 });
      expect(await textOf(port)).toBe('three');
    });

    test('that fails leaves what serves, and its build to be tried another time', async () => {
      await using shop = await makeDeploying(app, {});
      const once = {
        ...nodeApp(''),
        'server.js': `
          const flag = process.env.FLAG;
          if (require('node:fs').existsSync(flag)) { console.log('the flag is up'); process.exit(5); }
          require('node:http').createServer((q, s) => s.end('one'))
            .listen(process.env.PORT, process.env.HOST);
        `,
      };
      const { id, port } = await shop.release(once, { environment: { FLAG: '/no/flag' } });
      await shop.release(nodeApp('two'));
      // Stands for what an app finds otherwise than it was, when it comes back.
      await app.app.database.db
        .updateTable('revisions')
        .set({ environment: JSON.stringify({ FLAG: '/' }) })
        .where('deployment_id', '=', id)
        .where('number', '=', 1)
        .execute();
      const { status, body } = await app.request('POST', `/api/v1/deployments/${id}/rollback`, {});
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'DEPLOYMENT_FAILED' });
      expect(body.message).toContain('Revision 3 failed');
      expect(body.message).toContain('the flag is up');
      expect(await textOf(port)).toBe('two');
      const [third, , first] = await shop.revisions();
      expect(third).toMatchObject({ status: 'failed', image: null, rollback_of: 1 });
      expect(first).toMatchObject({ status: 'retired', can_roll_back: true });
    });

    test('of one whose build somebody has removed says what to do', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, image } = await shop.release(nodeApp('one'));
      await shop.release(nodeApp('two'));
      await waitFor('the first to be stopped', async () => {
        const instances = await app.app.runtime.list();
        return instances.filter(({ deploymentId }) => deploymentId === id).length === 1;
      });
      await app.app.runtime.removeArtifact(String(image));
      expect((await shop.revisions())[1]).toMatchObject({ number: 1, can_roll_back: false });
      const { status, body } = await app.request('POST', `/api/v1/deployments/${id}/rollback`, {});
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'CONFLICT' });
      expect(body.message).toContain('was removed from this machine');
    });

    test('that is started again without its build fails, instead of serving what is in the folder', async () => {
      await using shop = await makeDeploying(app, {});
      const { id, image } = await shop.release(nodeApp('one'));
      await shop.release(nodeApp('two'));
      await app.client.deployments.rollback({ id });
      await app.client.deployments.stop({ id });
      await app.app.runtime.removeArtifact(String(image));
      const { status, body } = await app.request('POST', `/api/v1/deployments/${id}/start`);
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'DEPLOYMENT_FAILED' });
      expect(body.message).toContain('The build of revision 1 is no longer on this machine');
    });

    test('does not wait for visitors of the release that was replaced', async () => {
      const slow = (text: string) => ({
        ...nodeApp(''),
        'server.js': `
          require('node:http').createServer((request, response) => {
            if (request.url !== '/open') return response.end(${JSON.stringify(text)});
            response.write('open');
          }).listen(process.env.PORT, process.env.HOST);
        `,
      });
      await using shop = await makeDeploying(app, {});
      const { id, port } = await shop.release(slow('one'));
      const leave = new AbortController();
      await fetch(`http://localhost:${port}/open`, { signal: leave.signal });
      await shop.release(slow('two'));
      const started = Date.now();
      expect(await app.client.deployments.rollback({ id })).toMatchObject({ status: 'running' });
      // Requests of the first are given 30 seconds.
      expect(Date.now() - started).toBeLessThan(10_000);
      expect(await textOf(port)).toBe('one');
      leave.abort();
    });
  },
);

describe('asking for a rollback', { timeout: 60_000 }, () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ deadlines: { settle: 50, settleAgain: 50, grace: 2_000 } });
  });
  afterAll(() => app.close());

  const rollback = (id: number, body?: object) =>
    app.request('POST', `/api/v1/deployments/${id}/rollback`, body);

  test('of an unknown deployment or revision is 404, and says which there are', async () => {
    expect((await rollback(4711)).status).toBe(404);
    await using shop = await makeDeploying(app, {});
    const { id } = await shop.release(nodeApp('one'));
    const { status, body } = await rollback(id, { revision: 9 });
    expect(status).toBe(404);
    expect(body.message).toBe(`Revision 9 of deployment ${id} not found: there are 1 to 1`);
  });

  test('with nothing to go back to, or to what serves, is 409 and says what to do instead', async () => {
    await using shop = await makeDeploying(app, {});
    const { id } = await shop.release(nodeApp('one'));
    const nothing = await rollback(id);
    expect(nothing).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect(nothing.body.message).toContain('deploy again instead');
    const same = await rollback(id, { revision: 1 });
    expect(same).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect(same.body.message).toContain(`/api/v1/deployments/${id}/restart`);
    expect(await shop.revisions()).toHaveLength(1);
  });

  test.for([
    ['zero', { revision: 0 }, 'body.revision'],
    ['text', { revision: '1' }, 'body.revision'],
    ['a field that is unknown', { number: 1 }, 'body.number'],
  ] as const)('with %s is refused, and the answer says where', async ([_, sent, where]) => {
    const { status, body } = await rollback(1, sent);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    expect(body.details.map(({ path }: { path: string }) => path)).toContain(where);
  });

  test('of one that was stopped starts it in the older revision, on its port', async () => {
    await using shop = await makeDeploying(app, {});
    const { id, port } = await shop.release(nodeApp('one'));
    await shop.release(nodeApp('two'));
    await app.client.deployments.stop({ id });
    expect(await app.client.deployments.rollback({ id })).toMatchObject({ status: 'running' });
    expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('one');
  });

  test('is told with who did it', async () => {
    await using shop = await makeDeploying(app, {});
    const { id } = await shop.release(nodeApp('one'));
    await shop.release(nodeApp('two'));
    await app.client.deployments.rollback({ id });
    const rows = await app.app.database.db
      .selectFrom('events')
      .select(['data', 'actor'])
      .where('object_id', '=', String(id))
      .where('type', '=', 'deployment_status')
      .orderBy('seq')
      .execute();
    const wished = rows.filter(({ data }) => (data as { status: string }).status === 'queued');
    expect(wished.at(-1)?.actor).toMatchObject({ credential: 'local', address: '127.0.0.1' });
  });

  test('by several at once ends in one release that runs', async () => {
    await using shop = await makeDeploying(app, {});
    const { id, port } = await shop.release(nodeApp('one'));
    await shop.release(nodeApp('two'));
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => rollback(id, { revision: 1 })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    const deployment = await app.until(id, 'running');
    expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('one');
    const [newest, ...older] = await shop.revisions();
    expect(newest).toMatchObject({ number: deployment.revision, status: 'serving' });
    for (const { status } of older) expect(['retired', 'superseded']).toContain(status);
    await waitFor('one instance to be left', async () => {
      const instances = await app.app.runtime.list();
      return instances.filter(({ deploymentId }) => deploymentId === id).length === 1;
    });
  });
});
