import type { AgentEvent } from '../../agents/adapter.ts';
import { createInvalidLines, failedExit } from '../agent-exit.ts';
import { asCount, asList, asObject, asText, type Json, parseObject } from '../read-json.ts';
import { type LineMapper, usageEvent } from './line-mapper.ts';

/** `codex exec --json`. */
export function createCodexMapper(): LineMapper {
  const invalid = createInvalidLines();
  let wasValid = false;
  let lastMessage = '';
  let lastError = '';

  function item(line: Json): AgentEvent[] {
    const item = asObject(line.item) ?? {};
    const isOver = line.type === 'item.completed';
    const id = asText(item.id);
    switch (item.type) {
      case 'agent_message':
        if (!isOver) return [];
        lastMessage = asText(item.text);
        return [{ type: 'message', text: lastMessage }];
      case 'reasoning':
        return isOver ? [{ type: 'thought', text: asText(item.text) }] : [];
      case 'todo_list':
        return [
          {
            type: 'plan',
            entries: asList(item.items).map(({ text, completed }) => ({
              text: asText(text),
              status: completed === true ? 'completed' : 'pending',
            })),
          },
        ];
      case 'error':
        return [{ type: 'progress', text: asText(item.message) }];
      default:
        return tool(line, item, id, isOver);
    }
  }

  function tool(line: Json, item: Json, id: string, isOver: boolean): AgentEvent[] {
    const name = asText(item.tool) || asText(item.type);
    const { command, changes, query, server } = item;
    const call: AgentEvent = {
      type: 'tool_call',
      id,
      name,
      input: { command, changes, query, server },
    };
    if (line.type === 'item.started') return [call];
    if (!isOver) return [];
    const failed = item.status === 'failed' || (item.exit_code ?? 0) !== 0;
    const update: AgentEvent = {
      type: 'tool_update',
      id,
      status: failed ? 'failed' : 'completed',
      output: item.aggregated_output ?? item.result ?? null,
    };
    // A change of files is told only when it is done.
    return item.type === 'file_change' ? [call, update] : [update];
  }

  return {
    map(text) {
      const line = parseObject(text);
      if (!line) return invalid.add(text);
      wasValid = true;
      const type = asText(line.type);
      if (type.startsWith('item.')) return item(line);
      switch (type) {
        case 'thread.started':
          return [{ type: 'attached', saved: {}, session: asText(line.thread_id) }];
        case 'turn.completed': {
          const usage = asObject(line.usage) ?? {};
          const told = usageEvent({
            inputTokens: asCount(usage.input_tokens),
            outputTokens: asCount(usage.output_tokens),
            costUsd: null,
            model: null,
            isFinal: true,
          });
          return [told, { type: 'done', output: { text: lastMessage } }];
        }
        case 'turn.failed': {
          const message = asText(asObject(line.error)?.message) || lastError || 'The turn failed';
          return [{ type: 'error', code: 'AGENT_FAILED', message }];
        }
        case 'error':
          lastError = asText(line.message);
          return [{ type: 'progress', text: lastError }];
        default:
          return [];
      }
    },
    end: (exit) => (!wasValid && exit.code === 0 && invalid.error()) || failedExit(exit),
  };
}
