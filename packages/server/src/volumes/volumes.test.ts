import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDeploying } from '../deployments/testing/deploying.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

const docker = await dockerForTests();
const engine = new Docker();

/** Counts its visits in a file of its volume, and answers how many there were. */
const counting = (text: string): Record<string, string> => ({
  'package.json': JSON.stringify({ name: 'counting', main: 'server.js' }),
  'server.js': `
    const fs = require('node:fs');
    const file = (process.env.BORGOS_VOLUME_DATA ?? '.') + '/visits';
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/env') return response.end(JSON.stringify(process.env));
      if (request.url === '/visit') fs.appendFileSync(file, '.');
      const visits = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').length : 0;
      response.end(${JSON.stringify(text)} + ' ' + visits);
    });
    server.listen(process.env.PORT, process.env.HOST);
    process.on('SIGTERM', () => server.close(() => process.exit(0)));
  `,
});
const data = { name: 'data', path: '/data' };

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a volume in the %s runtime',
  { timeout: 90_000 },
  (runtime) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startTestApp({
        settings: { runtime },
        deadlines: { health: 8_000, settle: 100, settleAgain: 50, grace: 2_000 },
      });
    });
    afterAll(() => app.close());

    const ask = async (port: number, at = '/') =>
      (await fetch(`http://localhost:${port}${at}`)).text();
    const list = async () => (await app.client.volumes.list({})).data;
    /** Nothing of it is left when the test is over. */
    async function makeShop() {
      const shop = await makeDeploying(app, {});
      return {
        ...shop,
        async [Symbol.asyncDispose]() {
          await shop[Symbol.asyncDispose]();
          for (const { id, name } of await list()) await app.client.volumes.delete({ id, name });
        },
      };
    }

    test('keeps what the app wrote over redeploys, restarts and rollbacks', async () => {
      await using shop = await makeShop();
      const { id, port, volumes } = await shop.release(counting('one'), { volumes: [data] });
      expect(volumes).toEqual([data]);
      expect(await ask(port, '/visit')).toBe('one 1');
      await shop.release(counting('two'));
      expect(await ask(port, '/visit')).toBe('two 2');
      await app.client.deployments.restart({ id });
      expect(await ask(port)).toBe('two 2');
      await app.client.deployments.rollback({ id });
      expect(await ask(port, '/visit')).toBe('one 3');
      const [volume, ...others] = await list();
      expect(others).toEqual([]);
      expect(volume).toMatchObject({
        name: 'data',
        deployment_id: id,
        deployment_name: 'prod',
        project_name: 'Shop',
        runtime,
        in_use: true,
      });
      if (runtime === 'process') {
        expect(volume?.location).toBe(path.join(app.home, 'volumes', String(id), 'data'));
        expect(volume?.size_bytes).toBe(3);
      }
    });

    test('tells the app where it lies', async () => {
      await using shop = await makeShop();
      const volumes = [{ name: 'user-files', path: '/srv/files' }, data];
      const { id, port } = await shop.release(counting('x'), { volumes });
      const seen = JSON.parse(await ask(port, '/env'));
      const own = path.join(app.home, 'volumes', String(id));
      expect(seen).toMatchObject(
        runtime === 'docker'
          ? { BORGOS_VOLUME_USER_FILES: '/srv/files', BORGOS_VOLUME_DATA: '/data' }
          : {
              BORGOS_VOLUME_USER_FILES: path.join(own, 'user-files'),
              BORGOS_VOLUME_DATA: path.join(own, 'data'),
            },
      );
    });

    test('is a setting like others: kept when left out, part of the history, and of borgos.json', async () => {
      await using shop = await makeShop();
      const own = { 'borgos.json': JSON.stringify({ volumes: [{ name: 'own', path: '/own' }] }) };
      const first = await shop.release({ ...counting('x'), ...own });
      expect(first.volumes).toEqual([{ name: 'own', path: '/own' }]);
      await shop.release({}, { volumes: [data] });
      await shop.release({}, { volumes: [{ ...data, path: '/elsewhere' }] });
      const kept = await shop.release({});
      expect(kept.volumes).toEqual([{ ...data, path: '/elsewhere' }]);
      const last = await shop.release({}, { volumes: null });
      expect(last.volumes).toEqual([{ name: 'own', path: '/own' }]);
      const changes = (await shop.revisions()).map(({ changes }) =>
        changes?.filter(({ setting }) => setting === 'volume'),
      );
      const removed = { change: 'removed', after: null };
      const added = { change: 'added', before: null };
      expect(changes).toEqual([
        [
          expect.objectContaining({ name: 'data', ...removed, before: '/elsewhere' }),
          expect.objectContaining({ name: 'own', ...added, after: '/own' }),
        ],
        [],
        [expect.objectContaining({ name: 'data', before: '/data', after: '/elsewhere' })],
        [
          expect.objectContaining({ name: 'data', ...added, after: '/data' }),
          expect.objectContaining({ name: 'own', ...removed, before: '/own' }),
        ],
        undefined,
      ]);
    });

    test('outlives its deployment, and the next one of that name has it again', async () => {
      await using shop = await makeShop();
      const { id, port } = await shop.release(counting('old'), { volumes: [data] });
      await ask(port, '/visit');
      const [volume] = await list();
      const gone = await app.client.deployments.delete({ id });
      expect(gone).toEqual({
        message: `Deployment ${id} deleted; its volumes remain: data`,
        id,
        volumes: [{ id: volume?.id, name: 'data' }],
      });
      expect(await list()).toMatchObject([{ id: volume?.id, deployment_id: null, in_use: false }]);

      const next = await shop.release(counting('new'), { volumes: [data] });
      expect(next.id).not.toBe(id);
      expect(await ask(next.port)).toBe('new 1');
      expect(await list()).toMatchObject([
        { id: volume?.id, deployment_id: next.id, in_use: true },
      ]);
    });

    test('is deleted only by its name, and never while a release has it', async () => {
      await using shop = await makeShop();
      const { id, port } = await shop.release(counting('x'), { volumes: [data] });
      await ask(port, '/visit');
      const [volume] = await list();
      const place = `/api/v1/volumes/${volume?.id}`;
      const refused = (name: string) => app.request('DELETE', `${place}?name=${name}`);
      expect((await app.request('DELETE', place)).status).toBe(400);
      expect(await refused('other')).toMatchObject({
        status: 400,
        body: { details: [{ path: 'query.name' }] },
      });
      expect(await refused('data')).toMatchObject({
        status: 409,
        body: { code: 'CONFLICT', message: expect.stringMatching(/in use by deployment .*"prod"/) },
      });
      await app.client.deployments.stop({ id });
      expect((await refused('data')).status).toBe(409);

      await app.client.deployments.start({ id });
      await shop.release({}, { volumes: [] });
      await waitFor('the old one to end', async () => (await refused('data')).status === 200);
      expect(await list()).toEqual([]);
      expect((await refused('data')).status).toBe(404);
      // Of the older revision an empty one is made.
      await app.client.deployments.rollback({ id });
      expect(await ask(port)).toBe('x 0');
      const told = (await app.eventsOf(volume?.id ?? 0)).filter(({ type }) => /volume/.test(type));
      expect(told).toMatchObject([
        { type: 'volume_created', data: { name: 'data', deployment_id: id } },
        { type: 'volume_deleted', data: { name: 'data', deployment_id: id } },
      ]);
    });

    test('of the same name in another deployment is another one', async () => {
      await using one = await makeShop();
      const first = await one.release(counting('one'), { volumes: [data] });
      await ask(first.port, '/visit');
      const other = await one.release(counting('one'), { volumes: [data], name: 'staging' });
      expect(await ask(other.port)).toBe('one 0');
      expect((await list()).map(({ deployment_name }) => deployment_name)).toEqual([
        'staging',
        'prod',
      ]);
    });

    if (runtime === 'docker')
      test('is one of Docker with labels, and no bind', async () => {
        await using shop = await makeShop();
        const { id, container_id } = await shop.release(counting('x'), { volumes: [data] });
        const { Mounts } = await engine.getContainer(container_id ?? '').inspect();
        expect(Mounts).toMatchObject([{ Type: 'volume', Driver: 'local', Destination: '/data' }]);
        const [volume] = await list();
        const found = await engine.getVolume(volume?.location ?? '').inspect();
        expect(found.Options ?? {}).toEqual({});
        expect(found.Labels).toEqual({
          'borgos.managed': 'true',
          'borgos.instance': await readInstance(app.home),
          'borgos.deployment': String(id),
          'borgos.volume': 'data',
        });
        await app.client.deployments.delete({ id });
        await app.client.volumes.delete({ id: volume?.id ?? 0, name: 'data' });
        await expect(engine.getVolume(volume?.location ?? '').inspect()).rejects.toMatchObject({
          statusCode: 404,
        });
      });

    if (runtime === 'docker')
      test('is not taken from a container that BorgOS did not make', async () => {
        await using shop = await makeShop();
        const { id, image } = await shop.release(counting('x'), { volumes: [data] });
        const [volume] = await list();
        const container = await engine.createContainer({
          Image: image ?? '',
          HostConfig: { Binds: [`${volume?.location}:/data`] },
        });
        await app.client.deployments.delete({ id });
        const asked = { id: volume?.id ?? 0, name: 'data' };
        await expect(app.client.volumes.delete(asked)).rejects.toMatchObject({
          code: 'CONFLICT',
          message: expect.stringContaining('did not make'),
        });
        await container.remove();
        await engine
          .getImage(image ?? '')
          .remove()
          .catch(() => {});
        expect(await list()).toHaveLength(1);
      });

    test('a name or a path that could reach anything else is refused', async () => {
      const refused = [
        [{ name: '../x', path: '/data' }],
        [{ name: '-v', path: '/data' }],
        [{ name: 'a/b', path: '/data' }],
        [{ name: '', path: '/data' }],
        [{ name: 'x'.repeat(64), path: '/data' }],
        ...[
          '/',
          'data',
          '/a/../b',
          '/a/./b',
          '/a//b',
          '/a/',
          '/proc',
          '/proc/1',
          '/sys/x',
          '/dev',
        ].map((path) => [{ name: 'data', path }]),
        [data, { ...data, name: 'other' }],
        [data, { name: 'DATA', path: '/other' }],
        [{ ...data, driver_opts: { o: 'bind' } }],
        Array.from({ length: 21 }, (_, index) => ({ name: `v${index}`, path: `/v/${index}` })),
      ];
      for (const volumes of refused) {
        const answer = await app.request('POST', '/api/v1/deploy', { project_id: 1, volumes });
        expect([JSON.stringify(volumes), answer.body.code]).toEqual([
          JSON.stringify(volumes),
          'VALIDATION_FAILED',
        ]);
      }
    });
  },
);

async function readInstance(home: string): Promise<string> {
  return (await readFile(path.join(home, 'instance'), 'utf8')).trim();
}

test('a size is told of what is small, and left open for what is not there', async () => {
  const { measureDirectories } = await import('./measure-directories.ts');
  const { makeProjectFolder } = await import('../testing/project-folder.ts');
  await using folder = await makeProjectFolder({ 'a/b': 'four', c: 'two' });
  await writeFile(path.join(folder.path, 'd'), '');
  const sizes = await measureDirectories([folder.path, '/nowhere']);
  expect(sizes).toEqual(new Map([[folder.path, 7]]));
  expect(await measureDirectories([folder.path], { withinMs: -1 })).toEqual(new Map());
});
