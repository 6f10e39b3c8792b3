import { acpAdapters } from './acp/acp-adapters.ts';
import {
  type AgentZero,
  type AgentZeroOptions,
  connectAgentZero,
} from './agent-zero/connect-agent-zero.ts';
import { agentZeroMarker } from './agent-zero/launch-process.ts';
import { commandAdapters } from './command/command-adapters.ts';
import type { OpenedAdapter } from './configured-agents.ts';
import { runMarker } from './end-run.ts';

/** In the environment of all processes of agents. */
export const agentMarkers = [runMarker, agentZeroMarker];

/** An adapter for each agent that there is, or could be; and Agent Zero, as it is more than one. */
export function openAdapters({
  agentZero: settings,
  environment,
  isPortFree,
  findPortHolder,
  containers,
  log,
  ...options
}: Parameters<typeof acpAdapters>[0] &
  Pick<AgentZeroOptions, 'environment' | 'isPortFree' | 'findPortHolder' | 'containers' | 'log'> & {
    /** As it is set. */
    agentZero: Pick<AgentZeroOptions, 'directory' | 'image' | 'port' | 'url' | 'python'>;
  }): { adapters: OpenedAdapter[]; agentZero: AgentZero } {
  const { home, instance, processes } = options;
  const agentZero = connectAgentZero({
    ...settings,
    ...{ home, instance, processes, environment, isPortFree, findPortHolder, containers, log },
  });
  const { adapter } = agentZero;
  const adapters = [
    ...commandAdapters(options),
    ...acpAdapters(options),
    { adapter, source: 'built_in' as const, mostRunning: undefined, secrets: [] },
  ];
  return { adapters, agentZero };
}
