import type { AgentEvent } from '../../agents/adapter.ts';
import { type Exit, failedExit } from '../agent-exit.ts';
import type { LineMapper } from './line-mapper.ts';

/** How much of the output is the result. */
const mostText = 16_384;

/** Any program: each line is a message, the last ones are the result, and the exit code decides. */
export function createTextMapper(): LineMapper {
  let text = '';
  return {
    map(line) {
      text = `${text}${line}\n`.slice(-mostText);
      return line.trim() === '' ? [] : [{ type: 'message', text: line }];
    },
    end: (exit: Exit): AgentEvent =>
      exit.code === 0 ? { type: 'done', output: { text: text.trimEnd() } } : failedExit(exit),
  };
}
