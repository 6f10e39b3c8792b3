import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type FakeModel, startFakeModel } from '../testing/fake-model.ts';
import { makeProjectFolder } from '../testing/project-folder.ts';
import { startTestApp } from '../testing/test-app.ts';
import { waitFor } from '../testing/wait-for.ts';

// OpenCode itself over the Agent Client Protocol, with a model of ours on loopback. It runs where
// BORGOS_TEST_OPENCODE names the program.
const program = process.env.BORGOS_TEST_OPENCODE ?? 'opencode';

/** Writes `a.txt`, then says `finished`; asked to wait, it never answers. */
async function startModel(): Promise<FakeModel> {
  const model: FakeModel = await startFakeModel([
    (_, response) => {
      const { messages = [], tools = [] } = model.asked.at(-1) ?? {};
      const said = JSON.stringify(messages);
      if (tools.length === 0) return stream(response, { content: 'A title' });
      if (said.includes('Wait for me')) return;
      if (said.includes('Did you?')) return stream(response, { content: 'I did' });
      if (messages.at(-1)?.role === 'tool') return stream(response, { content: 'finished' });
      const input = { filePath: 'a.txt', content: 'by opencode\n' };
      const called = { name: 'write', arguments: JSON.stringify(input) };
      stream(response, {
        tool_calls: [{ index: 0, id: 'call-1', type: 'function', function: called }],
      });
    },
  ]);
  return model;
}

function stream(
  response: ServerResponse,
  delta: { content?: string; tool_calls?: object[] },
): void {
  const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'fake-1' };
  const finish_reason = delta.tool_calls ? 'tool_calls' : 'stop';
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const part of [
    { choices: [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason }], usage },
  ]) {
    response.write(`data: ${JSON.stringify({ ...chunk, ...part })}\n\n`);
  }
  response.end('data: [DONE]\n\n');
}

function settingsOf(model: FakeModel): string {
  const models = {
    'fake-1': {
      ...{ name: 'Fake 1', limit: { context: 100_000, output: 1_000 } },
      cost: { input: 1, output: 2 },
    },
  };
  const options = { baseURL: model.url, apiKey: 'sk-fake' };
  const npm = '@ai-sdk/openai-compatible';
  return JSON.stringify({
    provider: { fake: { npm, name: 'Fake', options, models } },
    model: 'fake/fake-1',
    small_model: 'fake/fake-1',
    permission: { edit: 'ask', bash: 'ask' },
  });
}

test('OpenCode works in a worktree, asks a person, reads BorgOS, goes on after a comment, is cancelled', {
  timeout: 180_000,
}, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'borgos-opencode-'));
  const model = await startModel();
  const environment = {
    ...{
      HOME: home,
      XDG_CONFIG_HOME: '',
      XDG_DATA_HOME: '',
      XDG_CACHE_HOME: '',
      XDG_STATE_HOME: '',
    },
    OPENCODE_CONFIG_CONTENT: settingsOf(model),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
  };
  const agent = { kind: 'acp', command: [program, 'acp'], environment };
  const app = await startTestApp({ agents: { agents: { real: agent } } });
  const folder = await makeProjectFolder({ 'README.md': '# Shop\n' });
  onTestFinished(async () => {
    await app.close();
    await folder[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];
  for (const command of [
    ['init', '--quiet'],
    ['add', '--all'],
    ['commit', '--quiet', '-m', 'x'],
  ]) {
    execFileSync('git', [...identity, ...command], { cwd: folder.path });
  }
  const { id: project_id } = await app.client.projects.create({ name: 'Shop', path: folder.path });
  const create = async (description: string) => {
    const { task_id } = await app.client.agentTasks.create({
      ...{ project_id, agent_type: 'real', description },
    });
    return task_id;
  };
  const ended = (id: number, attempt = 1) =>
    waitFor(
      `task ${id} to end`,
      async () => {
        const task = await app.client.agentTasks.get({ id });
        return task.attempt === attempt && task.completed_at !== null && task;
      },
      60_000,
    );

  const id = await create('Write a.txt');
  const question = await waitFor(
    'the question',
    async () => (await app.client.agentApprovals.list({ task_id: id })).data[0],
    60_000,
  );
  expect(question).toMatchObject({ kind: 'write', title: expect.stringContaining('a.txt') });
  await app.client.agentApprovals.decide({ id: question.id, decision: 'allow' });
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed', output_data: { text: 'finished' } });
  expect(task.usage.input_tokens).toBeGreaterThan(0);
  expect(task.usage.cost_usd).toBeGreaterThan(0);
  expect((await app.client.agentApprovals.list({ task_id: id })).data).toHaveLength(1);
  const diff = await app.request('GET', `/api/v1/agent/tasks/${id}/diff`);
  expect(JSON.stringify(diff.body)).toContain('by opencode');
  expect(model.asked.some(({ tools }) => tools.includes('borgos_list_projects'))).toBe(true);
  const { data } = await app.client.agentTasks.events({ id });
  expect(data.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['tool_call', 'permission', 'tool_update', 'message', 'usage']),
  );

  await app.request('POST', `/api/v1/agent/tasks/${id}/comment`, { comment: 'Did you?' });
  expect((await ended(id, 2)).output_data).toEqual({ text: 'I did' });
  // It remembers what was said before.
  expect(JSON.stringify(model.asked.at(-1)?.messages)).toContain('Write a.txt');

  const asked = model.asked.length;
  const waiting = await create('Wait for me');
  await waitFor('the model to be asked', async () => model.asked.length > asked + 1, 60_000);
  const before = performance.now();
  await app.client.agentTasks.cancel({ id: waiting });
  expect(await ended(waiting)).toMatchObject({ status: 'cancelled' });
  expect(performance.now() - before).toBeLessThan(4_000);
  await waitFor('nothing to run', async () => (await app.client.agentOrphans.list()).length === 0);
});
