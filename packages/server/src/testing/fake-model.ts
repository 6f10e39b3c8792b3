import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** What the model says in one turn: a text, or calls of tools with their arguments as JSON. */
export type FakeTurn = string | { [tool: string]: unknown }[];

export interface FakeModel {
  /** As `BORGOS_LLM_URL`. */
  url: string;
  /** The messages of each request, as they came. */
  asked: { messages: { role: string; content: string | null }[]; tools: string[] }[];
  authorization: (string | undefined)[];
  /** All tokens it has charged. */
  charged: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A language model that speaks as OpenAI does and says what the test tells it to; its last turn is
 * repeated. A handler in place of a turn does whatever it likes with the request.
 */
export async function startFakeModel(turns: (FakeTurn | Handler)[]): Promise<FakeModel> {
  const fake: FakeModel = { url: '', asked: [], authorization: [], charged: 0 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const { messages, tools = [] } = JSON.parse(Buffer.concat(chunks).toString());
    const turn = turns[Math.min(fake.asked.length, turns.length - 1)] ?? '';
    const names = tools.map((tool: { function: { name: string } }) => tool.function.name);
    fake.asked.push({ messages, tools: names });
    fake.authorization.push(request.headers.authorization);
    if (typeof turn === 'function') return turn(request, response);
    const usage = { prompt_tokens: 100 + fake.asked.length, completion_tokens: 7 };
    const total_tokens = usage.prompt_tokens + usage.completion_tokens;
    fake.charged += total_tokens;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        model: 'fake-1',
        choices: [{ message: { role: 'assistant', ...said(turn, fake.asked.length) } }],
        usage: { ...usage, total_tokens },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  fake.url = `http://127.0.0.1:${address.port}/v1`;
  return fake;
}

function said(turn: FakeTurn, number: number) {
  if (typeof turn === 'string') return { content: turn };
  const calls = turn.flatMap((calls) => Object.entries(calls));
  return {
    content: null,
    tool_calls: calls.map(([name, input], index) => ({
      id: `call_${number}_${index}`,
      type: 'function',
      function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
    })),
  };
}
