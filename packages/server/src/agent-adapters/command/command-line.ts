import type { AgentRequest, AgentRunOptions } from '../../agents/adapter.ts';
import type { CommandAgent } from './command-agent.ts';

export interface CommandLine {
  argv: string[];
  environment: Record<string, string>;
  /** Whether the prompt comes on the standard input. */
  readsPrompt: boolean;
}

/** What is run for a task: every placeholder is one argument or a part of one, never split. */
export function commandLineOf(
  agent: CommandAgent,
  { prompt, model, session }: Pick<AgentRequest, 'prompt' | 'model' | 'session'>,
  { cwd, permissionPolicy }: Pick<AgentRunOptions, 'cwd' | 'permissionPolicy'>,
  promptFile: string,
): CommandLine {
  const hasSession = session !== null && agent.session_command !== undefined;
  const template = [
    ...(hasSession ? (agent.session_command ?? []) : agent.command),
    ...(agent.policy_arguments[permissionPolicy] ?? []),
    ...(model === null ? [] : agent.model_arguments),
  ];
  const values: Record<string, string> = {
    prompt: prompt.replaceAll('\0', ''),
    prompt_file: promptFile,
    cwd,
    model: model ?? '',
    session: session ?? '',
  };
  return {
    argv: template.map((argument) =>
      argument.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
    ),
    environment: { ...agent.environment, ...agent.policy_environment[permissionPolicy] },
    readsPrompt: !template.some((argument) => /\{prompt(?:_file)?\}/.test(argument)),
  };
}
