import path from 'node:path';

const script = path.join(import.meta.dirname, '../../agent-adapters/command/testing/fake-agent.ts');

/** An `agents.json` with the fake command agent in it: `fake`, and `fake-<format>` for some formats. */
export function fakeAgents(limits: Record<string, number> = {}, more: object = {}): object {
  const agent = (format: string) => ({
    kind: 'command',
    command: [process.execPath, script, format],
    session_command: [process.execPath, script, format, '--session', '{session}'],
    format,
    most_running: 50,
  });
  return {
    limits: { running: 20, per_agent: 20, per_project: 20, ...limits },
    agents: {
      fake: { ...agent('borgos'), environment: { FAKE_API_KEY: 'quite-ordinary-words' } },
      'fake-claude': agent('claude'),
      'fake-text': { ...agent('text'), session_command: undefined },
      missing: { kind: 'command', command: ['no-such-program'] },
    },
    ...more,
  };
}
