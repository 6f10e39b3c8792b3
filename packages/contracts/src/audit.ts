import { z } from 'zod';
import { actor, credential } from './caller.ts';
import { defineEndpoint } from './endpoint.ts';
import { id, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const auditEntry = z
  .object({
    seq: z.int().meta({ description: 'Grows with every change, in the order of commits.' }),
    type: z.string().meta({ description: 'What happened.', examples: ['deployment_created'] }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'To what, and how.' }),
    actor,
    timestamp,
    hash: hash.meta({
      description:
        'SHA-256 over this entry and the hash of the one before: see `/audit/verification`.',
    }),
  })
  .meta({ id: 'AuditEntry', description: 'Something that was done, and by whom.' });

export type AuditEntry = z.infer<typeof auditEntry>;

export const auditVerification = z
  .object({
    valid: z.boolean().meta({ description: 'Nothing was changed, removed or put in.' }),
    checked: z.int().meta({ description: 'How many entries were looked at.' }),
    head: z
      .object({ seq: z.int(), hash })
      .nullable()
      .meta({ description: 'The newest entry; keep it elsewhere, to compare it later.' }),
    broken_at: z
      .int()
      .nullable()
      .meta({ description: 'The `seq` of the first entry that is not as it was written.' }),
    problem: z.string().nullable().meta({ description: 'What is wrong with it, for a person.' }),
  })
  .meta({ id: 'AuditVerification', description: 'Whether the audit trail is as it was written.' });

export type AuditVerification = z.infer<typeof auditVerification>;

const tag = 'Audit';

export const audit = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/audit',
    tag,
    summary: 'Read who did what',
    description: 'Newest first. All filters given must match.',
    scope: 'admin:read',
    query: z.strictObject({
      ...pageQuery,
      type: z
        .array(z.string().regex(/^[a-z_]{1,50}$/))
        .max(50)
        .optional()
        .meta({ description: 'Only these, separated by commas.', examples: [['login_failed']] }),
      user: z
        .string()
        .min(1)
        .max(64)
        .regex(printable)
        .optional()
        .meta({ description: 'Only what this user did.' }),
      token_id: id.optional().meta({ description: 'Only what was done with this API token.' }),
      credential: credential.optional(),
      address: z
        .string()
        .min(1)
        .max(45)
        .regex(/^[0-9a-fA-F:.]+$/, 'must be an IP address')
        .optional()
        .meta({ description: 'Only what came from there.' }),
      object: z
        .string()
        .regex(
          /^(project|deployment|webhook|user|token):[1-9]\d{0,9}$/,
          'must be like "deployment:7"',
        )
        .optional()
        .meta({ description: 'Only what happened to this one.', examples: ['deployment:7'] }),
      since: timestamp.optional().meta({ description: 'Only what was not before.' }),
      until: timestamp.optional().meta({ description: 'Only what was before.' }),
    }),
    status: 200,
    response: auditEntry,
    list: true,
    errors: [],
  }),
  verify: defineEndpoint({
    method: 'GET',
    path: '/api/v1/audit/verification',
    tag,
    summary: 'Verify the audit trail',
    description:
      'Computes the hash of every entry anew, and compares the newest with what was noted outside of the database. Takes about a second for 100,000 entries.',
    scope: 'admin:read',
    status: 200,
    response: auditVerification,
    errors: [],
  }),
};
