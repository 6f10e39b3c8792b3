import type { AgentCapabilities, AgentKind } from '@borgos/contracts/agents';
import { type AgentAdapter, AgentFailure } from '../agents/adapter.ts';

/** Stands for an agent that nothing is connected to: its tasks wait, and it says what is missing. */
export function absentAdapter({
  name,
  title,
  kind,
  reason,
}: {
  name: string;
  title: string;
  kind: AgentKind;
  /** What to do about it. */
  reason: string;
}): AgentAdapter {
  const capabilities: AgentCapabilities = {
    needs_worktree: false,
    permissions: false,
    resumes: false,
    sessions: false,
    usage: 'none',
    cost: false,
  };
  return {
    ...{ name, title, kind, capabilities },
    probe: async () => ({ available: false, reason, version: null, location: null }),
    // biome-ignore lint/correctness/useYield: there is nothing to tell
    async *start() {
      throw new AgentFailure('AGENT_UNAVAILABLE', reason);
    },
    // biome-ignore lint/correctness/useYield: there is nothing to tell
    async *resume() {
      throw new AgentFailure('INTERRUPTED', reason);
    },
    cancel: async () => {},
    listRunning: async () => [],
    close: async () => {},
  };
}
