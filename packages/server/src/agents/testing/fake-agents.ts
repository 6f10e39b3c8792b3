import path from 'node:path';

const adapters = path.join(import.meta.dirname, '../../agent-adapters');
const script = path.join(adapters, 'command/testing/fake-agent.ts');
const acpScript = path.join(adapters, 'acp/testing/fake-acp-agent.ts');

/** An `agents.json` with fake agents in it: `fake`, `fake-<format>` for some formats, and `fake-acp`. */
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
      'fake-acp': { kind: 'acp', command: [process.execPath, acpScript, '--http'] },
      missing: { kind: 'command', command: ['no-such-program'] },
    },
    ...more,
  };
}
