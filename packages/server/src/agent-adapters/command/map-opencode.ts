import type { AgentEvent } from '../../agents/adapter.ts';
import { createInvalidLines, type Exit, failedExit } from '../agent-exit.ts';
import { asCount, asObject, asText, type Json, parseObject } from '../read-json.ts';
import { type LineMapper, usageEvent } from './line-mapper.ts';

/** `opencode run --format json`. It says that it is done only by ending. */
export function createOpencodeMapper(): LineMapper {
  const invalid = createInvalidLines();
  const used = { inputTokens: 0, outputTokens: 0, costUsd: 0 };
  let session = '';
  let lastText = '';
  let failure: string | undefined;
  let wasValid = false;
  /** The model had nothing more to do. */
  let hasStopped = false;

  function tool(part: Json): AgentEvent[] {
    const state = asObject(part.state) ?? {};
    const id = asText(part.callID) || asText(part.id);
    return [
      { type: 'tool_call', id, name: asText(part.tool), input: state.input },
      {
        type: 'tool_update',
        id,
        status: state.status === 'error' ? 'failed' : 'completed',
        output: state.output ?? state.error ?? null,
      },
    ];
  }

  function finishStep(part: Json): AgentEvent[] {
    const tokens = asObject(part.tokens) ?? {};
    const cache = asObject(tokens.cache) ?? {};
    used.inputTokens += asCount(tokens.input) + asCount(cache.read) + asCount(cache.write);
    used.outputTokens += asCount(tokens.output) + asCount(tokens.reasoning);
    used.costUsd += typeof part.cost === 'number' && part.cost > 0 ? part.cost : 0;
    hasStopped = part.reason === 'stop';
    return [usageEvent({ ...used, model: null, isFinal: hasStopped })];
  }

  function attach(line: Json): AgentEvent[] {
    const id = asText(line.sessionID);
    if (id === '' || id === session) return [];
    session = id;
    return [{ type: 'attached', saved: {}, session }];
  }

  function events(line: Json): AgentEvent[] {
    const part = asObject(line.part) ?? {};
    switch (line.type) {
      case 'text':
        lastText = asText(part.text);
        return [{ type: 'message', text: lastText }];
      case 'reasoning':
        return [{ type: 'thought', text: asText(part.text) }];
      case 'tool_use':
        return tool(part);
      case 'step_finish':
        return finishStep(part);
      case 'error': {
        const error = asObject(line.error) ?? {};
        failure = asText(asObject(error.data)?.message) || asText(error.name) || 'OpenCode failed';
        return [{ type: 'progress', text: failure }];
      }
      default:
        return [];
    }
  }

  return {
    map(text) {
      const line = parseObject(text);
      if (!line) return invalid.add(text);
      wasValid = true;
      return [...attach(line), ...events(line)];
    },
    end(exit: Exit): AgentEvent {
      if (failure) return { type: 'error', code: 'AGENT_FAILED', message: failure };
      if (exit.code !== 0 && !(exit.isUnknown && hasStopped)) return failedExit(exit);
      if (wasValid) return { type: 'done', output: { text: lastText } };
      return invalid.error() ?? { type: 'done', output: { text: '' } };
    },
  };
}
