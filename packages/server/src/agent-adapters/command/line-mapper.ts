import type { AgentEvent, AgentUsage } from '../../agents/adapter.ts';
import type { Exit } from '../agent-exit.ts';

/** Makes events of what an agent prints. Given the same lines, it makes the same events. */
export interface LineMapper {
  /** `done` and `error` are among them only when the agent says so itself. */
  map(line: string): AgentEvent[];
  /** What came of it, for an agent that did not say so. */
  end(exit: Exit): AgentEvent;
}

export function usageEvent(usage: AgentUsage): AgentEvent {
  return { type: 'usage', ...usage };
}
