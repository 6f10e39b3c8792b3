import type { Agent } from '@borgos/contracts/agents';
import { AppError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import type { AgentAdapter, AgentHealth } from './adapter.ts';

export interface RegisteredAgent {
  adapter: AgentAdapter;
  source: Agent['source'];
  mostRunning: number;
}

/** The agents that there are, and what was last seen of each. */
export interface AgentRegistry {
  readonly agents: readonly RegisteredAgent[];
  /** @throws AppError AGENT_UNKNOWN */
  get(name: string): RegisteredAgent;
  find(name: string): RegisteredAgent | undefined;
  /** Looks anew when the last look is older than 10 seconds, or `freshMs`. */
  health(name: string, freshMs?: number): Promise<AgentHealth & { checkedAt: string }>;
}

const usualFreshMs = 10_000;
const probeTimeoutMs = 10_000;

/** @throws Error when two agents have the same name */
export function createAgentRegistry(agents: readonly RegisteredAgent[]): AgentRegistry {
  const byName = new Map(agents.map((agent) => [agent.adapter.name, agent]));
  if (byName.size !== agents.length) {
    const names = agents.map(({ adapter }) => adapter.name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    throw new Error(`There are two agents of the name ${twice}: rename one in agents.json.`);
  }
  const looks = new Map<
    string,
    { at: number; look: Promise<AgentHealth & { checkedAt: string }> }
  >();

  function get(name: string): RegisteredAgent {
    const agent = byName.get(name);
    if (agent) return agent;
    const names = [...byName.keys()].sort();
    const near = nearestName(name, names);
    throw new AppError(
      'AGENT_UNKNOWN',
      `There is no agent "${name}"${near ? `; did you mean ${near}?` : ''} There are: ${names.join(', ')}. More are added in agents.json of BORGOS_HOME`,
    );
  }

  async function look({ adapter }: RegisteredAgent): Promise<AgentHealth & { checkedAt: string }> {
    const late = new Promise<AgentHealth>((resolve) => {
      const reason = 'It did not say within 10 s whether it is there';
      const none = { available: false, reason, version: null, location: null };
      setTimeout(resolve, probeTimeoutMs, none).unref();
    });
    const health = await Promise.race([adapter.probe(), late]);
    return { ...health, checkedAt: new Date().toISOString() };
  }

  return {
    agents,
    get,
    find: (name) => byName.get(name),
    health(name, freshMs = usualFreshMs) {
      const known = looks.get(name);
      if (known && performance.now() - known.at < freshMs) return known.look;
      const looking = { at: performance.now(), look: look(get(name)) };
      looks.set(name, looking);
      looking.look.catch(() => looks.delete(name));
      return looking.look;
    },
  };
}
