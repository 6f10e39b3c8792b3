import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { cloneDatabase } from '../testing/cloned-database.ts';
import { startServerProcess } from '../testing/server-process.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { fakeAgents } from './testing/fake-agents.ts';

let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp({ agents: fakeAgents() });
});
afterAll(() => testApp.close());

async function create(behaviour: string, fields: object = {}): Promise<number> {
  const { task_id } = await testApp.client.agentTasks.create({
    agent_type: 'fake-acp',
    description: `behave: ${behaviour}`,
    ...fields,
  });
  return task_id;
}

function ended(id: number, attempt = 1) {
  return waitFor(`task ${id} to end`, async () => {
    const task = await testApp.client.agentTasks.get({ id });
    return task.attempt === attempt && task.completed_at !== null && task;
  });
}

async function eventsOf(id: number) {
  const { data } = await testApp.client.agentTasks.events({ id, limit: 1000 });
  return data;
}

test('agents of the protocol are listed with what they can do, there or not', async () => {
  const agents = await testApp.client.agents.list();
  expect(agents.find(({ name }) => name === 'fake-acp')).toMatchObject({
    ...{ kind: 'acp', source: 'configured', available: true, default_policy: 'ask' },
    capabilities: { permissions: true, sessions: true, needs_worktree: true, resumes: false },
  });
  const known = agents.filter(({ kind, source }) => kind === 'acp' && source === 'built_in');
  expect(known.map(({ name }) => name).sort()).toEqual(
    ['claude-acp', 'codex-acp', 'copilot', 'gemini', 'goose', 'opencode-acp', 'qwen'].sort(),
  );
  for (const { available, reason } of known) if (!available) expect(reason).toContain('install');
});

test.each(['allow', 'deny'] as const)('a person is asked, and says %s', async (decision) => {
  const id = await create('ask');
  const approval = await waitFor('the question', async () => {
    const { data } = await testApp.client.agentApprovals.list({ task_id: id });
    return data[0];
  });
  expect(approval).toMatchObject({ status: 'pending', kind: 'write', title: 'Write to a.txt' });
  await testApp.client.agentApprovals.decide({ id: approval.id, decision });
  const text = decision === 'allow' ? 'allowed' : 'denyed';
  expect(await ended(id)).toMatchObject({ status: 'completed', output_data: { text } });
});

test('nobody is asked where the policy says it', async () => {
  const id = await create('ask', { permission_policy: 'allow_all' });
  expect(await ended(id)).toMatchObject({ output_data: { text: 'allowed' } });
  expect((await testApp.client.agentApprovals.list({ task_id: id })).data).toEqual([]);
});

test('an agent reads what BorgOS knows with a token that can do no more, and ends with it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'borgos-token-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'given.json');
  const id = await create(`mcp ${file}`, { permission_policy: 'allow_all' });
  const { output_data } = await ended(id);
  expect(JSON.parse(String(output_data?.text))).toEqual({
    ...{ mcp: 200, projects: 200, approvals: 403, decide: 403, tokens: 403, register: 403 },
  });
  const { url, headers } = JSON.parse(await readFile(file, 'utf8'));
  const after = await fetch(new URL('/api/v1/projects', url), { headers });
  expect(after.status).toBe(401);
  const { data } = await testApp.client.tokens.list({});
  const token = data.find(({ name }) => name === `agent task ${id}, attempt 1`);
  expect(token).toMatchObject({ revoked_at: expect.any(String), created_by: null });
  const secret = String(headers.Authorization).replace('Bearer ', '');
  expect(secret).toMatch(/^borg_/);
  expect(JSON.stringify([await eventsOf(id), output_data])).not.toContain(secret);
});

test('a cancel ends the agent within two seconds', async () => {
  const id = await create('stubborn');
  await waitFor('it to work', async () =>
    (await eventsOf(id)).some(({ type }) => type === 'message'),
  );
  const before = performance.now();
  await testApp.client.agentTasks.cancel({ id });
  expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  // Twice what is promised, as the machine of the test may be busy.
  expect(performance.now() - before).toBeLessThan(4_000);
  await waitFor(
    'nothing to run',
    async () => (await testApp.client.agentOrphans.list()).length === 0,
  );
});

test('a comment goes on with the session', async () => {
  const id = await create('succeed');
  await ended(id);
  await testApp.request('POST', `/api/v1/agent/tasks/${id}/comment`, { comment: 'behave: where' });
  const { output_data, attempt } = await ended(id, 2);
  const { session, prompt } = JSON.parse(String(output_data?.text));
  expect(session).toMatch(/^session-/);
  expect({ prompt, attempt }).toEqual({ prompt: 'behave: where', attempt: 2 });
});

test('an attempt is interrupted when the server is killed, and nothing of it is left', {
  timeout: 60_000,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-crash-'));
  const database = await cloneDatabase();
  onTestFinished(async () => {
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });
  await writeFile(path.join(home, 'agents.json'), JSON.stringify(fakeAgents()));
  const settings = { BORGOS_HOME: home, BORGOS_RUNTIME: 'process' };
  const start = () => startServerProcess({ ...settings, DATABASE_URL: database.databaseUrl });
  let server = await start();
  const { task_id: id } = await server.client.agentTasks.create({
    ...{ agent_type: 'fake-acp', description: 'behave: stubborn' },
  });
  await waitFor('it to work', async () => {
    const { data } = await server.client.agentTasks.events({ id, type: ['message'] });
    return data.length > 0;
  });
  const left = path.join(home, 'agents', 'work', String(id), 'left-behind');
  const pid = Number(await readFile(left, 'utf8'));
  await server.end('SIGKILL');
  server = await start();
  const task = await waitFor('it to end', async () => {
    const task = await server.client.agentTasks.get({ id });
    return task.completed_at !== null && task;
  });
  expect(task).toMatchObject({ status: 'failed', error_code: 'INTERRUPTED', attempt: 1 });
  await waitFor('nothing to run', async () => {
    const orphans = await server.client.agentOrphans.list();
    return orphans.length === 0 && !isAlive(pid);
  });
  const { data } = await server.client.tokens.list({ active: true });
  expect(data).toEqual([]);
  await server.end('SIGTERM');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
