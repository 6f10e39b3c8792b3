import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase } from '../../testing/cloned-database.ts';
import { makeProjectFolder } from '../../testing/project-folder.ts';
import { type ServerProcess, startServerProcess } from '../../testing/server-process.ts';
import { waitFor } from '../../testing/wait-for.ts';
import { remoteApp, runIn } from './testing/remote-app.ts';

describe('a server that is killed', { timeout: 90_000 }, () => {
  let home: string;
  let server: ServerProcess;
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'borgos-feeds-'));
    database = await cloneDatabase();
    server = await start();
  });
  afterAll(async () => {
    // What is deployed outlives the server, also when the test has failed.
    const { data } = await server.client.deployments.list({ offset: 0 });
    for (const { id } of data) await server.client.deployments.delete({ id });
    await server.end('SIGTERM');
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });

  const running = (id: number) =>
    waitFor('the app', async () => {
      const deployment = await server.client.deployments.get({ id });
      return deployment.status === 'running' && deployment;
    });

  async function messagesOf(deployment_id: number): Promise<string[]> {
    const { data } = await server.client.errors.list({ deployment_id, limit: 1000, offset: 0 });
    return data.sort((a, b) => a.id - b.id).map(({ message }) => message);
  }

  test('finds each error once that was printed before, meanwhile and after, and each crash', async () => {
    await using folder = await makeProjectFolder(remoteApp);
    const project = await server.client.projects.create({ name: 'Shop', path: folder.path });
    const answer = await server.client.deployments.deploy({ project_id: project.id, name: 'prod' });
    if (!('id' in answer)) throw new Error('the answer is a plan');
    const { id } = answer;
    const { port } = await running(id);
    await runIn(
      port,
      `let at = 0; setInterval(() => console.error(new TypeError('number ' + at++ + ';')), 10)`,
    );
    for (let life = 1; life <= 3; life += 1) {
      await waitFor('some errors', async () => (await messagesOf(id)).length >= life * 30);
      await server.end('SIGKILL');
      server = await start();
    }
    // While nobody looks, it throws one that ends it.
    await server.end('SIGKILL');
    await runIn(port, 'throwUp("the end")');
    server = await start();
    await waitFor('the last error', async () => (await messagesOf(id)).includes('the end'));
    await runIn(port, 'process.exit(9)');
    const messages = await waitFor('the crash', async () => {
      const messages = await messagesOf(id);
      return messages.some((message) => message.startsWith('prod ended')) && messages;
    });
    const numbered = messages.filter((message) => message.startsWith('number '));
    expect(numbered).toEqual(numbered.map((_, at) => `number ${at};`));
    expect(messages.slice(numbered.length)).toEqual([
      'the end',
      expect.stringMatching(/^prod ended/),
    ]);

    await server.end('SIGTERM');
    server = await start();
    await runIn(port, 'console.error(new TypeError("in the next life"))');
    await waitFor('it', async () => (await messagesOf(id)).includes('in the next life'));
    expect(await messagesOf(id)).toEqual([...messages, 'in the next life']);
  });
});
