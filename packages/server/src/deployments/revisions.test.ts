import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { nodeApp } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { makeDeploying } from './testing/deploying.ts';

const docker = await dockerForTests();
const commit = (digit: string) => digit.repeat(40);

/** Its build has no end. */
const endless = {
  'package.json': JSON.stringify({
    name: 'app',
    main: 'server.js',
    scripts: { build: 'node build.js' },
  }),
  'build.js': 'console.log("building"); setInterval(() => {}, 1000)',
  'server.js': '',
};
/** It starts, but is never healthy, and does not end when it is asked to. */
const stubborn = {
  ...nodeApp(''),
  'server.js': 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
};

describe('the revisions of a deployment', { timeout: 60_000 }, () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ deadlines: { settle: 50, settleAgain: 50, grace: 2_000 } });
  });
  afterAll(() => app.close());

  test('tell, newest first, what each was, who asked for it, and what it had otherwise', async () => {
    await using shop = await makeDeploying(app, {});
    const atCommit = (hash: string) =>
      shop.folder.write({ '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': hash });
    await atCommit(commit('a'));
    const first = await shop.release(nodeApp('one'), {
      environment: { SAME: '1', GONE: '2', OTHER: '3' },
      secrets: { KEPT: 'same', KEY: 'old', DROPPED: 'x' },
      cpu_limit: '0.5',
      health_check_path: '/health',
    });
    await atCommit(commit('b'));
    await shop.release(
      { ...nodeApp('two'), Procfile: 'web: node server.js "two words"' },
      {
        environment: { SAME: '1', OTHER: '4', NEW: '5' },
        secrets: { KEY: 'new', DROPPED: null, ADDED: 'y' },
        cpu_limit: null,
        memory_limit: '128m',
      },
    );
    const [second, one] = await shop.revisions();
    expect(one).toEqual({
      number: 1,
      status: 'retired',
      image: first.image,
      runtime: 'process',
      stack: 'node',
      source_commit: commit('a'),
      failure_code: null,
      failure_reason: null,
      created_by: { credential: 'local', user: null, token_id: null },
      rollback_of: null,
      rolled_back_from: null,
      can_roll_back: true,
      changes: null,
      created_at: expect.any(String),
      built_at: expect.any(String),
      served_at: expect.any(String),
    });
    expect(second).toMatchObject({ number: 2, status: 'serving', can_roll_back: false });
    const change = (setting: string, before: unknown, after: unknown, name: unknown = null) => ({
      setting,
      name,
      change: before === null ? 'added' : after === null ? 'removed' : 'changed',
      before,
      after,
    });
    const hidden = { before: null, after: null };
    expect(second?.changes).toEqual([
      change('environment', '2', null, 'GONE'),
      change('environment', null, '5', 'NEW'),
      change('environment', '3', '4', 'OTHER'),
      { setting: 'secret', name: 'ADDED', change: 'added', ...hidden },
      { setting: 'secret', name: 'DROPPED', change: 'removed', ...hidden },
      { setting: 'secret', name: 'KEY', change: 'changed', ...hidden },
      change('cpu_limit', '0.5', null),
      change('memory_limit', null, '128m'),
      change('start', 'node server.js', 'node server.js "two words"'),
      change('source_commit', commit('a'), commit('b')),
    ]);
  });

  test('that failed say why, and one after them is compared with what was built', async () => {
    await using shop = await makeDeploying(app, {});
    await shop.release(nodeApp('one'));
    await shop.release({ ...endless, 'build.js': 'console.error("no luck"); process.exit(1)' });
    await shop.release(nodeApp('three'));
    const [third, second] = await shop.revisions();
    expect(second).toMatchObject({
      status: 'failed',
      failure_code: 'BUILD_FAILED',
      failure_reason: expect.stringContaining('no luck'),
      image: null,
      stack: null,
      can_roll_back: false,
      changes: [],
    });
    expect(third).toMatchObject({ status: 'serving', changes: [] });
  });

  test('come in pages, and not at all of what is unknown', async () => {
    await using shop = await makeDeploying(app, {});
    const { id } = await shop.release(nodeApp('one'));
    await shop.release(nodeApp('two'), { environment: { A: '1' } });
    const page = await app.client.deployments.revisions({ id, limit: 1, offset: 0 });
    expect(page.pagination).toEqual({ total: 2, limit: 1, offset: 0, has_more: true });
    // Compared with one that is not on the page.
    expect(page.data).toMatchObject([{ number: 2, changes: [{ name: 'A', change: 'added' }] }]);
    const past = await app.client.deployments.revisions({ id, offset: 5 });
    expect(past.pagination.total).toBe(2);
    for (const list of ['revisions', 'restarts']) {
      expect((await app.request('GET', `/api/v1/deployments/4711/${list}`)).status).toBe(404);
    }
  });

  test('that were overtaken are superseded, and those that were stopped cancelled', async () => {
    await using shop = await makeDeploying(app, endless);
    const id = await shop.deploy();
    await app.until(id, 'building');
    expect(await shop.revisions()).toMatchObject([{ number: 1, status: 'building' }]);
    await shop.deploy();
    await waitFor('the second to be built', async () => {
      const { stage } = await app.client.deployments.get({ id });
      return stage?.startsWith('building');
    });
    expect(await app.client.deployments.stop({ id })).toMatchObject({ status: 'stopped' });
    expect(await shop.revisions()).toMatchObject([
      { number: 2, status: 'cancelled', served_at: null },
      { number: 1, status: 'superseded', served_at: null },
    ]);
    // Asked for again, it is not cancelled any more.
    await shop.folder.write({ ...nodeApp('late'), 'build.js': '' });
    expect(await app.client.deployments.start({ id })).toMatchObject({ status: 'running' });
    expect(await shop.revisions()).toMatchObject([{ status: 'serving' }, { status: 'superseded' }]);
  });

  test('of what crashes are beside the list of its crashes', async () => {
    await using shop = await makeDeploying(app, {});
    const { id, port } = await shop.release({
      ...nodeApp(''),
      'server.js': `
        require('node:http').createServer((request, response) => {
          if (request.url === '/crash') process.exit(9);
          response.end('up');
        }).listen(process.env.PORT, process.env.HOST);
      `,
    });
    expect((await app.client.deployments.restarts({ id })).data).toEqual([]);
    await fetch(`http://localhost:${port}/crash`).catch(() => {});
    const [crash] = await waitFor('the crash to be told', async () => {
      const { data } = await app.client.deployments.restarts({ id });
      return data.length > 0 && data;
    });
    expect(crash).toEqual({
      revision: 1,
      exit_code: 9,
      out_of_memory: false,
      restarts: 1,
      crashed_at: expect.any(String),
    });
  });
});

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a release that is called off in the %s runtime',
  { timeout: 60_000 },
  (runtime) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({
        settings: { runtime },
        deadlines: { settle: 50, settleAgain: 50, wrongPort: 20_000, health: 30_000 },
      });
    });
    afterAll(() => app.close());

    const instancesOf = async (id: number) =>
      (await app.app.runtime.list()).filter(({ deploymentId }) => deploymentId === id);

    const stages = {
      'while it builds': {
        files: endless,
        isThen: ({ stage }: { stage: string | null }) => stage?.startsWith('building'),
      },
      'while it waits to be healthy': {
        files: stubborn,
        isThen: ({ stage }: { stage: string | null }) => stage?.startsWith('waiting until'),
      },
    };

    for (const [when, { files, isThen }] of Object.entries(stages)) {
      test(`${when} is gone soon, and what serves goes on untouched`, async () => {
        await using shop = await makeDeploying(app, {});
        const { id, port, process_id, container_id } = await shop.release(nodeApp('one'));
        await shop.folder.write(files);
        await shop.deploy({ environment: { NEW: 'yes' } });
        await waitFor(when, async () => isThen(await app.client.deployments.get({ id })));

        const started = Date.now();
        const answer = await app.client.deployments.cancel({ id });
        expect(Date.now() - started).toBeLessThan(3_000);
        expect(answer).toMatchObject({ id, status: 'running' });
        expect(answer.message).toContain('goes on with the release that serves');
        expect(await app.client.deployments.get({ id })).toMatchObject({
          status: 'running',
          status_reason: null,
          failure_code: null,
          stage: null,
          revision: 1,
          environment: {},
          process_id,
          container_id,
        });
        expect(await instancesOf(id)).toHaveLength(1);
        expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('one');
        expect(await shop.revisions()).toMatchObject([
          { number: 2, status: 'cancelled' },
          { number: 1, status: 'serving' },
        ]);
        await waitFor('its build to be removed', async () => {
          const [second] = await shop.revisions();
          return second?.image === null;
        });
        const again = await app.client.deployments.cancel({ id });
        expect(again.message).toContain('there is nothing to cancel');
      });

      test(`${when} with nothing that serves leaves a stopped deployment`, async () => {
        await using shop = await makeDeploying(app, files);
        const id = await shop.deploy();
        await waitFor(when, async () => isThen(await app.client.deployments.get({ id })));
        const started = Date.now();
        const answer = await app.client.deployments.cancel({ id });
        expect(Date.now() - started).toBeLessThan(3_000);
        expect(answer).toMatchObject({ id, status: 'stopped' });
        expect(await instancesOf(id)).toEqual([]);
        expect(await shop.revisions()).toMatchObject([{ number: 1, status: 'cancelled' }]);
      });
    }

    test('while it is a rollback leaves the build that it would have had', async () => {
      await using shop = await makeDeploying(app, {});
      const flag = `
        const slow = process.env.SLOW === '1';
        setTimeout(() => require('node:http').createServer((q, s) => s.end('one'))
          .listen(process.env.PORT, process.env.HOST), slow ? 20_000 : 0);
      `;
      const { id } = await shop.release({ ...nodeApp(''), 'server.js': flag });
      await shop.release(nodeApp('two'));
      await app.app.database.db
        .updateTable('revisions')
        .set({ environment: JSON.stringify({ SLOW: '1' }) })
        .where('deployment_id', '=', id)
        .where('number', '=', 1)
        .execute();
      const rollback = app.request('POST', `/api/v1/deployments/${id}/rollback`, {});
      await waitFor('the wait for health', async () =>
        (await app.client.deployments.get({ id })).stage?.startsWith('waiting until'),
      );
      await app.client.deployments.cancel({ id });
      const { status, body } = await rollback;
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'CONFLICT' });
      expect(body.message).toContain('overtaken');
      const [third, second, first] = await shop.revisions();
      expect(third).toMatchObject({ status: 'cancelled', image: first?.image });
      expect(second).toMatchObject({ status: 'serving' });
      expect(first).toMatchObject({ status: 'retired', can_roll_back: true });
    });
  },
);
