import type { Domain } from '@borgos/contracts/domains';
import type { DomainProblems } from './domain-router.ts';
import type { DomainRow } from './store.ts';

export interface SharedPorts {
  /** `null`: there is none. */
  http: number | null;
  https: number | null;
}

/** A domain as the API shows it: what keeps visitors from its port is the first to be told. */
export function toDomain(row: DomainRow, ports: SharedPorts, problems: DomainProblems): Domain {
  const { domain, deployment_id, certificate, created_at, updated_at } = row;
  const isSecure = certificate !== null && ports.https !== null;
  const problem = problems.http ?? (isSecure ? problems.https : null) ?? offReason(ports);
  return {
    domain,
    deployment_id,
    url: urlOf(domain, ports, isSecure),
    status: problem === null ? row.status : 'failed',
    status_reason: problem ?? row.status_reason,
    certificate,
    next_attempt_at: row.status === 'issuing' ? null : row.next_attempt_at,
    created_at,
    updated_at,
  };
}

function offReason({ http }: SharedPorts): string | null {
  return http === null ? 'BORGOS_HTTP_PORT is not set: no port is shared by domains' : null;
}

function urlOf(domain: string, { http, https }: SharedPorts, isSecure: boolean): string {
  if (isSecure) return `https://${domain}${https === 443 ? '' : `:${https}`}`;
  return `http://${domain}${http === null || http === 80 ? '' : `:${http}`}`;
}
