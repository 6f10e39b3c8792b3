import { z } from 'zod';
import { AppError } from '../errors.ts';
import { modelAddress } from '../model-address.ts';
import { PostFailure, postJson } from '../post-json.ts';
import type { Settings } from '../settings.ts';

export interface ToolCall {
  id: string;
  name: string;
  /** JSON, as the model wrote it: it may be anything. */
  input: string;
}

export type Message =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string | null; calls: ToolCall[] }
  | { role: 'tool'; callId: string; content: string };

export interface ModelTool {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
}

/** One turn of a model. */
export interface Turn {
  content: string | null;
  calls: ToolCall[];
  /** As its provider calls it. */
  model: string;
  tokens: number;
}

export interface LanguageModel {
  /** @throws AppError UNAVAILABLE, with what the user can do; the signal's reason */
  complete(messages: Message[], tools: ModelTool[], signal: AbortSignal): Promise<Turn>;
}

const mostAnswerBytes = 1024 * 1024;

const completion = z.object({
  model: z.string().optional(),
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: z.string(),
                function: z.object({ name: z.string(), arguments: z.string().default('{}') }),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      total_tokens: z.int().min(0).optional(),
      prompt_tokens: z.int().min(0).optional(),
      completion_tokens: z.int().min(0).optional(),
    })
    .nullish(),
});

/** The model of the settings; `undefined`: none. */
export function openLanguageModel({
  llmUrl: url,
  llmModel: model,
  llmApiKey: apiKey,
}: Pick<Settings, 'llmUrl' | 'llmModel' | 'llmApiKey'>): LanguageModel | undefined {
  return url && model ? createLanguageModel({ url, model, apiKey }) : undefined;
}

/**
 * A model behind any endpoint that speaks OpenAI's chat completions, as Ollama, vLLM and most
 * providers do.
 * @param options.url with or without `/v1` at its end
 */
export function createLanguageModel({
  url,
  model,
  apiKey,
}: {
  url: string;
  model: string;
  apiKey: string | undefined;
}): LanguageModel {
  const endpoint = modelAddress(url, 'chat/completions');
  const headers: Record<string, string> =
    apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  return {
    async complete(messages, tools, signal) {
      const { status, body } = await postJson(endpoint.href, {
        headers,
        body: {
          model,
          messages: messages.map(asSent),
          ...(tools.length > 0 && { tools: tools.map(toolAsSent) }),
        },
        mostBytes: mostAnswerBytes,
        signal,
      }).catch((error) => {
        throw error instanceof PostFailure ? unavailable(error.message, error) : error;
      });
      if (status >= 300) throw unavailable(`answers ${status}`);
      return read(body);
    },
  };

  function read(body: unknown): Turn {
    const parsed = completion.safeParse(body);
    const message = parsed.data?.choices[0]?.message;
    if (!parsed.success || !message) throw unavailable('gives no chat completion', parsed.error);
    const { usage } = parsed.data;
    return {
      content: message.content ?? null,
      calls: (message.tool_calls ?? []).map(({ id, function: called }) => ({
        id,
        name: called.name,
        input: called.arguments,
      })),
      model: parsed.data.model ?? model,
      tokens: usage?.total_tokens ?? (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0),
    };
  }

  /** Neither the key nor what the endpoint says: it may repeat the question, or worse. */
  function unavailable(what: string, cause?: unknown): AppError {
    return new AppError(
      'UNAVAILABLE',
      `The language model at ${endpoint.host} ${what}. Check BORGOS_LLM_URL, BORGOS_LLM_MODEL and BORGOS_LLM_API_KEY`,
      { cause },
    );
  }
}

function asSent(message: Message) {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.callId, content: message.content };
  }
  if (message.role !== 'assistant') return message;
  return {
    role: 'assistant',
    content: message.content,
    ...(message.calls.length > 0 && {
      tool_calls: message.calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: input },
      })),
    }),
  };
}

function toolAsSent({ name, description, inputSchema }: ModelTool) {
  return { type: 'function', function: { name, description, parameters: inputSchema } };
}
