import { z } from 'zod';
import type { AgentEvent } from '../../agents/adapter.ts';
import { createInvalidLines, failedExit } from '../agent-exit.ts';
import { parseObject } from '../read-json.ts';
import type { LineMapper } from './line-mapper.ts';

const id = z.string().min(1).max(200);
const count = z.int().min(0);

/** What a program may print that is written for BorgOS: one object in JSON a line. */
const line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), text: z.string() }),
  z.object({ type: z.literal('thought'), text: z.string() }),
  z.object({ type: z.literal('tool_call'), id, name: z.string(), input: z.unknown() }),
  z.object({
    type: z.literal('tool_update'),
    id,
    status: z.enum(['pending', 'running', 'completed', 'failed']),
    output: z.unknown(),
  }),
  z.object({
    type: z.literal('permission'),
    id,
    title: z.string(),
    kind: z.enum(['read', 'write', 'execute', 'network', 'other']).default('other'),
    details: z.unknown(),
  }),
  z.object({
    type: z.literal('plan'),
    entries: z.array(
      z.object({ text: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) }),
    ),
  }),
  z.object({
    type: z.literal('usage'),
    input_tokens: count,
    output_tokens: count,
    cost_usd: z.number().min(0).nullable().default(null),
    model: z.string().max(200).nullable().default(null),
    final: z.boolean().default(false),
  }),
  z.object({
    type: z.literal('progress'),
    text: z.string(),
    percent: z.number().min(0).max(100).optional(),
  }),
  z.object({ type: z.literal('session'), id }),
  z.object({ type: z.literal('done'), output: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);

/** Answers to `permission` are read from the file that `BORGOS_ANSWERS` names. */
export function createBorgosMapper(): LineMapper {
  const invalid = createInvalidLines();
  let wasValid = false;
  return {
    map(text) {
      const parsed = line.safeParse(parseObject(text));
      if (!parsed.success) return invalid.add(text);
      wasValid = true;
      return [eventOf(parsed.data)];
    },
    end: (exit) => (!wasValid && exit.code === 0 && invalid.error()) || failedExit(exit),
  };
}

function eventOf(told: z.infer<typeof line>): AgentEvent {
  switch (told.type) {
    case 'permission': {
      const { type, ...request } = told;
      return { type, request, answer: () => {} };
    }
    case 'usage':
      return {
        type: 'usage',
        inputTokens: told.input_tokens,
        outputTokens: told.output_tokens,
        costUsd: told.cost_usd,
        model: told.model,
        isFinal: told.final,
      };
    case 'session':
      return { type: 'attached', saved: {}, session: told.id };
    case 'error':
      return { ...told, code: 'AGENT_FAILED' };
    case 'progress': {
      const { type, text, percent } = told;
      return { type, text, ...(percent !== undefined && { percent }) };
    }
    default:
      return told;
  }
}
