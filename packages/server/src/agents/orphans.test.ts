import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { fakeAgents } from './testing/fake-agents.ts';

let testApp: TestApp;
let instance: string;

beforeAll(async () => {
  testApp = await startTestApp({ agents: fakeAgents() });
  instance = (await readFile(path.join(testApp.home, 'instance'), 'utf8')).trim();
});
afterAll(() => testApp.close());

/** As an agent that BorgOS has forgotten. */
function startForgotten(externalRef: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    env: { PATH: process.env.PATH, BORGOS_AGENT_RUN: `${instance}/${externalRef}` },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const keys = async () => (await testApp.client.agentOrphans.list()).map(({ key }) => key);

test('an agent that nobody waits for is found, and ended by a call', async () => {
  const child = startForgotten('borgos-4711-2');
  const exited = once(child, 'exit');
  await waitFor('it to be found', async () => (await keys()).includes('run-borgos-4711-2'));
  const [found] = await testApp.client.agentOrphans.list();
  expect(found).toMatchObject({ kind: 'run', task_id: 4711, path: null });
  await testApp.client.agentOrphans.remove({ key: 'run-borgos-4711-2' });
  await exited;
  expect(await keys()).toEqual([]);
});

test('an agent at work is none', async () => {
  const { task_id: id } = await testApp.client.agentTasks.create({
    agent_type: 'fake',
    description: 'behave: hang',
  });
  await waitFor('it to work', async () => {
    const { data } = await testApp.client.agentTasks.events({ id, type: ['message'] });
    return data.length > 0;
  });
  expect(await keys()).toEqual([]);
  await testApp.client.agentTasks.cancel({ id });
});

test('a worktree without a task is found, and removed only with what is in it when asked to', async () => {
  const name = `borgos-${instance}-task-4712`;
  await mkdir(path.join(testApp.home, 'worktrees', name), { recursive: true });
  await writeFile(path.join(testApp.home, 'worktrees', name, 'work.txt'), 'work\n');
  const key = `worktree-${name}`;
  const [found] = await testApp.client.agentOrphans.list();
  expect(found).toMatchObject({ key, kind: 'worktree', task_id: 4712, is_dirty: true });
  const refused = await testApp.request('DELETE', `/api/v1/agent/orphans/${key}`);
  expect(refused.status).toBe(409);
  await testApp.client.agentOrphans.remove({ key, discard_changes: true });
  expect(await keys()).toEqual([]);
});

test('what there is not cannot be removed', async () => {
  const { status } = await testApp.request('DELETE', '/api/v1/agent/orphans/run-borgos-1-1');
  expect(status).toBe(404);
});
