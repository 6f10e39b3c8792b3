import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemActor } from '../caller.ts';
import { openDatabase } from '../database/open.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder, nodeApp } from '../testing/project-folder.ts';
import { type ServerProcess, startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';

const docker = await dockerForTests();

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a server that is killed in the %s runtime',
  { timeout: 60_000 },
  (runtime) => {
    let home: string;
    let server: ServerProcess;
    let database: Awaited<ReturnType<typeof cloneDatabase>>;
    let direct: Awaited<ReturnType<typeof openDatabase>>;
    beforeAll(async () => {
      home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
      database = await cloneDatabase();
      direct = await openDatabase({ source: database, log: pino({ level: 'silent' }) });
      server = await start();
    });
    afterAll(async () => {
      await direct.close();
      await server.end('SIGTERM');
      await database.drop();
      await rm(home, { recursive: true, force: true });
    });

    const start = () =>
      startServerProcess({
        BORGOS_HOME: home,
        BORGOS_RUNTIME: runtime,
        DATABASE_URL: database.databaseUrl,
      });
    const rows = async () => (await server.client.volumes.list({})).data;
    const running = (id: number) =>
      waitFor(
        `deployment ${id} to run`,
        async () => {
          const { status, status_reason } = await server.client.deployments.get({ id });
          if (status === 'failed') throw new Error(`deployment ${id} failed: ${status_reason}`);
          return status === 'running';
        },
        40_000,
      );

    /** What is there, by the runtime's own word. */
    async function inRuntime(): Promise<string[]> {
      if (runtime === 'docker') {
        const instance = await readFile(path.join(home, 'instance'), 'utf8');
        const label = ['borgos.managed=true', `borgos.instance=${instance.trim()}`];
        const { Volumes } = await new Docker().listVolumes({ filters: JSON.stringify({ label }) });
        return Volumes.map(({ Name }) => Name);
      }
      const folder = path.join(home, 'volumes');
      const found = await readdir(folder, { recursive: true }).catch(() => []);
      return found.flatMap((name) => (name.includes('/') ? path.join(folder, name) : []));
    }

    async function deploy() {
      const folder = await makeProjectFolder(nodeApp('kept'));
      const project = await server.client.projects.create({ name: 'Kept', path: folder.path });
      const volumes = [{ name: 'data', path: '/data' }];
      // Else two servers of tests choose the same one, and who is killed before it binds it loses it.
      const port = await freePort();
      const wanted = { project_id: project.id, volumes, port };
      const accepted = await server.client.deployments.deploy(wanted);
      if (!('id' in accepted)) throw new Error('a plan was answered');
      return {
        id: accepted.id,
        async [Symbol.asyncDispose]() {
          await server.client.deployments.delete({ id: accepted.id }).catch(() => {});
          for (const { id, name } of await rows()) await server.client.volumes.delete({ id, name });
          await folder[Symbol.asyncDispose]();
        },
      };
    }

    test('knows every volume, whenever it is killed while one is made', async () => {
      for (const moment of ['accepted', 'recorded', 'running'] as const) {
        await using made = await deploy();
        if (moment === 'recorded') {
          await waitFor('the record', async () => {
            const row = await direct.db.selectFrom('volumes').select('id').executeTakeFirst();
            return row !== undefined;
          });
        }
        if (moment === 'running') await running(made.id);
        await server.end('SIGKILL');
        server = await start();
        await running(made.id);
        const known = (await rows()).map(({ location }) => location);
        expect([moment, known]).toEqual([moment, await inRuntime()]);
        expect(known).toHaveLength(1);
      }
    });

    test('goes on with a deletion that it had begun, and does not lose who asked for it', async () => {
      await using made = await deploy();
      await running(made.id);
      await server.client.deployments.delete({ id: made.id });
      const [volume] = await rows();
      await server.end('SIGKILL');
      // As it is noted before anything is removed.
      const actor = { ...systemActor, credential: 'token' as const, token_id: 7 };
      await direct.db
        .updateTable('volumes')
        .set({ deleted_by: JSON.stringify(actor) })
        .execute();
      expect(await inRuntime()).toHaveLength(1);
      server = await start();
      expect(await rows()).toEqual([]);
      expect(await inRuntime()).toEqual([]);
      const told = await direct.db
        .selectFrom('events')
        .select(['data', 'actor'])
        .where('type', '=', 'volume_deleted')
        .orderBy('seq', 'desc')
        .executeTakeFirst();
      expect(told).toMatchObject({ data: { id: volume?.id }, actor: { token_id: 7 } });
    });

    test('has deleted a volume wholly or not at all, whenever it is killed in that', async () => {
      for (const moment of ['asked', 'noted'] as const) {
        await using made = await deploy();
        await running(made.id);
        await server.client.deployments.delete({ id: made.id });
        const [volume] = await rows();
        const asked = server.client.volumes
          .delete({ id: volume?.id ?? 0, name: 'data' })
          .catch(() => undefined);
        if (moment === 'noted') {
          await waitFor('the note', async () => {
            const row = await direct.db.selectFrom('volumes').selectAll().executeTakeFirst();
            return row?.deleted_by !== null;
          });
        }
        await server.end('SIGKILL');
        await asked;
        server = await start();
        expect((await rows()).map(({ location }) => location)).toEqual(await inRuntime());
      }
    });
  },
);
