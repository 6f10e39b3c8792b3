import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { type ServerProcess, startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';

const docker = await dockerForTests();

/** Takes a while to listen and to end, so that each stage can be hit. */
const slowApp = (text: string) => ({
  'package.json': JSON.stringify({ name: 'slow', main: 'server.js' }),
  'server.js': `
    const server = require('node:http').createServer((q, s) => s.end(${JSON.stringify(text)}));
    setTimeout(() => server.listen(process.env.PORT, process.env.HOST), 500);
    process.on('SIGTERM', () => setTimeout(() => process.exit(0), 700));
  `,
});

interface Seen {
  stage: string | null;
  revision: number;
  newest: number;
}

/** The moments at which the server is killed. */
const moments: Record<string, (seen: Seen) => boolean> = {
  'right after it was accepted': ({ newest }) => newest === 3,
  'while the app is started': ({ stage }) => stage?.startsWith('starting') ?? false,
  'while it waits for health': ({ stage }) => stage?.startsWith('waiting until') ?? false,
  'right after the switch': ({ revision }) => revision === 3,
};

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a server that is killed in the %s runtime',
  { timeout: 60_000 },
  (runtime) => {
    let home: string;
    let server: ServerProcess;
    let database: Awaited<ReturnType<typeof cloneDatabase>>;
    beforeAll(async () => {
      home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
      database = await cloneDatabase();
      server = await start();
    });
    afterAll(async () => {
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
    const get = (id: number) => server.client.deployments.get({ id });
    const revisions = async (id: number) =>
      (await server.client.deployments.revisions({ id })).data;
    const settled = (id: number, revision: number) =>
      waitFor(
        `revision ${revision} to run`,
        async () => {
          const deployment = await get(id);
          const isThere = deployment.status === 'running' && deployment.stage === null;
          return isThere && deployment.revision === revision && deployment;
        },
        40_000,
      );
    const textOf = async (url: string) => (await fetch(url)).text();

    /** A deployment whose two revisions answer `one` and `two`. */
    async function twice() {
      const folder = await makeProjectFolder(slowApp('one'));
      const project = await server.client.projects.create({ name: 'Back', path: folder.path });
      const accepted = await server.client.deployments.deploy({ project_id: project.id });
      if (!('id' in accepted)) throw new Error('a plan was answered');
      const { id } = accepted;
      await settled(id, 1);
      await folder.write(slowApp('two'));
      await server.client.deployments.deploy({ project_id: project.id });
      await settled(id, 2);
      return {
        id,
        folder,
        deployAgain: () => server.client.deployments.deploy({ project_id: project.id }),
        async [Symbol.asyncDispose]() {
          await server.client.deployments.delete({ id });
          await server.client.projects.delete({ id: project.id });
          await folder[Symbol.asyncDispose]();
        },
      };
    }

    for (const [when, isThen] of Object.entries(moments)) {
      test(`in a rollback, ${when}, comes back to the older revision, from its kept build`, async () => {
        await using made = await twice();
        const { id, folder } = made;
        await rm(folder.path, { recursive: true });
        const asked = server.client.deployments.rollback({ id }).catch(() => undefined);
        await waitFor(when, async () => {
          const { stage, revision } = await get(id);
          const [newest] = await revisions(id);
          return isThen({ stage, revision, newest: newest?.number ?? 0 });
        });
        await server.end('SIGKILL');
        await asked;
        server = await start();

        const deployment = await settled(id, 3);
        expect(deployment.status_reason).toBeNull();
        expect(await textOf(deployment.url)).toBe('one');
        const [third, second] = await waitFor('one to serve', async () => {
          const all = await revisions(id);
          return all[1]?.status === 'retired' && all;
        });
        expect(third).toMatchObject({ number: 3, status: 'serving', rollback_of: 1 });
        expect(second).toMatchObject({ number: 2, can_roll_back: true });
      });
    }

    test('in a cancel goes on with what serves, and with nothing of what was called off', async () => {
      await using made = await twice();
      const { id, folder } = made;
      const before = await get(id);
      await folder.write({
        ...slowApp(''),
        'server.js': 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
      });
      await made.deployAgain();
      await waitFor('the wait for health', async () =>
        (await get(id)).stage?.startsWith('waiting until'),
      );
      const asked = server.client.deployments.cancel({ id }).catch(() => undefined);
      await waitFor('the cancel', async () => (await get(id)).stage?.startsWith('cancelling'));
      await server.end('SIGKILL');
      await asked;
      server = await start();
      const { url, process_id, container_id } = await settled(id, 2);
      expect({ process_id, container_id }).toEqual({
        process_id: before.process_id,
        container_id: before.container_id,
      });
      expect(await textOf(url)).toBe('two');
      const [third, second] = await revisions(id);
      expect(third).toMatchObject({ number: 3, status: 'cancelled' });
      expect(second).toMatchObject({ number: 2, status: 'serving' });
      await waitFor(
        'its build to be removed',
        async () => (await revisions(id))[0]?.image === null,
      );
    });
  },
);
