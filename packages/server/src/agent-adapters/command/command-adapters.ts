import { join } from 'node:path';
import { configuredAgents, type OpenedAdapter } from '../configured-agents.ts';
import type { Processes } from '../processes.ts';
import { createCommandAdapter } from './command-adapter.ts';
import { commandAgent, knownCommandAgents } from './command-agent.ts';

/** An adapter for each agent that is a program which prints what it does. */
export function commandAdapters({
  configured,
  variables,
  home,
  ...options
}: {
  configured: Record<string, { kind: string }>;
  variables: (names: readonly string[]) => Record<string, string>;
  /** BORGOS_HOME: the files of attempts are in there. */
  home: string;
  instance: string;
  processes: Processes;
  searchPath: string | undefined;
}): OpenedAdapter[] {
  const folder = join(home, 'agents', 'runs');
  return configuredAgents({
    kind: 'command',
    schema: commandAgent,
    known: knownCommandAgents,
    configured,
    variables,
    create: (name, agent, passed) =>
      createCommandAdapter({ ...options, folder, name, agent, passed }),
  });
}
