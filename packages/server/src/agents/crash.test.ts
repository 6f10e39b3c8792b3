import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { waitFor } from '../testing/wait-for.ts';
import { fakeAgents } from './testing/fake-agents.ts';

/** More by hand, as each takes some seconds. */
const rounds = Number(process.env.CRASH_ROUNDS ?? 2);

test('tasks survive that the server is killed: none is lost, and none is begun twice', {
  timeout: 60_000 * rounds + 120_000,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const database = await cloneDatabase();
  onTestFinished(async () => {
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });
  const begun = path.join(home, 'begun.txt');
  await mkdir(home, { recursive: true });
  await writeFile(path.join(home, 'agents.json'), JSON.stringify(fakeAgents({ running: 3 })));
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  let server = await start();
  const ids: number[] = [];
  for (let n = 0; n < 10 * rounds; n += 1) {
    const { task_id } = await server.client.agentTasks.create({
      agent_type: 'fake',
      description: `behave: once ${begun}`,
      priority: n % 3,
    });
    ids.push(task_id);
  }
  const countEnded = async () => {
    const { data } = await server.client.agentTasks.list({ limit: 1000 });
    return data.filter(({ completed_at }) => completed_at !== null).length;
  };
  for (let round = 1; round <= rounds; round += 1) {
    await waitFor('some to end', async () => (await countEnded()) >= round * 3, 60_000);
    await server.end('SIGKILL');
    server = await start();
  }
  await waitFor('all to end', async () => (await countEnded()) === ids.length, 60_000);
  const { data } = await server.client.agentTasks.list({ limit: 1000 });
  const failed = data.filter(({ status }) => status !== 'completed');
  // In the moment between the note and the start.
  for (const task of failed) expect(task.error_code).toBe('INTERRUPTED');
  expect(failed.length).toBeLessThanOrEqual(3 * rounds);

  const runs = (await readFile(begun, 'utf8')).trim().split('\n');
  expect(new Set(runs).size).toBe(runs.length);
  for (const { id, last_seq } of data) {
    const { data: events } = await server.client.agentTasks.events({ id });
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: last_seq }, (_, n) => n + 1));
    const said = events.filter(({ type, data }) => type === 'message' && data.text === 'working');
    expect(said.length).toBeLessThanOrEqual(1);
  }
  expect(await server.client.agentOrphans.list()).toEqual([]);
  await server.end('SIGTERM');
});

test('an agent works on while the server is stopped, and is heard again', {
  timeout: 60_000,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const database = await cloneDatabase();
  onTestFinished(async () => {
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });
  await writeFile(path.join(home, 'agents.json'), JSON.stringify(fakeAgents()));
  const start = () =>
    startServerProcess({
      BORGOS_HOME: home,
      BORGOS_RUNTIME: 'process',
      DATABASE_URL: database.databaseUrl,
    });
  let server = await start();
  const { task_id: id } = await server.client.agentTasks.create({
    agent_type: 'fake',
    description: 'behave: slow',
  });
  const says = (text: string) =>
    waitFor(`it to say ${text}`, async () => {
      const { data } = await server.client.agentTasks.events({ id, type: ['message'] });
      return data.some(({ data }) => data.text === text);
    });
  await says('one');
  expect(await server.end('SIGTERM')).toBe(0);
  const folder = path.join(home, 'agents', 'work', String(id));
  await writeFile(path.join(folder, 'go-one'), '');
  server = await start();
  await says('two');
  await writeFile(path.join(folder, 'go-two'), '');
  await writeFile(path.join(folder, 'go-three'), '');
  const task = await waitFor('it to end', async () => {
    const task = await server.client.agentTasks.get({ id });
    return task.completed_at !== null && task;
  });
  expect(task).toMatchObject({
    status: 'completed',
    attempt: 1,
    output_data: { text: 'finished' },
  });
  const { data } = await server.client.agentTasks.events({ id, type: ['message'] });
  expect(data.map(({ data }) => data.text)).toEqual(['one', 'two', 'three']);
  await server.end('SIGTERM');
});
