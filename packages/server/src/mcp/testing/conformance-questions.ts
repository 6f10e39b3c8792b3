import { randomBytes } from 'node:crypto';
import {
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { namedCapabilities } from '../protocol-server.ts';
import { type ConformanceTool, text } from './conformance-tools.ts';

/** Signs what a client carries from one round to the next. */
export const stateCodec = createRequestStateCodec({ key: randomBytes(32) });

type Requests = InputRequiredResult['inputRequests'];

/** The tools that have to ask the client something before they answer. */
export const conformanceQuestions: readonly ConformanceTool[] = [
  {
    name: 'test_input_required_result_elicitation',
    call: async (_input, { mcpReq }) => {
      const name = answered(mcpReq.inputResponses, 'user_name')?.name;
      return typeof name === 'string' ? text(`Hello, ${name}!`) : ask({ user_name: askName() });
    },
  },
  {
    name: 'test_streaming_elicitation',
    call: async () => ask({ user_name: askName() }),
  },
  {
    name: 'test_input_required_result_sampling',
    call: async (_input, { mcpReq }) => {
      const view = inputResponse(mcpReq.inputResponses, 'capital_question');
      return view.kind === 'sampling'
        ? text(JSON.stringify(view.result.content))
        : ask({ capital_question: sample('What is the capital of France?', 100) });
    },
  },
  {
    name: 'test_input_required_result_list_roots',
    call: async (_input, { mcpReq }) => {
      const view = inputResponse(mcpReq.inputResponses, 'client_roots');
      return view.kind === 'roots'
        ? text(view.roots.map(({ uri }) => uri).join(', '))
        : ask({ client_roots: inputRequired.listRoots() });
    },
  },
  {
    name: 'test_input_required_result_request_state',
    call: (_input, context) =>
      inRounds(context, [{ confirm: askFor('Please confirm', { ok: 'boolean' }) }], 'state-ok'),
  },
  {
    name: 'test_input_required_result_tampered_state',
    call: (_input, context) =>
      inRounds(context, [{ confirm: askFor('Please confirm', { ok: 'boolean' }) }], 'state-ok'),
  },
  {
    name: 'test_input_required_result_multiple_inputs',
    call: (_input, context) =>
      inRounds(
        context,
        [
          {
            user_name: askName(),
            greeting: sample('Generate a greeting', 50),
            client_roots: inputRequired.listRoots(),
          },
        ],
        'All three were answered.',
      ),
  },
  {
    name: 'test_input_required_result_multi_round',
    call: (_input, context) =>
      inRounds(
        context,
        [
          { step1: askFor('Step 1: What is your name?', { name: 'string' }) },
          { step2: askFor('Step 2: What is your favorite color?', { color: 'string' }) },
        ],
        'Both steps were answered.',
      ),
  },
  {
    name: 'test_input_required_result_capabilities',
    call: async (_input, { mcpReq }) => {
      const { elicitation, sampling } = Object(namedCapabilities(mcpReq.envelope));
      return ask({
        ...(elicitation !== undefined && { user_name: askName() }),
        ...(sampling !== undefined && { greeting: sample('Generate a greeting', 50) }),
      });
    },
  },
];

/** The prompt that asks for the context which it is about. */
export async function askingPrompt({ mcpReq }: ServerContext) {
  const context = answered(mcpReq.inputResponses, 'user_context')?.context;
  if (typeof context !== 'string') {
    return ask({
      user_context: askFor('What context should the prompt use?', { context: 'string' }),
    });
  }
  const content = { type: 'text' as const, text: `Use this context: ${context}` };
  return { messages: [{ role: 'user' as const, content }] };
}

/** Asks round by round; the state says which one was answered last. */
async function inRounds(
  { mcpReq }: ServerContext,
  rounds: NonNullable<Requests>[],
  done: string,
): Promise<CallToolResult | InputRequiredResult> {
  const asked = mcpReq.requestState<number>();
  const open = rounds[asked ?? 0];
  const isAnswered =
    asked !== undefined &&
    Object.keys(open ?? {}).every(
      (key) => inputResponse(mcpReq.inputResponses, key).kind !== 'missing',
    );
  const next = isAnswered ? asked + 1 : (asked ?? 0);
  const inputRequests = rounds[next];
  if (!inputRequests) return text(done);
  return inputRequired({ inputRequests, requestState: await stateCodec.mint(next) });
}

function ask(inputRequests: NonNullable<Requests>): InputRequiredResult {
  return inputRequired({ inputRequests });
}

const askName = () => askFor('What is your name?', { name: 'string' });

function askFor(message: string, fields: Record<string, 'string' | 'boolean'>) {
  const answer = Object.entries(fields).map(
    ([name, type]) => [name, type === 'string' ? z.string() : z.boolean()] as const,
  );
  return inputRequired.elicit({ message, requestedSchema: z.object(Object.fromEntries(answer)) });
}

function sample(words: string, maxTokens: number) {
  const content = { type: 'text' as const, text: words };
  return inputRequired.createMessage({ messages: [{ role: 'user', content }], maxTokens });
}

function answered(responses: Record<string, unknown> | undefined, key: string) {
  const view = inputResponse(responses, key);
  return view.kind === 'elicit' && view.action === 'accept' ? view.content : undefined;
}
