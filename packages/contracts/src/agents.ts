import { z } from 'zod';
import { permissionPolicy } from './agent-tasks.ts';
import { defineEndpoint } from './endpoint.ts';
import { timestamp } from './fields.ts';

export const agentKind = z.enum(['agent-zero', 'acp', 'command']).meta({
  id: 'AgentKind',
  description:
    'How it is spoken to: Agent Zero by HTTP, the Agent Client Protocol, or a command that prints what it does.',
});

export type AgentKind = z.infer<typeof agentKind>;

export const agentCapabilities = z
  .object({
    needs_worktree: z.boolean().meta({
      description: 'It works on files here: with a project it gets a git worktree of its own.',
    }),
    permissions: z.boolean().meta({ description: 'It can ask before it does something.' }),
    resumes: z.boolean().meta({ description: 'It works on while BorgOS is started anew.' }),
    sessions: z.boolean().meta({ description: 'It can go on with what it did, after a comment.' }),
    usage: z.enum(['live', 'end', 'none']).meta({
      description: 'When it tells how many tokens it used; a budget needs `live`.',
    }),
    cost: z.boolean().meta({ description: 'It tells itself what it cost.' }),
  })
  .meta({ id: 'AgentCapabilities', description: 'What BorgOS can do with an agent.' });

export type AgentCapabilities = z.infer<typeof agentCapabilities>;

export const agent = z
  .object({
    name: z.string().meta({ description: 'The `agent_type` of tasks.', examples: ['claude'] }),
    title: z.string().meta({ examples: ['Claude Code'] }),
    kind: agentKind,
    source: z.enum(['built_in', 'configured']).meta({
      description: '`configured`: it is in `agents.json` of `BORGOS_HOME`.',
    }),
    available: z.boolean().meta({ description: 'Whether it can work now.' }),
    reason: z.string().nullable().meta({ description: 'Why it cannot, and what to do about it.' }),
    version: z.string().nullable(),
    location: z
      .string()
      .nullable()
      .meta({ description: 'Its program or address.', examples: ['/usr/local/bin/claude'] }),
    capabilities: agentCapabilities,
    default_policy: permissionPolicy,
    running: z.int().min(0).meta({ description: 'How many of its tasks run now.' }),
    most_running: z.int().min(1).meta({ description: 'How many may.' }),
    checked_at: timestamp.nullable(),
  })
  .meta({ id: 'Agent', description: 'A program that works on projects.' });

export type Agent = z.infer<typeof agent>;

export const agents = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agents',
    tag: 'Agents',
    summary: 'List the agents',
    description:
      'Those that BorgOS knows and those of `agents.json` in `BORGOS_HOME`: whether they are there and what they can do. Looked at anew when the last look is older than 10 seconds.',
    scope: 'agents:read',
    status: 200,
    response: z.array(agent),
    errors: [],
  }),
};
