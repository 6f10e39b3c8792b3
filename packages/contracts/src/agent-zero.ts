import { z } from 'zod';
import { newTask } from './agent-tasks.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, message } from './fields.ts';

/** What Agent Zero can do, in the order in which it is told. */
export const agentZeroCapabilities = [
  'code_execution',
  'web_browsing',
  'file_operations',
  'shell_commands',
  'memory_management',
  'task_scheduling',
  'multi_agent_coordination',
  'knowledge_retrieval',
  'image_analysis',
  'api_integration',
] as const;

const running = z.boolean().meta({
  description: 'Whether it answers. A start can take minutes, and is `false` meanwhile.',
});
const port = z
  .int()
  .min(1)
  .max(65_535)
  .meta({ examples: [8085] });
const uiUrl = z
  .string()
  .nullable()
  .meta({
    description: 'Its page; `null` while it does not run.',
    examples: ['http://localhost:8085'],
  });

export const agentZeroStatus = z
  .object({
    running,
    port,
    process_id: z.int().nullable().meta({
      description:
        'Of a container, its first process on this machine. `null` while it does not run, and where it is no process of BorgOS.',
    }),
    directory: z
      .string()
      .nullable()
      .meta({
        description: '`BORGOS_AGENT_ZERO_DIR`; `null`: it is not set.',
        examples: ['/srv/agent-zero'],
      }),
    ui_url: uiUrl,
  })
  .meta({ id: 'AgentZeroStatus', description: 'Whether Agent Zero runs, and where.' });

export type AgentZeroStatus = z.infer<typeof agentZeroStatus>;

const started = z.object({
  success: z.literal(true),
  status: z.object({ running, port, ui_url: uiUrl }),
});

const tag = 'Agent Zero';

export const agentZero = {
  status: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent-zero/status',
    tag,
    summary: 'See whether Agent Zero runs',
    description: 'Looked at anew: what has ended is never said to run.',
    scope: 'agents:read',
    status: 200,
    response: agentZeroStatus,
    errors: [],
  }),
  start: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent-zero/start',
    tag,
    summary: 'Start Agent Zero',
    description:
      'Starts the Agent Zero in `BORGOS_AGENT_ZERO_DIR`, or a container of `BORGOS_AGENT_ZERO_IMAGE`; one that runs is left as it is. When it does not answer within 20 seconds, `running` is `false` and it goes on starting. It is started again when it crashes, and outlives BorgOS.',
    scope: 'agents:write',
    status: 200,
    response: started,
    errors: ['AGENT_ZERO_NOT_CONFIGURED', 'AGENT_ZERO_FAILED', 'PORT_IN_USE', 'CONFLICT'],
  }),
  stop: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent-zero/stop',
    tag,
    summary: 'Stop Agent Zero',
    description:
      'Ends its tasks and the process with all that it started: politely, after 10 seconds by force. A container has 70 seconds, and is removed. Its port is free then.',
    scope: 'agents:write',
    status: 200,
    response: z.object({ success: z.literal(true) }),
    errors: ['AGENT_ZERO_NOT_CONFIGURED', 'AGENT_ZERO_FAILED', 'CONFLICT'],
  }),
  restart: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent-zero/restart',
    tag,
    summary: 'Stop and start Agent Zero',
    description: 'As the two after another.',
    scope: 'agents:write',
    status: 200,
    response: started,
    errors: ['AGENT_ZERO_NOT_CONFIGURED', 'AGENT_ZERO_FAILED', 'PORT_IN_USE', 'CONFLICT'],
  }),
  execute: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent-zero/execute',
    tag,
    summary: 'Give Agent Zero a task',
    description:
      'As `POST /api/v1/agent/task` with `agent_type` `agent-zero`: `GET /api/v1/agent/tasks/{id}` says what came of it. It waits while Agent Zero does not run.',
    scope: 'agents:write',
    body: z.strictObject({
      type: newTask.shape.task_type,
      description: newTask.shape.description,
      prompt: newTask.shape.prompt,
      context: newTask.shape.input_data.meta({
        description:
          'Whatever Agent Zero needs to know; `project_id` in it is the project of the task, and `files` names up to 20 files that it is to leave in the folder of its task: their text is in `output_data.files`.',
        examples: [{ project_id: 1, log_path: '/logs/app.log' }],
      }),
    }),
    status: 202,
    response: z.object({ message, task_id: id }),
    errors: ['VALIDATION_FAILED', 'NOT_FOUND'],
  }),
  capabilities: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent-zero/capabilities',
    tag,
    summary: 'List what Agent Zero can do',
    description: 'Always the same ten words, whether it runs or not.',
    scope: 'agents:read',
    status: 200,
    response: z.array(z.enum(agentZeroCapabilities)),
    errors: [],
  }),
};
