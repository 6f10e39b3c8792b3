import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { openWebSocket } from '../testing/websocket-client.ts';
import { deleteEndedBefore } from './store.ts';
import { fakeAgents } from './testing/fake-agents.ts';

let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp({ agents: fakeAgents() });
});
afterAll(() => testApp.close());

type Fields = Parameters<TestApp['client']['agentTasks']['create']>[0];

async function create(behaviour: string, fields: Partial<Fields> = {}): Promise<number> {
  const { task_id } = await testApp.client.agentTasks.create({
    agent_type: 'fake',
    description: `behave: ${behaviour}`,
    ...fields,
  });
  return task_id;
}

const get = (id: number) => testApp.client.agentTasks.get({ id });

function until(id: number, ...states: string[]) {
  return waitFor(`task ${id} to be ${states.join(' or ')}`, async () => {
    const task = await get(id);
    return states.includes(task.status) && task;
  });
}

const ended = (id: number) => until(id, 'completed', 'failed', 'cancelled');

async function eventsOf(id: number, type?: string) {
  const { data } = await testApp.client.agentTasks.events({ id, limit: 1000 });
  return data.filter((event) => type === undefined || event.type === type);
}

function untilSays(id: number, text: string) {
  return waitFor(`task ${id} to say ${text}`, async () =>
    (await eventsOf(id, 'message')).find(({ data }) => data.text === text),
  );
}

describe('a task', () => {
  test('is created as the reference says', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      agent_type: 'agent-zero',
      task_type: 'automation',
      description: 'Monitor system logs and alert on errors',
      priority: 1,
      input_data: { log_paths: ['/var/log/app.log'], alert_threshold: 5 },
    });
    expect(status).toBe(202);
    expect(body).toEqual({ message: 'Task created and queued', task_id: expect.any(Number) });
    const list = await testApp.request('GET', '/api/v1/agent/tasks?agent_type=agent-zero');
    expect(list.body).toEqual([
      expect.objectContaining({
        id: body.task_id,
        agent_type: 'agent-zero',
        task_type: 'automation',
        description: 'Monitor system logs and alert on errors',
        status: 'pending',
        priority: 1,
      }),
    ]);
    const waiting = await waitFor('what it waits for', async () => {
      const task = await get(body.task_id);
      return task.status_reason !== null && task;
    });
    expect(waiting.status_reason).toContain('Agent Zero');
    await testApp.client.agentTasks.cancel({ id: body.task_id });
  });

  test('is worked on, and shows what came of it', async () => {
    const id = await create('succeed', { task_type: 'review', priority: 7 });
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      priority: 7,
      attempt: 1,
      external_ref: `borgos-${id}-1`,
      output_data: { text: 'finished' },
      error_code: null,
      error_message: null,
      duration_ms: expect.any(Number),
    });
  });

  test('is told from its start to its end', async () => {
    const id = await create('succeed');
    await ended(id);
    const events = (await testApp.eventsOf(id)).filter(({ type }) => type.startsWith('task_'));
    expect(events.at(0)).toMatchObject({ type: 'task_created', data: { agent_type: 'fake' } });
    const statuses = events.filter(({ type }) => type === 'task_status');
    expect(statuses.map(({ data }) => data)).toMatchObject([
      { status: 'running', previous_status: 'pending', attempt: 1 },
      { status: 'completed', previous_status: 'running' },
    ]);
    expect(events.some(({ type }) => type === 'task_progress')).toBe(true);
  });

  test.each([
    ['fail', 'AGENT_FAILED', 'it went wrong'],
    ['crash', 'AGENT_CRASHED', 'SIGSEGV'],
    ['quit', 'AGENT_CRASHED', 'exit code 3'],
    ['invalid', 'INVALID_OUTPUT', 'Welcome to the agent!'],
  ])('whose agent does this fails, and says why: %s', async (behaviour, code, reason) => {
    const task = await ended(await create(behaviour));
    expect(task).toMatchObject({ status: 'failed', error_code: code });
    expect(task.error_message).toContain(reason);
  });

  test('has events without a gap', async () => {
    const id = await create('many');
    const task = await ended(id);
    expect(task.status).toBe('completed');
    const seqs: number[] = [];
    for (let since = 0; ; ) {
      const { data } = await testApp.client.agentTasks.events({ id, since, limit: 1000 });
      if (data.length === 0) break;
      seqs.push(...data.map(({ seq }) => seq));
      since = seqs.at(-1) ?? 0;
    }
    expect(seqs).toEqual(Array.from({ length: task.last_seq }, (_, index) => index + 1));
    expect(seqs.length).toBeGreaterThan(10_000);
  });

  test('takes longer texts than are kept', async () => {
    const id = await create('huge');
    expect((await ended(id)).status).toBe('completed');
    const [message] = await eventsOf(id, 'message');
    expect(String(message?.data.text)).toMatch(/^x{16384}… \[\d+ characters cut\]$/);
  });

  test('is ended at its deadline', async () => {
    const task = await ended(await create('hang', { deadline_seconds: 1 }));
    expect(task).toMatchObject({ status: 'failed', error_code: 'DEADLINE_EXCEEDED' });
  });

  test('shows no secret that its agent prints', async () => {
    const id = await create('secret');
    await ended(id);
    const answer = JSON.stringify([await get(id), await eventsOf(id)]);
    expect(answer).not.toContain('hunter2hunter2');
    expect(answer).not.toContain('ghp_a1a1');
    expect(answer).not.toContain('quite-ordinary-words');
    expect(answer).toContain('[redacted]');
  });

  test('is refused for an agent that there is not', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      agent_type: 'fakee',
      description: 'nothing',
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'AGENT_UNKNOWN' });
    expect(body.message).toContain('did you mean fake?');
  });

  test('is refused for a project that there is not', async () => {
    const { status } = await testApp.request('POST', '/api/v1/agent/task', {
      project_id: 4711,
      agent_type: 'fake',
      description: 'nothing',
    });
    expect(status).toBe(404);
  });
});

describe('a cancel', () => {
  test('ends a task that waits', async () => {
    const id = await create('succeed', { agent_type: 'missing' });
    const { body } = await testApp.request('POST', `/api/v1/agent/tasks/${id}/cancel`);
    expect(body).toEqual({
      message: `Task ${id} is cancelled`,
      task_id: id,
      status: 'cancelled',
    });
    expect((await get(id)).started_at).toBeNull();
  });

  test.each(['hang', 'stubborn'])('ends a task that runs: %s', async (behaviour) => {
    const id = await create(behaviour);
    await untilSays(id, 'working');
    await testApp.client.agentTasks.cancel({ id });
    expect(await ended(id)).toMatchObject({ status: 'cancelled', error_code: null });
  });

  test('leaves a task that has ended', async () => {
    const id = await create('succeed');
    await ended(id);
    await testApp.client.agentTasks.cancel({ id });
    expect((await get(id)).status).toBe('completed');
  });
});

describe('a question of an agent', () => {
  function asked(task_id: number) {
    return waitFor(`task ${task_id} to ask`, async () => {
      const { data } = await testApp.client.agentApprovals.list({ task_id, status: 'pending' });
      return data[0];
    });
  }

  test.each([
    ['allow', 'allowed'],
    ['deny', 'denied'],
  ] as const)('is answered by a person: %s', async (decision, status) => {
    const task_id = await create('ask');
    const { id, ...question } = await asked(task_id);
    expect(question).toMatchObject({
      title: 'Write to a.txt',
      kind: 'write',
      details: { path: 'a.txt' },
    });
    const answered = await testApp.client.agentApprovals.decide({ id, decision });
    expect(answered).toMatchObject({ status, decided_by: 'local' });
    expect((await ended(task_id)).output_data).toEqual({ text: `${decision}ed` });
    const [told] = await eventsOf(task_id, 'permission_answer');
    expect(told?.data).toMatchObject({ answer: decision, by: 'local' });
    expect((await testApp.client.agentApprovals.decide({ id, decision })).status).toBe(status);
    const other = decision === 'allow' ? 'deny' : 'allow';
    const again = await testApp.request('POST', `/api/v1/agent/approvals/${id}`, {
      decision: other,
    });
    expect(again.status).toBe(409);
  });

  test('is answered by the policy, where that says', async () => {
    const all = await create('ask', { permission_policy: 'allow_all' });
    const reads = await create('ask read', { permission_policy: 'allow_reads' });
    expect((await ended(all)).output_data).toEqual({ text: 'allowed' });
    expect((await ended(reads)).output_data).toEqual({ text: 'allowed' });
    const { data } = await testApp.client.agentApprovals.list({ task_id: all });
    expect(data).toEqual([]);
  });

  test('is over when its task is', async () => {
    const task_id = await create('ask');
    const { id } = await asked(task_id);
    await testApp.client.agentTasks.cancel({ id: task_id });
    await ended(task_id);
    const { status, body } = await testApp.request('POST', `/api/v1/agent/approvals/${id}`, {
      decision: 'allow',
    });
    expect(status).toBe(409);
    expect(body.message).toContain('expired');
  });

  test('is a no when nobody answers in time', async () => {
    await using app = await ownApp(fakeAgents({ approval_seconds: 1 }));
    const { task_id: id } = await app.client.agentTasks.create({
      agent_type: 'fake',
      description: 'behave: ask',
    });
    const task = await waitFor('it to end', async () => {
      const task = await app.client.agentTasks.get({ id });
      return task.completed_at !== null && task;
    });
    expect(task.output_data).toEqual({ text: 'denyed' });
  });

  test('is refused before for an agent that cannot ask', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      agent_type: 'fake-claude',
      description: 'x',
      permission_policy: 'ask',
    });
    expect(status).toBe(400);
    expect(body.code).toBe('PERMISSIONS_UNSUPPORTED');
  });
});

describe('a budget', () => {
  test.each([
    [{ max_tokens: 600 }, 'tokens'],
    [{ max_cost_usd: 0.055 }, 'dollars'],
  ])('ends a task before it uses more: %j', async (limit, what) => {
    const task = await ended(await create('spend', limit));
    expect(task).toMatchObject({ status: 'failed', error_code: 'BUDGET_EXCEEDED' });
    expect(task.error_message).toContain(what);
    const { input_tokens, output_tokens, cost_usd } = task.usage;
    // Five steps of 110 tokens and a cent fit.
    expect(input_tokens + output_tokens).toBe(550);
    expect(cost_usd).toBeCloseTo(0.05);
  });

  test('lets a task end that stays within it', async () => {
    const task = await ended(await create('use', { max_tokens: 1000 }));
    expect(task).toMatchObject({ status: 'completed', usage: { input_tokens: 100 } });
  });

  test('of money is refused for a model without known prices', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      agent_type: 'fake-claude',
      description: 'x',
      model: 'unheard-of',
      max_cost_usd: 1,
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'PRICE_UNKNOWN' });
  });

  test('of money is kept by the prices of agents.json', async () => {
    const prices = { 'fake-1': { input_usd: 100, output_usd: 0 } };
    await using app = await ownApp(fakeAgents({}, { prices }));
    const { task_id: id } = await app.client.agentTasks.create({
      agent_type: 'fake-claude',
      description: 'behave: spend',
      model: 'fake-1',
      max_cost_usd: 0.035,
    });
    const task = await waitFor('it to end', async () => {
      const task = await app.client.agentTasks.get({ id });
      return task.completed_at !== null && task;
    });
    expect(task).toMatchObject({ error_code: 'BUDGET_EXCEEDED', usage: { input_tokens: 300 } });
    expect(task.usage.cost_usd).toBeCloseTo(0.03);
  });

  test('is refused for an agent that does not tell what it uses', async () => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/task', {
      agent_type: 'fake-text',
      description: 'x',
      max_tokens: 10,
    });
    expect(status).toBe(400);
    expect(body.code).toBe('BUDGET_UNSUPPORTED');
  });
});

describe('what is kept', () => {
  test('ends with what ended long ago, its events too, but not while its changes wait', async () => {
    const { db } = testApp.app.database;
    const [old, awaiting, fresh] = [
      await create('succeed'),
      await create('succeed'),
      await create('succeed'),
    ];
    for (const id of [old, awaiting, fresh]) await ended(id);
    const long = { completed_at: new Date(Date.now() - 91 * 86_400_000) };
    await db.updateTable('agent_tasks').set(long).where('id', 'in', [old, awaiting]).execute();
    const change = { review: 'awaiting' as const };
    await db.updateTable('agent_tasks').set(change).where('id', '=', awaiting).execute();
    const before = new Date(Date.now() - 90 * 86_400_000);
    expect(await deleteEndedBefore(db, before, 10)).toBe(1);
    expect((await testApp.request('GET', `/api/v1/agent/tasks/${old}/events`)).status).toBe(404);
    expect((await get(awaiting)).review).toBe('awaiting');
    expect((await get(fresh)).status).toBe('completed');
  });
});

describe('a retry', () => {
  test('is another attempt', async () => {
    const id = await create('fail');
    const first = await ended(id);
    const { status, body } = await testApp.request('POST', `/api/v1/agent/tasks/${id}/retry`);
    expect(status).toBe(202);
    expect(body.status).toBe('pending');
    const second = await waitFor('the second attempt', async () => {
      const task = await get(id);
      return task.attempt === 2 && task.status === 'failed' && task;
    });
    expect(second.external_ref).toBe(`borgos-${id}-2`);
    expect(second.last_seq).toBeGreaterThan(first.last_seq);
  });

  test('is refused for a task that is completed', async () => {
    const id = await create('succeed');
    await ended(id);
    const { status, body } = await testApp.request('POST', `/api/v1/agent/tasks/${id}/retry`);
    expect(status).toBe(409);
    expect(body.message).toContain('Create another one');
  });
});

test('an agent is told to work from its first task to its last one', async () => {
  const socket = await openWebSocket(testApp.url);
  await socket.ask({ type: 'subscribe', channels: ['agents'] });
  const fields = { agent_type: 'fake-text' };
  const first = await create('hang', fields);
  await until(first, 'running');
  const second = await create('hang', fields);
  await until(second, 'running');
  await Promise.all([first, second].map((id) => testApp.client.agentTasks.cancel({ id })));
  await Promise.all([ended(first), ended(second)]);
  await waitFor('what is told', async () =>
    socket.messages.some(({ data }) => data?.status === 'idle'),
  );
  const told = socket.messages.filter(({ data }) => data?.agent_type === 'fake-text');
  expect(told.map(({ type, data }) => ({ type, ...data }))).toMatchObject([
    { type: 'agent_status', status: 'working', task_id: first, port: null },
    { type: 'agent_status', status: 'idle', reason: null, process_id: null },
  ]);
});

describe('the queue', () => {
  test('begins the highest priority first, then the oldest', async () => {
    await using app = await ownApp(fakeAgents({ running: 1 }));
    const { agentTasks } = app.client;
    const add = (behaviour: string, priority: number) =>
      agentTasks.create({ agent_type: 'fake', description: `behave: ${behaviour}`, priority });
    const { task_id: first } = await add('hang', 1);
    await waitFor('it to run', async () => {
      const { status } = await agentTasks.get({ id: first });
      return status === 'running';
    });
    const ids: number[] = [];
    for (const priority of [1, 5, -3, 5, 9]) ids.push((await add('succeed', priority)).task_id);
    const { data } = await agentTasks.list({ status: 'pending' });
    const [one, five, minus, otherFive, nine] = ids;
    expect(data.map(({ id }) => id)).toEqual([nine, five, otherFive, one, minus]);
    await agentTasks.cancel({ id: first });
    await waitFor('all to be done', async () => {
      const { pagination } = await agentTasks.list({ status: 'completed', offset: 0 });
      return pagination.total === ids.length;
    });
    const done = (await agentTasks.list({ status: 'completed' })).data;
    const begun = done.toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''));
    expect(begun.map(({ id }) => id)).toEqual([nine, five, otherFive, one, minus]);
  });

  test('runs no more at a time than it may', async () => {
    await using app = await ownApp(fakeAgents({ running: 2 }));
    const { agentTasks } = app.client;
    for (let n = 0; n < 4; n += 1) {
      await agentTasks.create({ agent_type: 'fake', description: 'behave: hang' });
    }
    await waitFor('two to run', async () => {
      const { pagination } = await agentTasks.list({ status: 'running', offset: 0 });
      return pagination.total === 2;
    });
    await wait(100);
    expect((await agentTasks.list({ status: 'running' })).data).toHaveLength(2);
    expect((await agentTasks.list({ status: 'pending' })).data).toHaveLength(2);
  });
});

describe('the list of agents', () => {
  test('has what is configured and what is known', async () => {
    const agents = await testApp.client.agents.list();
    expect(agents.find(({ name }) => name === 'fake')).toMatchObject({
      kind: 'command',
      source: 'configured',
      available: true,
      location: process.execPath,
      version: process.versions.node,
      capabilities: { needs_worktree: true, permissions: true, resumes: true, usage: 'live' },
      most_running: 50,
    });
    expect(agents.find(({ name }) => name === 'missing')).toMatchObject({
      available: false,
      reason: expect.stringContaining('no-such-program'),
    });
    expect(agents.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['agent-zero', 'claude', 'codex', 'opencode', 'aider']),
    );
  });
});

async function ownApp(agents: object): Promise<TestApp & AsyncDisposable> {
  const app = await startTestApp({ agents });
  return {
    ...app,
    async [Symbol.asyncDispose]() {
      const { data } = await app.client.agentTasks.list({ limit: 1000 });
      for (const { id } of data) await app.client.agentTasks.cancel({ id });
      await waitFor('all to end', async () => {
        const { pagination } = await app.client.agentTasks.list({ status: 'running', offset: 0 });
        return pagination.total === 0;
      });
      await app.close();
    },
  };
}
