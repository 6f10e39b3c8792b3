import { describe, expect, test } from 'vitest';
import { type FakeModel, startFakeModel } from '../testing/fake-model.ts';
import { askModel, type Ledger } from './ask-model.ts';
import { createLanguageModel } from './language-model.ts';
import type { AgentTool } from './questions.ts';

const files = { items: ['main.py', 'utils.py'], total: 2 };

const listFiles: AgentTool = {
  name: 'list_files',
  description: 'Files of a project.',
  inputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
  run: async ({ id }) =>
    id === 1
      ? { text: JSON.stringify(files), content: files }
      : { text: `NOT_FOUND: Project with id ${id} not found.`, content: undefined },
};

async function ask(
  fake: FakeModel,
  { apiKey, signal = new AbortController().signal }: { apiKey?: string; signal?: AbortSignal } = {},
) {
  const ledger: Ledger = { steps: [], tokens: 0, model: 'none' };
  const answer = askModel({
    model: createLanguageModel({ url: fake.url, model: 'fake', apiKey }),
    tools: [listFiles],
    question: 'which files are there?',
    about: { project_id: 1 },
    earlier: [],
    ledger,
    signal,
  });
  return { answer: answer.then(undefined, (error: Error) => error), ledger };
}

async function failureOf(fake: FakeModel, options: { apiKey?: string } = {}): Promise<string> {
  const { answer } = await ask(fake, options);
  const error = await answer;
  if (!(error instanceof Error)) throw new Error(`it answered ${JSON.stringify(error)}`);
  return error.message;
}

test('the result of the call that the model chooses stays data', async () => {
  const fake = await startFakeModel([
    [{ list_files: { id: 1 } }],
    [{ give_answer: { call_id: 'call_1_0' } }],
  ]);
  const { answer, ledger } = await ask(fake, { apiKey: 'sk-secret' });
  expect(await answer).toEqual(files.items);
  expect(ledger).toEqual({
    steps: [{ tool: 'list_files', input: { id: 1 } }],
    tokens: fake.charged,
    model: 'fake-1',
  });
  expect(fake.authorization).toEqual(['Bearer sk-secret', 'Bearer sk-secret']);
  expect(fake.asked[0]?.tools).toEqual(['list_files', 'give_answer']);
  expect(fake.asked[0]?.messages.at(-1)?.content).toContain('{"project_id":1}');
  expect(fake.asked[1]?.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: JSON.stringify(files),
  });
});

test('a model may answer in words', async () => {
  const fake = await startFakeModel(['There are two files.']);
  expect(await (await ask(fake)).answer).toBe('There are two files.');
});

test('what a model does wrong it is told, and may mend', async () => {
  const fake = await startFakeModel([
    [{ list_filez: { id: 1 } }, { list_files: '{"id":' }, { list_files: { id: 9 } }],
    [{ list_files: { id: 1 } }],
    [{ give_answer: { call_id: 'call_2_0' } }],
  ]);
  const { answer, ledger } = await ask(fake);
  expect(await answer).toEqual(files.items);
  const told = fake.asked[1]?.messages.filter(({ role }) => role === 'tool');
  expect(told?.map(({ content }) => content)).toEqual([
    'There is no tool list_filez',
    'VALIDATION_FAILED: the arguments must be a JSON object',
    'NOT_FOUND: Project with id 9 not found.',
  ]);
  expect(ledger.tokens).toBe(fake.charged);
});

test('one that never comes to an end is ended', async () => {
  const fake = await startFakeModel([[{ list_files: { id: 1 } }]]);
  expect(await failureOf(fake)).toContain('it has not come to an answer in 8 steps');
  expect(fake.asked).toHaveLength(8);
});

test('who leaves ends it', async () => {
  const leaving = new AbortController();
  const fake = await startFakeModel([() => leaving.abort(new Error('the caller hung up'))]);
  const { answer } = await ask(fake, { signal: leaving.signal });
  expect(await answer).toMatchObject({ message: 'the caller hung up' });
});

describe('an endpoint that fails is named, and the key is not', () => {
  test.each([
    ['answers 401', 401, 'your key sk-secret is wrong'],
    ['answers 429', 429, 'slow down'],
    ['answers 500', 500, '{"error":"sk-secret"}'],
    ['does not answer with JSON', 200, 'not JSON'],
    ['gives no chat completion', 200, '{"choices":[]}'],
    ['gives no chat completion', 200, '{"choices":[{"message":{"tool_calls":[{}]}}]}'],
    ['answers with more than 1048576 bytes', 200, 'x'.repeat(2_000_000)],
  ])('%s', async (expected, status, body) => {
    const fake = await startFakeModel([(_, response) => response.writeHead(status).end(body)]);
    const message = await failureOf(fake, { apiKey: 'sk-secret' });
    expect(message).toContain(expected);
    expect(message).toContain('BORGOS_LLM_URL');
    expect(message).not.toContain('sk-secret');
  });

  test('cannot be reached', async () => {
    const fake = await startFakeModel([(request) => request.socket.destroy()]);
    expect(await failureOf(fake)).toContain('cannot be reached');
  });

  test('sends elsewhere', async () => {
    const other = await startFakeModel(['stolen']);
    const fake = await startFakeModel([
      (_, response) => response.writeHead(307, { location: `${other.url}/chat/completions` }).end(),
    ]);
    expect(await failureOf(fake, { apiKey: 'sk-secret' })).toContain(
      'answers with a redirect (307), which is not followed',
    );
    expect(other.asked).toEqual([]);
  });
});
