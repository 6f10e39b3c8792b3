import type { Actor } from '@borgos/contracts/caller';
import type { DeploymentStatus, FailureCode } from '@borgos/contracts/deployments';
import type { Scope } from '@borgos/contracts/endpoint';
import type { EventType } from '@borgos/contracts/events';
import type { Project } from '@borgos/contracts/projects';
import type { Scan, Scores } from '@borgos/contracts/scans';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { Recipe } from '../deployments/recipe.ts';

/** A `timestamptz`: read as ISO 8601 text, written as text or Date. */
type GeneratedTimestamp = ColumnType<string, never, string | Date>;
type NullableTimestamp = ColumnType<
  string | null,
  string | Date | null | undefined,
  string | Date | null
>;
/** A `jsonb`: read parsed, written as JSON text, lest an array be taken for an SQL one. */
type Json<T> = ColumnType<T, string, string>;
type GeneratedJson<T> = ColumnType<T, string | undefined, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

interface ProjectsTable {
  id: GeneratedAlways<number>;
  name: string;
  path: string;
  zenith_id: string | null;
  project_type: Project['project_type'];
  tech_stack: string[];
  health_score: Generated<number>;
  vibe_score: Generated<number>;
  eco_score: Generated<number>;
  errors: GeneratedJson<Project['errors']>;
  metadata: GeneratedJson<Project['metadata']>;
  is_active: Generated<boolean>;
  scan_status: Generated<Project['scan_status']>;
  last_scan_at: NullableTimestamp;
  own_tech_stack: Generated<string[]>;
  own_project_type: Project['project_type'] | null;
  missing_since: NullableTimestamp;
  fingerprint: string | null;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
}

interface ScansTable {
  id: GeneratedAlways<number>;
  project_id: number;
  status: Generated<Scan['status']>;
  status_reason: string | null;
  trigger: Scan['trigger'];
  stage: Scan['stage'];
  files_found: Generated<number>;
  files_done: Generated<number>;
  files_read: number | null;
  truncated: string | null;
  lines_of_code: number | null;
  errors_found: number | null;
  health_score: number | null;
  vibe_score: number | null;
  eco_score: number | null;
  commit: string | null;
  changes: NullableJson<NonNullable<Scan['changes']>>;
  scores: NullableJson<Scores>;
  created_at: GeneratedTimestamp;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
}

interface DeploymentsTable {
  id: GeneratedAlways<number>;
  project_id: number;
  name: string;
  port: number;
  desired: Generated<'running' | 'stopped' | 'deleted'>;
  generation: Generated<number>;
  wished_at: GeneratedTimestamp;
  wanted_revision: Generated<number>;
  status: Generated<DeploymentStatus>;
  status_reason: string | null;
  failure_code: FailureCode | null;
  stage: string | null;
  settled_generation: Generated<number>;
  active_revision: number | null;
  active_generation: number | null;
  runtime: 'docker' | 'process' | null;
  container_id: string | null;
  process_id: number | null;
  limits_enforced: boolean | null;
  restarts: Generated<number>;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
  started_at: NullableTimestamp;
  stopped_at: NullableTimestamp;
  observed_at: NullableTimestamp;
}

interface RevisionsTable {
  deployment_id: number;
  number: number;
  environment: Json<Record<string, string>>;
  /** Encrypted values by name. */
  secrets: GeneratedJson<Record<string, string>>;
  cpu_limit: string | null;
  memory_limit: string | null;
  health_check_path: string | null;
  runtime: 'docker' | 'process' | null;
  recipe: NullableJson<Recipe>;
  artifact: string | null;
  failure_code: FailureCode | null;
  failure_reason: string | null;
  created_at: GeneratedTimestamp;
  built_at: NullableTimestamp;
  served_at: NullableTimestamp;
}

interface PortLeasesTable {
  port: number;
  deployment_id: number;
  created_at: GeneratedTimestamp;
}

interface EventsTable {
  id: GeneratedAlways<number>;
  /** Given at the commit: every row that others can see has one. */
  seq: GeneratedAlways<number>;
  type: EventType;
  data: Json<unknown>;
  actor: Json<Actor>;
  /** Given with `seq`. */
  hash: GeneratedAlways<Buffer>;
  created_at: GeneratedTimestamp;
  /** These five: of `data` and `actor`, to look entries up by. */
  object_id: GeneratedAlways<string | null>;
  actor_credential: GeneratedAlways<string>;
  actor_user: GeneratedAlways<string | null>;
  actor_token_id: GeneratedAlways<string | null>;
  actor_address: GeneratedAlways<string | null>;
}

interface InstallationTable {
  id: GeneratedAlways<string>;
  setup_token_hash: Buffer | null;
  key_id: string | null;
  key_check: string | null;
}

interface UsersTable {
  id: GeneratedAlways<number>;
  name: string;
  password_hash: string;
  scopes: Scope[];
  version: Generated<number>;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
  last_login_at: NullableTimestamp;
}

interface ApiTokensTable {
  id: GeneratedAlways<number>;
  name: string;
  hash: Buffer;
  prefix: string;
  scopes: Scope[];
  rate_limit: string | null;
  user_id: number | null;
  created_by: string | null;
  created_at: GeneratedTimestamp;
  expires_at: NullableTimestamp;
  last_used_at: NullableTimestamp;
  last_used_from: string | null;
  revoked_at: NullableTimestamp;
}

interface SessionsTable {
  id: GeneratedAlways<string>;
  user_id: number;
  scopes: Scope[];
  created_at: GeneratedTimestamp;
  expires_at: ColumnType<string, string | Date, string | Date>;
  revoked_at: NullableTimestamp;
}

interface RefreshTokensTable {
  hash: Buffer;
  session_id: string;
  created_at: GeneratedTimestamp;
  used_at: NullableTimestamp;
}

interface RateLimitsTable {
  key: string;
  per_minute: number;
  burst: number;
  used: number;
  at: number;
  allowed: number;
}

interface LoginFailuresTable {
  key: string;
  failures: number;
  blocked_until: ColumnType<string, string | Date, string | Date>;
  last_at: ColumnType<string, string | Date, string | Date>;
}

interface IdempotencyKeysTable {
  caller: string;
  key: string;
  fingerprint: Buffer;
  status: number | null;
  headers: NullableJson<Record<string, string>>;
  body: string | null;
  created_at: ColumnType<string, Date, Date>;
}

/** Every table, for Kysely; the SQL itself is in migrations/. */
export interface Tables {
  projects: ProjectsTable;
  scans: ScansTable;
  deployments: DeploymentsTable;
  revisions: RevisionsTable;
  port_leases: PortLeasesTable;
  events: EventsTable;
  installation: InstallationTable;
  users: UsersTable;
  api_tokens: ApiTokensTable;
  sessions: SessionsTable;
  refresh_tokens: RefreshTokensTable;
  rate_limits: RateLimitsTable;
  login_failures: LoginFailuresTable;
  idempotency_keys: IdempotencyKeysTable;
}
