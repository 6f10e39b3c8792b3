import { join } from 'node:path';
import { configuredAgents, type OpenedAdapter } from '../configured-agents.ts';
import type { Processes } from '../processes.ts';
import { createAcpAdapter } from './acp-adapter.ts';
import { acpAgent, knownAcpAgents } from './acp-agent.ts';

/** An adapter for each agent that speaks the Agent Client Protocol. */
export function acpAdapters({
  configured,
  variables,
  home,
  ...options
}: {
  configured: Record<string, { kind: string }>;
  variables: (names: readonly string[]) => Record<string, string>;
  /** BORGOS_HOME: what was begun is noted in there. */
  home: string;
  instance: string;
  processes: Processes;
  searchPath: string | undefined;
  version: string;
}): OpenedAdapter[] {
  const folder = join(home, 'agents', 'runs');
  return configuredAgents({
    kind: 'acp',
    schema: acpAgent,
    known: knownAcpAgents,
    configured,
    variables,
    create: (name, agent, passed) => createAcpAdapter({ ...options, folder, name, agent, passed }),
  });
}
