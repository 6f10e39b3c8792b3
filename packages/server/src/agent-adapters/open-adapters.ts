import { join } from 'node:path';
import type { Processes } from '../processes.ts';
import { createAcpAdapter } from './acp/acp-adapter.ts';
import { acpAgent, knownAcpAgents } from './acp/acp-agent.ts';
import {
  type AgentZero,
  type AgentZeroOptions,
  connectAgentZero,
} from './agent-zero/connect-agent-zero.ts';
import { agentZeroMarker } from './agent-zero/launch-process.ts';
import { createCommandAdapter } from './command/command-adapter.ts';
import { commandAgent, knownCommandAgents } from './command/command-agent.ts';
import { configuredAgents, type OpenedAdapter } from './configured-agents.ts';
import { runMarker } from './end-run.ts';

/** In the environment of all processes of agents. */
export const agentMarkers = [runMarker, agentZeroMarker];

export interface AdaptersOptions
  extends Pick<
    AgentZeroOptions,
    'environment' | 'isPortFree' | 'findPortHolder' | 'containers' | 'log'
  > {
  /** As it is set. */
  agentZero: Pick<AgentZeroOptions, 'directory' | 'image' | 'port' | 'url' | 'python'>;
  /** Of `agents.json`. */
  configured: Record<string, { kind: string }>;
  variables: (names: readonly string[]) => Record<string, string>;
  /** BORGOS_HOME: what was begun is noted in there. */
  home: string;
  instance: string;
  processes: Processes;
  searchPath: string | undefined;
  version: string;
}

/** An adapter for each agent that there is, or could be; and Agent Zero, as it is more than one. */
export function openAdapters({
  agentZero: settings,
  environment,
  isPortFree,
  findPortHolder,
  containers,
  log,
  configured,
  variables,
  ...options
}: AdaptersOptions): { adapters: OpenedAdapter[]; agentZero: AgentZero } {
  const { home, instance, processes } = options;
  const agentZero = connectAgentZero({
    ...settings,
    ...{ home, instance, processes, environment, isPortFree, findPortHolder, containers, log },
  });
  const { adapter } = agentZero;
  const folder = join(home, 'agents', 'runs');
  const adapters = [
    ...configuredAgents({
      ...{ kind: 'command', schema: commandAgent, known: knownCommandAgents },
      ...{ configured, variables },
      create: (name, agent, passed) =>
        createCommandAdapter({ ...options, folder, name, agent, passed }),
    }),
    ...configuredAgents({
      ...{ kind: 'acp', schema: acpAgent, known: knownAcpAgents, configured, variables },
      create: (name, agent, passed) =>
        createAcpAdapter({ ...options, folder, name, agent, passed }),
    }),
    { adapter, source: 'built_in' as const, mostRunning: undefined, secrets: [] },
  ];
  return { adapters, agentZero };
}
