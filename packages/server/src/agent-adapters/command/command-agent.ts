import { z } from 'zod';
import { agentFields, command, moreArguments, variables } from '../agent-fields.ts';

/**
 * An agent that is a program: it is given a prompt, prints what it does, and ends. In arguments
 * `{prompt_file}`, `{prompt}`, `{cwd}`, `{model}` and `{session}` are replaced; without one of the
 * first two the prompt comes on the standard input. Nothing of it goes through a shell.
 */
export const commandAgent = z.strictObject({
  kind: z.literal('command'),
  ...agentFields,
  /** The program and its arguments. */
  command,
  /** In place of `command`, to go on with a session. */
  session_command: command.optional(),
  /** Put after the others, where a model is asked for. */
  model_arguments: moreArguments.default([]),
  /** Put after the others, by what the agent may do. */
  policy_arguments: z
    .partialRecord(z.enum(['ask', 'allow_reads', 'allow_all']), moreArguments)
    .default({}),
  policy_environment: z
    .partialRecord(z.enum(['ask', 'allow_reads', 'allow_all']), variables)
    .default({}),
  /** How its output is read. */
  format: z.enum(['text', 'borgos', 'claude', 'codex', 'opencode']).default('text'),
});

export type CommandAgent = z.infer<typeof commandAgent>;

/** The agents that are looked for on the search path without anybody having configured them. */
export const knownCommandAgents: Record<string, CommandAgent> = {
  claude: commandAgent.parse({
    kind: 'command',
    title: 'Claude Code',
    command: ['claude', '-p', '--output-format', 'stream-json', '--verbose'],
    session_command: [
      ...['claude', '-p', '--output-format', 'stream-json', '--verbose'],
      ...['--resume', '{session}'],
    ],
    model_arguments: ['--model', '{model}'],
    policy_arguments: {
      allow_reads: ['--allowedTools', 'Read,Glob,Grep'],
      allow_all: ['--permission-mode', 'bypassPermissions'],
    },
    format: 'claude',
    pass_environment: ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'CLAUDE_CONFIG_DIR'],
  }),
  codex: commandAgent.parse({
    kind: 'command',
    title: 'Codex',
    command: ['codex', 'exec', '--json', '--skip-git-repo-check', '-'],
    session_command: [
      ...['codex', 'exec', 'resume', '{session}'],
      ...['--json', '--skip-git-repo-check', '-'],
    ],
    model_arguments: ['--model', '{model}'],
    policy_arguments: {
      allow_reads: ['--config', 'sandbox_mode="read-only"'],
      allow_all: ['--dangerously-bypass-approvals-and-sandbox'],
    },
    format: 'codex',
    pass_environment: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'CODEX_HOME'],
  }),
  opencode: commandAgent.parse({
    kind: 'command',
    title: 'OpenCode',
    command: ['opencode', 'run', '--format', 'json'],
    session_command: ['opencode', 'run', '--format', 'json', '--session', '{session}'],
    model_arguments: ['--model', '{model}'],
    policy_environment: {
      allow_reads: {
        OPENCODE_PERMISSION: '{"edit":"deny","bash":"deny","webfetch":"deny"}',
      },
      allow_all: { OPENCODE_PERMISSION: '{"edit":"allow","bash":"allow","webfetch":"allow"}' },
    },
    format: 'opencode',
    pass_environment: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
  }),
  aider: commandAgent.parse({
    kind: 'command',
    title: 'Aider',
    command: [
      ...['aider', '--no-pretty', '--no-stream', '--no-check-update', '--yes-always'],
      ...['--message-file', '{prompt_file}'],
    ],
    model_arguments: ['--model', '{model}'],
    policy_arguments: { allow_reads: ['--dry-run'], allow_all: [] },
    format: 'text',
    pass_environment: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
  }),
};
