import type { AgentEvent } from '../../agents/adapter.ts';
import { asList, asObject, asText, type Json } from '../read-json.ts';
import { joinChunks } from './join-chunks.ts';
import { createToolCalls, type ToolCalls } from './tool-calls.ts';

export interface SessionUpdates {
  /** Takes what an agent says in `session/update`. What it cannot understand is passed over. */
  read(update: Json): void;
  /** What was said and not told yet. */
  flush(): void;
  /** What the agent said last. */
  result(): string;
  /** What the session has cost in dollars; `null`: the agent does not say. */
  costUsd(): number | null;
  calls: ToolCalls;
}

const mostResult = 1_000_000;
const planStatus = ['pending', 'in_progress', 'completed'] as const;

/** Makes events of the updates of a session. */
export function createSessionUpdates(tell: (event: AgentEvent) => void): SessionUpdates {
  const chunks = joinChunks(tell);
  const calls = createToolCalls((event) => {
    chunks.flush();
    tell(event);
  });
  let result = '';
  let resultId = '';
  let isOver = true;
  let cost: number | null = null;

  function message(update: Json): void {
    const text = textOf(update.content);
    const id = asText(update.messageId);
    if (text === '') return;
    if (isOver || id !== resultId) result = '';
    isOver = false;
    resultId = id;
    result = `${result}${text}`.slice(0, mostResult);
    chunks.add('message', id, text);
  }

  function plan({ entries }: Json): void {
    chunks.flush();
    tell({
      type: 'plan',
      entries: asList(entries).map((entry) => ({
        text: asText(entry.content),
        status: planStatus.find((status) => status === entry.status) ?? 'pending',
      })),
    });
  }

  function usage(update: Json): void {
    const { amount, currency } = asObject(update.cost) ?? {};
    if (typeof amount === 'number' && amount >= 0 && currency === 'USD') cost = amount;
  }

  return {
    read(update) {
      const kind = update.sessionUpdate;
      if (kind === 'agent_message_chunk') return message(update);
      if (kind === 'agent_thought_chunk') {
        return chunks.add('thought', asText(update.messageId), textOf(update.content));
      }
      if (kind === 'usage_update') return usage(update);
      if (kind !== 'tool_call' && kind !== 'tool_call_update' && kind !== 'plan') return;
      // What it says from now on is another message.
      isOver = true;
      if (kind === 'plan') plan(update);
      else calls.read(update);
    },
    flush: chunks.flush,
    result: () => result,
    costUsd: () => cost,
    calls,
  };
}

function textOf(content: unknown): string {
  const { type, text, uri } = asObject(content) ?? {};
  if (type === 'text') return asText(text);
  if (type === 'resource_link') return asText(uri);
  return typeof type === 'string' ? `[${type}]` : '';
}
