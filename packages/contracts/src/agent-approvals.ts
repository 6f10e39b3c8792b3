import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const approvalKind = z
  .enum(['read', 'write', 'execute', 'network', 'other'])
  .meta({ description: 'What kind of thing the agent wants to do.' });

export const approvalStatus = z
  .enum(['pending', 'allowed', 'denied', 'expired'])
  .meta({ description: '`expired`: nobody answered in time, or the task ended before.' });

export const approval = z
  .object({
    id,
    task_id: id,
    attempt: z.int().min(1),
    title: z.string().meta({ description: 'What it asks for.', examples: ['Write to a.txt'] }),
    kind: approvalKind,
    details: z.unknown().meta({ description: 'What exactly, as the agent says it.' }),
    status: approvalStatus,
    decided_by: z.string().nullable().meta({ description: 'Whose answer it was.' }),
    created_at: timestamp,
    expires_at: timestamp.meta({ description: 'From then on it is denied.' }),
    decided_at: timestamp.nullable(),
  })
  .meta({ id: 'AgentApproval', description: 'Something that an agent asked before it does it.' });

export type Approval = z.infer<typeof approval>;

const tag = 'Agents';

export const agentApprovals = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/agent/approvals',
    tag,
    summary: 'List what agents ask',
    description:
      'Newest first. The event `task_approval_requested` tells of each when it is asked.',
    scope: 'agents:read',
    query: z.strictObject({
      ...pageQuery,
      status: approvalStatus.optional().meta({ description: 'Only those that are so.' }),
      task_id: id.optional().meta({ description: 'Only those of this task.' }),
    }),
    status: 200,
    response: approval,
    list: true,
    errors: [],
  }),
  decide: defineEndpoint({
    method: 'POST',
    path: '/api/v1/agent/approvals/{id}',
    tag,
    summary: 'Answer an agent',
    description:
      'The agent waits for it. The same answer again changes nothing; another one is 409.',
    scope: 'agents:write',
    params: idParams,
    body: z.strictObject({
      decision: z.enum(['allow', 'deny']).meta({ description: 'For this one thing.' }),
    }),
    status: 200,
    response: approval,
    errors: ['NOT_FOUND', 'CONFLICT'],
  }),
};
