import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Deployment } from '@borgos/contracts/deployments';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAppLogs } from '../app-log/app-logs.ts';
import { openHome } from '../home.ts';
import { chooseRuntime } from '../runtimes/choose-runtime.ts';
import { openServiceContainers } from '../runtimes/docker/service-containers.ts';
import { openOwnProcesses } from '../runtimes/process/own-processes.ts';
import { keyFileIn, readKeyFile } from '../secrets/key-file.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { dockerForTests } from '../testing/docker-for-tests.ts';
import { freePort } from '../testing/free-port.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { type ServerProcess, startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';

const docker = await dockerForTests();
/** How often each stage is killed; more by hand, as each takes some seconds. */
const rounds = Number(process.env.CRASH_ROUNDS ?? 1);

/** Slow in every stage, so that each can be hit: a second to build, a second to listen. */
function slowApp(text: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({
      name: 'slow',
      main: 'server.js',
      scripts: { build: 'node build.js' },
    }),
    'build.js': 'setTimeout(() => console.log("built"), 1000)',
    'server.js': `
      const server = require('node:http').createServer((q, s) => s.end(${JSON.stringify(text)}));
      setTimeout(() => server.listen(process.env.PORT, process.env.HOST), 1000);
      process.on('SIGTERM', () => setTimeout(() => process.exit(0), 300));
    `,
  };
}

/** The moments at which the server is killed. */
const stages: Record<string, (deployment: Deployment) => boolean> = {
  'right after it was accepted': () => true,
  'while it builds': ({ stage }) => stage?.startsWith('building') ?? false,
  'while the app is started': ({ status }) => status === 'starting',
  'while it waits for health': ({ stage }) => stage?.startsWith('waiting until') ?? false,
  'right after the switch': ({ status, revision }) => status === 'running' && revision > 1,
};

describe.for(docker.available ? (['process', 'docker'] as const) : (['process'] as const))(
  'a server that is killed while it deploys in the %s runtime',
  { timeout: 60_000 * rounds },
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
    const settled = (id: number) =>
      waitFor(
        `deployment ${id} to settle`,
        async () => {
          const deployment = await get(id);
          return ['running', 'failed'].includes(deployment.status) && deployment;
        },
        40_000,
      );

    /** What runs by the runtime's own account, not by that of the server. */
    async function instances() {
      const { instance } = await openHome(home);
      const log = pino({ level: 'silent' });
      const keys = await readKeyFile(keyFileIn(home), log);
      if (!keys) throw new Error('the server has made no key');
      const { runtime: observer } = await chooseRuntime(runtime, null, {
        instance,
        home,
        log,
        logs: createAppLogs(),
        searchPath: process.env.PATH,
        processes: await openOwnProcesses({ instance, home }),
        containers: openServiceContainers(instance),
        ...secretsOf(keys),
      });
      try {
        return (await observer.list()).map(({ revision, state }) => ({ revision, state }));
      } finally {
        await observer.close();
      }
    }

    for (const [when, isThen] of Object.entries(stages)) {
      test(`${when} comes back to a deployment that runs, with nothing orphaned`, async () => {
        for (let round = 0; round < rounds; round++) {
          await using folder = await makeProjectFolder(slowApp('first'));
          const project = await server.client.projects.create({ name: 'Crash', path: folder.path });
          const port = await freePort();
          const input = { project_id: project.id, name: 'prod', port };
          const accepted = await server.client.deployments.deploy(input);
          if (!('id' in accepted)) throw new Error('a plan was answered');
          const { id } = accepted;
          if (when === 'right after the switch') {
            await settled(id);
            await folder.write(slowApp('second'));
            await server.client.deployments.deploy(input);
          }
          await waitFor(when, async () => isThen(await get(id)));
          await server.end('SIGKILL');
          server = await start();

          const deployment = await settled(id);
          const text = when === 'right after the switch' ? 'second' : 'first';
          expect(deployment).toMatchObject({ status: 'running', status_reason: null });
          expect(await (await fetch(`http://localhost:${port}`)).text()).toBe(text);
          await waitFor('one instance to be left', async () => {
            const [only, ...others] = await instances();
            return others.length === 0 && only?.revision === deployment.revision;
          });
          await server.client.deployments.delete({ id });
          expect(await instances()).toEqual([]);
          await server.client.projects.delete({ id: project.id });
        }
      });
    }

    test('with a release that fails ends in the true reason', async () => {
      await using folder = await makeProjectFolder({
        ...slowApp(''),
        'server.js': 'setTimeout(() => { console.log("no database"); process.exit(4) }, 1000)',
      });
      const project = await server.client.projects.create({ name: 'Fails', path: folder.path });
      const accepted = await server.client.deployments.deploy({
        project_id: project.id,
        port: await freePort(),
      });
      if (!('id' in accepted)) throw new Error('a plan was answered');
      await waitFor('the start', async () => (await get(accepted.id)).status === 'starting');
      await server.end('SIGKILL');
      server = await start();
      const deployment = await settled(accepted.id);
      expect(deployment).toMatchObject({ status: 'failed', failure_code: 'EXITED' });
      expect(deployment.status_reason).toContain('no database');
      expect(await instances()).toEqual([]);
      await server.client.deployments.delete({ id: accepted.id });
    });

    test('goes on serving what is deployed while it is down', async () => {
      await using folder = await makeProjectFolder(slowApp('outlives'));
      const project = await server.client.projects.create({ name: 'Lives', path: folder.path });
      const accepted = await server.client.deployments.deploy({
        project_id: project.id,
        port: await freePort(),
      });
      if (!('id' in accepted)) throw new Error('a plan was answered');
      const { url } = await settled(accepted.id);
      await server.end('SIGKILL');
      expect(await (await fetch(url)).text()).toBe('outlives');
      server = await start();
      expect(await (await fetch(url)).text()).toBe('outlives');
      expect(await get(accepted.id)).toMatchObject({ status: 'running', restarts: 0 });
      await server.client.deployments.delete({ id: accepted.id });
    });
  },
);
