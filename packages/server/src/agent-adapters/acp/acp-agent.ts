import { z } from 'zod';
import { agentFields, command, moreArguments } from '../agent-fields.ts';

/** An agent that is started with `command` and speaks the Agent Client Protocol over stdio. */
export const acpAgent = z.strictObject({
  kind: z.literal('acp'),
  ...agentFields,
  /** The program and its arguments. */
  command,
  /** Other names of its program: the first that is found is started. */
  other_programs: z.array(z.string().min(1).max(4_096)).max(5).default([]),
  /** Put after the others, where a model is asked for; without any the session is told. */
  model_arguments: moreArguments.default([]),
  /** It can go on with a session after a comment: `session/resume` or `session/load`. */
  sessions: z.boolean().default(true),
});

export type AcpAgent = z.infer<typeof acpAgent>;

const anthropic = ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'CLAUDE_CONFIG_DIR'];
const google = ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_CLOUD_PROJECT'];
const openai = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL'];

/** The agents that are looked for on the search path without anybody having configured them. */
export const knownAcpAgents: Record<string, AcpAgent> = {
  'claude-acp': acpAgent.parse({
    kind: 'acp',
    title: 'Claude Code (ACP)',
    // It was renamed; both are installed.
    command: ['claude-agent-acp'],
    other_programs: ['claude-code-acp'],
    pass_environment: anthropic,
  }),
  'codex-acp': acpAgent.parse({
    kind: 'acp',
    title: 'Codex (ACP)',
    command: ['codex-acp'],
    pass_environment: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'CODEX_HOME'],
  }),
  gemini: acpAgent.parse({
    kind: 'acp',
    title: 'Gemini CLI',
    command: ['gemini', '--acp'],
    model_arguments: ['--model', '{model}'],
    pass_environment: google,
  }),
  'opencode-acp': acpAgent.parse({
    kind: 'acp',
    title: 'OpenCode (ACP)',
    command: ['opencode', 'acp'],
    pass_environment: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
  }),
  copilot: acpAgent.parse({
    kind: 'acp',
    title: 'GitHub Copilot CLI',
    command: ['copilot', '--acp', '--stdio'],
    pass_environment: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN'],
  }),
  goose: acpAgent.parse({
    kind: 'acp',
    title: 'Goose',
    command: ['goose', 'acp'],
    pass_environment: [...anthropic, ...google, ...openai, 'GOOSE_PROVIDER', 'GOOSE_MODEL'],
  }),
  qwen: acpAgent.parse({
    kind: 'acp',
    title: 'Qwen Code',
    command: ['qwen', '--acp'],
    model_arguments: ['--model', '{model}'],
    pass_environment: [...openai, 'DASHSCOPE_API_KEY'],
  }),
};
