import { join } from 'node:path';
import type { AgentAdapter } from '../../agents/adapter.ts';
import type { Processes } from '../processes.ts';
import { createCommandAdapter } from './command-adapter.ts';
import { type CommandAgent, commandAgent, knownCommandAgents } from './command-agent.ts';

export interface CommandAdapters {
  adapter: AgentAdapter;
  source: 'built_in' | 'configured';
  mostRunning: number | undefined;
  /** What it is given that nobody is to see. */
  secrets: string[];
}

/**
 * An adapter for each agent that is a program: those that are known, and those that are configured,
 * which win over a known one of the same name.
 * @throws Error that names what is wrong with one that is configured
 */
export function commandAdapters({
  configured,
  variables,
  home,
  ...options
}: {
  configured: Record<string, { kind: string }>;
  /** Variables of the environment of BorgOS, by their names. */
  variables: (names: readonly string[]) => Record<string, string>;
  /** BORGOS_HOME: the files of attempts are in there. */
  home: string;
  instance: string;
  processes: Processes;
  searchPath: string | undefined;
}): CommandAdapters[] {
  const folder = join(home, 'agents', 'runs');
  const make = (name: string, agent: CommandAgent, source: CommandAdapters['source']) => {
    const passed = variables(agent.pass_environment);
    const secrets = Object.entries({ ...passed, ...agent.environment })
      .filter(([name]) => /key|token|secret|passw|auth/i.test(name))
      .map(([, value]) => value);
    const adapter = createCommandAdapter({ ...options, folder, name, agent, passed });
    return { adapter, source, mostRunning: agent.most_running, secrets };
  };
  const known = Object.entries(knownCommandAgents)
    .filter(([name]) => !Object.hasOwn(configured, name))
    .map(([name, agent]) => make(name, agent, 'built_in'));
  const own = Object.entries(configured)
    .filter(([, { kind }]) => kind === 'command')
    .map(([name, agent]) => make(name, parsed(name, agent), 'configured'));
  return [...known, ...own];
}

function parsed(name: string, agent: object): CommandAgent {
  const result = commandAgent.safeParse(agent);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `  - agents.${[name, ...path].join('.')}: ${message}`,
  );
  throw new Error(`agents.json is wrong, so BorgOS does not start.\n${problems.join('\n')}`);
}
