import type { DomainCertificate, DomainStatus } from '@borgos/contracts/domains';
import type { Generated } from 'kysely';
import type { GeneratedTimestamp, NullableJson, NullableTimestamp } from './column-types.ts';

export interface DomainsTable {
  domain: string;
  deployment_id: number;
  status: Generated<DomainStatus>;
  status_reason: string | null;
  certificate: NullableJson<DomainCertificate>;
  certificate_chain: string | null;
  certificate_key: string | null;
  order_url: string | null;
  order_key: string | null;
  challenge_token: string | null;
  challenge_answer: string | null;
  failures: Generated<number>;
  last_attempt_at: NullableTimestamp;
  next_attempt_at: NullableTimestamp;
  claimed_by: string | null;
  claimed_until: NullableTimestamp;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
}

export interface AcmeAccountsTable {
  directory: string;
  email: string;
  key: string;
  url: string | null;
  created_at: GeneratedTimestamp;
}
