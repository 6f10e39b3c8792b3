import type { AgentEvent } from '../../agents/adapter.ts';
import { createInvalidLines, failedExit } from '../agent-exit.ts';
import { asCount, asList, asObject, asText, type Json, parseObject } from '../read-json.ts';
import { type LineMapper, usageEvent } from './line-mapper.ts';

/** `claude -p --output-format stream-json --verbose`. */
export function createClaudeMapper(): LineMapper {
  const invalid = createInvalidLines();
  /** By the id of a message, which comes in several lines that repeat what was used. */
  const usages = new Map<string, Json>();
  let wasValid = false;

  function assistant(message: Json): AgentEvent[] {
    const events = asList(message.content).flatMap((part): AgentEvent[] => {
      const { type, text, thinking, id, name, input } = part;
      if (type === 'text') return [{ type: 'message', text: asText(text) }];
      if (type === 'thinking') return [{ type: 'thought', text: asText(thinking) }];
      if (type !== 'tool_use') return [];
      return [{ type: 'tool_call', id: asText(id), name: asText(name), input }];
    });
    const usage = asObject(message.usage);
    if (!usage) return events;
    usages.set(asText(message.id), usage);
    return [...events, usageEvent({ ...sum([...usages.values()]), ...modelOf(message) })];
  }

  function modelOf({ model, stop_reason }: Json) {
    const isFinal = stop_reason === 'end_turn';
    return { model: asText(model) || null, costUsd: null, ...(isFinal && { isFinal }) };
  }

  function result(line: Json): AgentEvent[] {
    const { usage, total_cost_usd, is_error, subtype } = line;
    const all = asObject(usage);
    const used = sum(all ? [all] : [...usages.values()]);
    const costUsd = typeof total_cost_usd === 'number' ? total_cost_usd : null;
    const told =
      all || costUsd !== null ? [usageEvent({ ...used, costUsd, model: null, isFinal: true })] : [];
    const text = asText(line.result);
    if (is_error !== true) return [...told, { type: 'done', output: { text } }];
    const message = text || `Claude Code ended with ${asText(subtype) || 'an error'}`;
    return [...told, { type: 'error', code: 'AGENT_FAILED', message }];
  }

  return {
    map(text) {
      const line = parseObject(text);
      if (!line) return invalid.add(text);
      wasValid = true;
      const message = asObject(line.message) ?? {};
      switch (line.type) {
        case 'system': {
          const session = asText(line.session_id);
          return session === '' ? [] : [{ type: 'attached', saved: {}, session }];
        }
        case 'assistant':
          return assistant(message);
        case 'user':
          return asList(message.content)
            .filter(({ type }) => type === 'tool_result')
            .map(({ tool_use_id, content, is_error }) => ({
              type: 'tool_update',
              id: asText(tool_use_id),
              status: is_error === true ? 'failed' : 'completed',
              output: content,
            }));
        case 'result':
          return result(line);
        default:
          return [];
      }
    },
    end: (exit) => (!wasValid && exit.code === 0 && invalid.error()) || failedExit(exit),
  };
}

function sum(usages: Json[]): { inputTokens: number; outputTokens: number } {
  const total = { inputTokens: 0, outputTokens: 0 };
  for (const usage of usages) {
    total.inputTokens +=
      asCount(usage.input_tokens) +
      asCount(usage.cache_creation_input_tokens) +
      asCount(usage.cache_read_input_tokens);
    total.outputTokens += asCount(usage.output_tokens);
  }
  return total;
}
