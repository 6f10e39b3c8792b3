import type { Actor } from '@borgos/contracts/caller';
import type { DeploymentStatus, FailureCode } from '@borgos/contracts/deployments';
import type { Scope } from '@borgos/contracts/endpoint';
import type { EventType } from '@borgos/contracts/events';
import type { Question } from '@borgos/contracts/mcp';
import type { Project } from '@borgos/contracts/projects';
import type { Scan, Scores } from '@borgos/contracts/scans';
import type { VolumeMount } from '@borgos/contracts/volumes';
import type { Delivery, Webhook } from '@borgos/contracts/webhooks';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { Recipe } from '../deployments/recipe.ts';
import type { AgentTables } from './agent-tables.ts';
import type {
  GeneratedJson,
  GeneratedTimestamp,
  Json,
  NullableJson,
  NullableTimestamp,
} from './column-types.ts';
import type { AcmeAccountsTable, DomainsTable } from './domain-tables.ts';
import type {
  ErrorCountsTable,
  ErrorGroupsTable,
  ErrorHoursTable,
  LoggedErrorsTable,
} from './error-tables.ts';
import type { McpServersTable, McpServerToolsTable } from './mcp-server-tables.ts';

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
  description: string | null;
  readme: Generated<string>;
  dependency_names: Generated<string[]>;
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
  keeps_release: Generated<boolean>;
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
  root: string | null;
  /** `null`: those of the recipe. */
  volumes: NullableJson<VolumeMount[]>;
  runtime: 'docker' | 'process' | null;
  recipe: NullableJson<Recipe>;
  artifact: string | null;
  failure_code: FailureCode | null;
  failure_reason: string | null;
  created_by: NullableJson<Actor>;
  source_commit: string | null;
  rollback_of: number | null;
  rolled_back_from: number | null;
  cancelled_at: NullableTimestamp;
  created_at: GeneratedTimestamp;
  built_at: NullableTimestamp;
  served_at: NullableTimestamp;
}

interface VolumesTable {
  id: GeneratedAlways<number>;
  name: string;
  project_id: number | null;
  project_name: string;
  deployment_id: number | null;
  deployment_name: string;
  runtime: 'docker' | 'process';
  made_for: number;
  engine_name: string;
  deleted_by: NullableJson<Actor>;
  created_at: GeneratedTimestamp;
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
  hash: GeneratedAlways<Buffer | null>;
  /** Not a deed: it is told, but no part of the audit trail, and has no hash. */
  telemetry: Generated<boolean>;
  created_at: GeneratedTimestamp;
  /** These five: of `data` and `actor`, to look entries up by. */
  object_id: GeneratedAlways<string | null>;
  actor_credential: GeneratedAlways<string>;
  actor_user: GeneratedAlways<string | null>;
  actor_token_id: GeneratedAlways<string | null>;
  actor_address: GeneratedAlways<string | null>;
}

/** One row: what is no longer kept of the events. */
interface EventFloorTable {
  oldest_seq: Generated<number>;
  chain_seq: number | null;
  chain_hash: Buffer | null;
}

interface ProjectKeysTable {
  project_id: number;
  key: Generated<string>;
}

interface OutputPositionsTable {
  deployment_id: number;
  position: number;
}

interface WebhooksTable {
  id: GeneratedAlways<number>;
  url: string;
  events: Webhook['events'];
  description: string | null;
  is_active: Generated<boolean>;
  /** Encrypted, as the next one. */
  secret: string;
  previous_secret: string | null;
  previous_secret_until: NullableTimestamp;
  disabled_reason: string | null;
  disabled_at: NullableTimestamp;
  failing_since: NullableTimestamp;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
}

interface WebhookDeliveriesTable {
  id: GeneratedAlways<number>;
  webhook_id: number;
  message_id: Generated<string>;
  event: Delivery['event'];
  body: string;
  status: Generated<Delivery['status']>;
  /** Of this round of the schedule. */
  failures: Generated<number>;
  attempts: GeneratedJson<Delivery['attempts']>;
  request_headers: GeneratedJson<Record<string, string>>;
  response: NullableJson<NonNullable<Delivery['response']>>;
  next_attempt_at: NullableTimestamp;
  claimed_until: NullableTimestamp;
  created_at: GeneratedTimestamp;
  completed_at: NullableTimestamp;
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

interface DeploymentMetricsTable {
  deployment_id: number;
  at: ColumnType<string, string | Date, string | Date>;
  cpu_measured: number | null;
  cpu_cores: number | null;
  memory_bytes: number | null;
  memory_limit_bytes: number | null;
  network_received_bytes: number | null;
  network_sent_bytes: number | null;
  status_2xx: number | null;
  status_3xx: number | null;
  status_4xx: number | null;
  status_5xx: number | null;
  proxy_errors: number | null;
  aborted: number | null;
  upgrades: number | null;
  latency_p50_ms: number | null;
  latency_p90_ms: number | null;
  latency_p99_ms: number | null;
  open_connections: number | null;
  restarts: number | null;
  latency: NullableJson<[milliseconds: number, count: number][]>;
}

interface QuestionsTable {
  id: GeneratedAlways<number>;
  query_type: Question['query_type'];
  query: string;
  context: Json<Record<string, unknown>>;
  context_id: string | null;
  result: NullableJson<unknown>;
  model: string;
  tokens_used: number;
  steps: Json<Question['steps']>;
  error: string | null;
  actor: Json<Actor>;
  created_at: GeneratedTimestamp;
}

/** Every table, for Kysely; the SQL itself is in migrations/. */
export interface Tables extends AgentTables {
  projects: ProjectsTable;
  scans: ScansTable;
  deployments: DeploymentsTable;
  revisions: RevisionsTable;
  volumes: VolumesTable;
  port_leases: PortLeasesTable;
  domains: DomainsTable;
  acme_accounts: AcmeAccountsTable;
  events: EventsTable;
  event_floor: EventFloorTable;
  errors: LoggedErrorsTable;
  error_groups: ErrorGroupsTable;
  error_counts: ErrorCountsTable;
  error_hours: ErrorHoursTable;
  project_keys: ProjectKeysTable;
  output_positions: OutputPositionsTable;
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
  installation: InstallationTable;
  users: UsersTable;
  api_tokens: ApiTokensTable;
  sessions: SessionsTable;
  refresh_tokens: RefreshTokensTable;
  rate_limits: RateLimitsTable;
  login_failures: LoginFailuresTable;
  idempotency_keys: IdempotencyKeysTable;
  deployment_metrics: DeploymentMetricsTable;
  questions: QuestionsTable;
  mcp_servers: McpServersTable;
  mcp_server_tools: McpServerToolsTable;
}
