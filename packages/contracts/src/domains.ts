import { z } from 'zod';
import { defineEndpoint } from './endpoint.ts';
import { id, idParams, message, printable, timestamp } from './fields.ts';
import { pageQuery } from './page.ts';

export const domainStatus = z.enum(['pending', 'issuing', 'active', 'failed']).meta({
  id: 'DomainStatus',
  description:
    '`pending`: its first certificate is still to be ordered; `issuing`: that is being done; `active`: visitors are served, within TLS if it has a `certificate`; `failed`: visitors cannot reach it as they should, `status_reason` says why, and it is tried again at `next_attempt_at`.',
});

export type DomainStatus = z.infer<typeof domainStatus>;

const name = z
  .string()
  .min(1)
  .max(1024)
  .regex(printable, 'must have no control characters')
  .meta({
    description:
      'A host name without scheme, port and path; other letters than those of ASCII as they are or as `xn--…`.',
    examples: ['shop.example.com'],
  });

export const domainCertificate = z
  .object({
    not_before: timestamp,
    not_after: timestamp.meta({ description: 'It is renewed when a third of its time is left.' }),
    issuer: z.string().meta({ examples: ["CN=R11, O=Let's Encrypt, C=US"] }),
    serial_number: z.string().meta({ description: 'In hexadecimal digits.' }),
    fingerprint_sha256: z
      .string()
      .meta({ description: 'Of the certificate, in 64 hexadecimal digits.' }),
  })
  .meta({ id: 'DomainCertificate', description: 'What visitors of a domain are shown.' });

export type DomainCertificate = z.infer<typeof domainCertificate>;

export const domain = z
  .object({
    domain: z.string().meta({
      description: 'In lower case and ASCII letters.',
      examples: ['shop.example.com'],
    }),
    deployment_id: id,
    url: z.string().meta({
      description: 'With the port that BorgOS listens on.',
      examples: ['https://shop.example.com'],
    }),
    status: domainStatus,
    status_reason: z.string().nullable().meta({
      description:
        'Why it is so, and what to do about it; also why a certificate could not be renewed.',
    }),
    certificate: domainCertificate
      .nullable()
      .meta({ description: '`null`: there is none yet, or TLS is off.' }),
    next_attempt_at: timestamp.nullable().meta({
      description: 'When a certificate is ordered next; `null`: TLS is off, or it is being done.',
    }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Domain', description: 'A name under which a deployment is visited.' });

export type Domain = z.infer<typeof domain>;

const tag = 'Domains';

export const domains = {
  list: defineEndpoint({
    method: 'GET',
    path: '/api/v1/deployments/{id}/domains',
    tag,
    summary: 'List the domains of a deployment',
    description: 'Newest first.',
    scope: 'deployments:read',
    params: idParams,
    query: z.strictObject(pageQuery),
    status: 200,
    response: domain,
    list: true,
    errors: ['NOT_FOUND'],
  }),
  add: defineEndpoint({
    method: 'POST',
    path: '/api/v1/deployments/{id}/domains',
    tag,
    summary: 'Add a domain to a deployment',
    description: `Visitors who ask the shared HTTP port (\`BORGOS_HTTP_PORT\`) for that name get this deployment, from now on and through redeploys. With \`BORGOS_HTTPS_PORT\` and \`BORGOS_ACME_EMAIL\` set, a certificate is ordered at once and renewed by itself; from then on visitors are sent on from HTTP to HTTPS. Follow it at \`GET /api/v1/deployments/{id}/domains\`.

The name must lead to this machine, and its port 80 to \`BORGOS_HTTP_PORT\`: who issues the certificate asks there. To add a domain again that the deployment has changes nothing, but a certificate that could not be had is tried for again at once, at most every 15 minutes.`,
    scope: 'deployments:write',
    params: idParams,
    body: z.strictObject({ domain: name }),
    status: 201,
    response: domain,
    errors: ['NOT_FOUND', 'DOMAINS_OFF', 'DOMAIN_IN_USE', 'CONFLICT'],
  }),
  remove: defineEndpoint({
    method: 'DELETE',
    path: '/api/v1/deployments/{id}/domains/{domain}',
    tag,
    summary: 'Remove a domain from a deployment',
    description: 'Its certificate is deleted, too. The deployment stays as it is.',
    scope: 'deployments:write',
    params: idParams.extend({ domain: name }),
    status: 200,
    response: z.object({ message }),
    errors: ['NOT_FOUND'],
  }),
};
