import type { api } from '@borgos/contracts';
import { agentZeroCapabilities } from '@borgos/contracts/agent-zero';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { AgentZero } from './agent-zero.ts';

export function agentZeroHandlers(agentZero: AgentZero): Handlers<(typeof api)['agentZero']> {
  return {
    status: () => agentZero.status(),
    start: async (_, { actor }) => ({ success: true, status: await agentZero.start(actor) }),
    async stop(_, { actor }) {
      await agentZero.stop(actor);
      return { success: true };
    },
    async restart(_, { actor }) {
      await agentZero.stop(actor);
      return { success: true, status: await agentZero.start(actor) };
    },
    async execute(task, { actor }) {
      const { id } = await agentZero.execute(task, actor);
      return { message: 'Task submitted', task_id: id };
    },
    capabilities: async () => [...agentZeroCapabilities],
  };
}
