import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp, type TestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';
import { nextRun } from './cron.ts';
import { fakeAgents } from './testing/fake-agents.ts';

const run = promisify(execFile);
let testApp: TestApp;

beforeAll(async () => {
  testApp = await startTestApp({ agents: fakeAgents() });
});
afterAll(() => testApp.close());

const task = { agent_type: 'fake', description: 'behave: succeed' };

type Fields = Parameters<TestApp['client']['agentSchedules']['create']>[0];

const create = (fields: Partial<Fields>) =>
  testApp.client.agentSchedules.create({ name: 'A schedule', task, ...fields });

/** As if the time had come. */
async function makeDue(id: number): Promise<void> {
  await testApp.app.database.db
    .updateTable('agent_schedules')
    .set({ next_run_at: new Date(Date.now() - 3_600_000) })
    .where('id', '=', id)
    .execute();
}

const tasksOf = async (id: number) => {
  const { data } = await testApp.client.agentTasks.list({ limit: 1000 });
  return data.filter(({ schedule_id }) => schedule_id === id);
};

async function newProject(): Promise<number> {
  const folder = await makeProjectFolder({ 'a.txt': 'a\n' });
  const { id } = await testApp.client.projects.create({ name: 'P', path: folder.path });
  await folder[Symbol.asyncDispose]();
  return id;
}

describe('a schedule by the clock', () => {
  test('makes a task when it is due, and says when the next is', async () => {
    const { id, next_run_at } = await create({ cron: '0 3 * * *', timezone: 'Europe/Berlin' });
    expect(Date.parse(next_run_at ?? '')).toBeGreaterThan(Date.now());
    await makeDue(id);
    const after = await waitFor('a task', async () => {
      const schedule = await testApp.client.agentSchedules.get({ id });
      return schedule.runs === 1 && schedule;
    });
    expect(after.next_run_at).toBe(next_run_at);
    expect(await tasksOf(id)).toMatchObject([
      { id: after.last_task_id, description: task.description },
    ]);
  });

  test('makes none while the last has not ended', async () => {
    const hanging = { ...task, description: 'behave: hang' };
    const { id } = await create({ cron: '0 3 * * *', task: hanging });
    await makeDue(id);
    await waitFor(
      'a task',
      async () => (await testApp.client.agentSchedules.get({ id })).runs === 1,
    );
    await makeDue(id);
    const skipped = await waitFor('it to be skipped', async () => {
      const schedule = await testApp.client.agentSchedules.get({ id });
      return schedule.skipped === 1 && schedule;
    });
    expect(skipped).toMatchObject({ runs: 1, last_problem: 'Its last task has not ended yet' });
    const [made] = await tasksOf(id);
    await testApp.client.agentTasks.cancel({ id: made?.id ?? 0 });
  });

  test('that is switched off makes none', async () => {
    const { id } = await create({ cron: '0 3 * * *' });
    await testApp.client.agentSchedules.update({ id, is_active: false });
    await makeDue(id);
    const other = await create({ cron: '0 3 * * *' });
    await makeDue(other.id);
    await waitFor('the other one', async () => (await tasksOf(other.id)).length === 1);
    expect(await tasksOf(id)).toEqual([]);
  });

  test.each([
    [{ cron: '61 * * * *' }, 'body.cron'],
    [{ cron: '* * *' }, 'five fields'],
    [{ cron: '0 3 * * *', timezone: 'Nowhere/City' }, 'body.timezone'],
    [{}, 'either "cron" or "trigger"'],
    [{ cron: '0 3 * * *', trigger: { event: 'error.new' as const } }, 'either'],
    [{ cron: '0 3 * * *', task: { ...task, agent_type: 'nobody' } }, 'no agent "nobody"'],
  ])('is refused when it is wrong: %j', async (fields, message) => {
    const { status, body } = await testApp.request('POST', '/api/v1/agent/schedules', {
      name: 'x',
      task,
      ...fields,
    });
    expect(status).toBe(400);
    expect(body.message).toContain(message);
  });

  test('follows the time of its zone over a change of the clock', () => {
    const next = (after: string) => nextRun('30 3 * * *', 'Europe/Berlin', new Date(after));
    expect(next('2026-03-28T12:00:00Z').toISOString()).toBe('2026-03-29T01:30:00.000Z');
    expect(next('2026-03-27T12:00:00Z').toISOString()).toBe('2026-03-28T02:30:00.000Z');
  });

  test('is listed, changed to a trigger, and deleted', async () => {
    const { id } = await create({ cron: '0 3 * * *' });
    const trigger = { event: 'deployment.failed' as const };
    expect(await testApp.client.agentSchedules.update({ id, trigger, name: 'B' })).toMatchObject({
      name: 'B',
      cron: null,
      next_run_at: null,
      trigger: { event: 'deployment.failed', project_id: null },
    });
    const { data } = await testApp.client.agentSchedules.list();
    expect(data.map((schedule) => schedule.id)).toContain(id);
    await testApp.client.agentSchedules.delete({ id });
    const { status } = await testApp.request('GET', `/api/v1/agent/schedules/${id}`);
    expect(status).toBe(404);
  });
});

describe('a trigger', () => {
  const logError = (project_id: number, message: string) =>
    testApp.request('POST', '/api/v1/errors', { project_id, error_type: 'ValueError', message });

  test('makes a task for a new group of errors of its project, and tells the agent of it', async () => {
    const project_id = await newProject();
    const other = await newProject();
    const { id } = await create({
      trigger: { event: 'error.new', project_id },
      task: { ...task, description: 'Find the cause\nbehave: where' },
    });
    await logError(other, 'not mine');
    await logError(project_id, 'order cannot be shipped');
    const made = await waitFor('the task to be done', async () => {
      const [made] = await tasksOf(id);
      return made?.status === 'completed' && made;
    });
    expect(made.input_data).toMatchObject({
      event: { type: 'error.new', data: { title: expect.stringContaining('order cannot') } },
      error_group_id: expect.any(Number),
    });
    const { prompt } = JSON.parse(String(made.output_data?.text));
    expect(prompt).toContain('Find the cause');
    expect(prompt).toContain('ValueError: order cannot be shipped');
    expect(await tasksOf(id)).toHaveLength(1);
  });

  test('makes no more in an hour than it may', async () => {
    const project_id = await newProject();
    const { id } = await create({ trigger: { event: 'error.new', project_id }, most_per_hour: 2 });
    const names = ['alpha', 'beta', 'gamma', 'delta'];
    for (const name of names) await logError(project_id, `there is no ${name}`);
    const schedule = await waitFor('all to be looked at', async () => {
      const schedule = await testApp.client.agentSchedules.get({ id });
      return schedule.runs + schedule.skipped === names.length && schedule;
    });
    expect(schedule).toMatchObject({ runs: 2, skipped: 2 });
    expect(schedule.last_problem).toContain('within an hour');
  });

  test('makes one at a time for the same group', async () => {
    const project_id = await newProject();
    const { id } = await create({
      trigger: { event: 'error.logged', project_id },
      task: { ...task, description: 'behave: hang' },
    });
    for (let n = 0; n < 3; n += 1) await logError(project_id, 'the same');
    await waitFor('all to be looked at', async () => {
      const { runs, skipped } = await testApp.client.agentSchedules.get({ id });
      return runs + skipped === 3;
    });
    const made = await tasksOf(id);
    expect(made).toHaveLength(1);
    await testApp.client.agentTasks.cancel({ id: made[0]?.id ?? 0 });
  });

  test('does not follow its own tasks, and others not without an end', async () => {
    const failing = { ...task, description: 'behave: fail' };
    const one = await create({
      trigger: { event: 'task.failed' },
      task: failing,
      most_per_hour: 50,
    });
    const two = await create({
      trigger: { event: 'task.failed' },
      task: failing,
      most_per_hour: 50,
    });
    await testApp.client.agentTasks.create(failing);
    const [first, second] = await waitFor('both to come to an end', async () => {
      const both = [
        await testApp.client.agentSchedules.get({ id: one.id }),
        await testApp.client.agentSchedules.get({ id: two.id }),
      ];
      return both.every(({ skipped }) => skipped > 0) && both;
    });
    for (const schedule of [one, two]) {
      await testApp.client.agentSchedules.update({ id: schedule.id, is_active: false });
    }
    // The first task, and then three after another, each of the other's.
    expect(first?.runs).toBeLessThanOrEqual(4);
    expect(second?.runs).toBeLessThanOrEqual(4);
    expect(first?.last_problem).toContain('triggers deep');
  });
});

describe('what an agent is told', () => {
  test('has the facts of its project and the error that it is about, but no secret', async () => {
    const folder = await makeProjectFolder({ 'a.txt': 'a\n' });
    onTestFinished(() => folder[Symbol.asyncDispose]());
    for (const command of ['init --quiet', 'add --all', 'commit --quiet --message=Begin']) {
      const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];
      await run('git', [...identity, ...command.split(' ')], { cwd: folder.path });
    }
    const { id: project_id } = await testApp.client.projects.create({
      name: 'The Shop',
      path: folder.path,
      tech_stack: ['python'],
    });
    const { body } = await testApp.request('POST', '/api/v1/errors', {
      project_id,
      error_type: 'KeyError',
      message: 'no price for password=hunter2hunter2',
      stack_trace:
        'Traceback (most recent call last):\n  File "shop.py", line 3, in price\nKeyError',
    });
    const { task_id: id } = await testApp.client.agentTasks.create({
      project_id,
      agent_type: 'fake',
      description: 'behave: where',
      input_data: { error_id: body.ids[0], note: 'look well' },
    });
    const done = await waitFor('it to be done', async () => {
      const task = await testApp.client.agentTasks.get({ id });
      return task.completed_at !== null && task;
    });
    const { prompt } = JSON.parse(String(done.output_data?.text));
    expect(prompt).toContain('The project The Shop (of a type that is not known): python');
    expect(prompt).toContain('File "shop.py", line 3');
    expect(prompt).toContain('Its open errors:');
    expect(prompt).toContain('"note":"look well"');
    expect(prompt).not.toContain('hunter2hunter2');
  });
});
