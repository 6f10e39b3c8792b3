import type { z } from 'zod';
import type { AgentAdapter } from '../agents/adapter.ts';

/** An adapter, and what the queue needs to know of it. */
export interface OpenedAdapter {
  adapter: AgentAdapter;
  source: 'built_in' | 'configured';
  mostRunning: number | undefined;
  /** What it is given that nobody is to see. */
  secrets: string[];
}

interface AnyAgent {
  environment: Record<string, string>;
  pass_environment: string[];
  most_running?: number | undefined;
}

/**
 * An adapter for each agent of a kind: those that are known, and those that are configured, which
 * win over a known one of the same name.
 * @throws Error that names what is wrong with one that is configured
 */
export function configuredAgents<A extends AnyAgent>({
  kind,
  schema,
  known,
  configured,
  variables,
  create,
}: {
  kind: string;
  schema: z.ZodType<A>;
  known: Record<string, A>;
  /** All of `agents.json`, of other kinds too. */
  configured: Record<string, { kind: string }>;
  /** Variables of the environment of BorgOS, by their names. */
  variables: (names: readonly string[]) => Record<string, string>;
  create: (name: string, agent: A, passed: Record<string, string>) => AgentAdapter;
}): OpenedAdapter[] {
  const open = (name: string, agent: A, source: OpenedAdapter['source']): OpenedAdapter => {
    const passed = variables(agent.pass_environment);
    const secrets = Object.entries({ ...passed, ...agent.environment })
      .filter(([name]) => /key|token|secret|passw|auth/i.test(name))
      .map(([, value]) => value);
    const adapter = create(name, agent, passed);
    return { adapter, source, mostRunning: agent.most_running, secrets };
  };
  const own = Object.entries(configured).filter(([, agent]) => agent.kind === kind);
  return [
    ...Object.entries(known)
      .filter(([name]) => !Object.hasOwn(configured, name))
      .map(([name, agent]) => open(name, agent, 'built_in')),
    ...own.map(([name, agent]) => open(name, parsed(schema, name, agent), 'configured')),
  ];
}

function parsed<A>(schema: z.ZodType<A>, name: string, agent: object): A {
  const result = schema.safeParse(agent);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `  - agents.${[name, ...path].join('.')}: ${message}`,
  );
  throw new Error(`agents.json is wrong, so BorgOS does not start.\n${problems.join('\n')}`);
}
