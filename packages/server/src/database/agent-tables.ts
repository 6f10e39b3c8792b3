import type { Approval } from '@borgos/contracts/agent-approvals';
import type { NewSchedule, Schedule } from '@borgos/contracts/agent-schedules';
import type { AgentTask, TaskEvent } from '@borgos/contracts/agent-tasks';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { GeneratedTimestamp, Json, NullableJson, NullableTimestamp } from './column-types.ts';

interface AgentTasksTable {
  id: GeneratedAlways<number>;
  project_id: number | null;
  agent_type: string;
  task_type: string;
  description: string;
  prompt: string | null;
  status: Generated<AgentTask['status']>;
  status_reason: string | null;
  priority: number;
  input_data: Json<Record<string, unknown>>;
  output_data: NullableJson<Record<string, unknown>>;
  error_code: AgentTask['error_code'];
  error_message: string | null;
  model: string | null;
  permission_policy: AgentTask['permission_policy'];
  deadline_seconds: number;
  max_tokens: number | null;
  max_cost_usd: number | null;
  input_tokens: Generated<number>;
  output_tokens: Generated<number>;
  cost_usd: number | null;
  attempt: Generated<number>;
  last_seq: Generated<number>;
  cancel_requested_at: NullableTimestamp;
  comment: string | null;
  session: string | null;
  worktree: string | null;
  branch: string | null;
  base_branch: string | null;
  base_commit: string | null;
  review: Generated<AgentTask['review']>;
  schedule_id: number | null;
  trigger_key: string | null;
  trigger_depth: Generated<number>;
  created_at: GeneratedTimestamp;
  started_at: NullableTimestamp;
  completed_at: NullableTimestamp;
}

interface AgentAttemptsTable {
  task_id: number;
  number: number;
  external_ref: string;
  home: string;
  saved: NullableJson<Record<string, unknown>>;
  position: Generated<number>;
  input_tokens: Generated<number>;
  output_tokens: Generated<number>;
  cost_usd: number | null;
  started_at: GeneratedTimestamp;
  ended_at: NullableTimestamp;
}

interface AgentTaskEventsTable {
  task_id: number;
  seq: number;
  attempt: number;
  type: TaskEvent['type'];
  data: Json<Record<string, unknown>>;
  created_at: GeneratedTimestamp;
}

interface AgentApprovalsTable {
  id: GeneratedAlways<number>;
  task_id: number;
  attempt: number;
  request_id: string;
  title: string;
  kind: Approval['kind'];
  details: NullableJson<unknown>;
  status: Generated<Approval['status']>;
  decided_by: string | null;
  created_at: GeneratedTimestamp;
  expires_at: ColumnType<string, string | Date, string | Date>;
  decided_at: NullableTimestamp;
}

interface AgentSchedulesTable {
  id: GeneratedAlways<number>;
  name: string;
  project_id: number | null;
  is_active: boolean;
  cron: string | null;
  timezone: string;
  trigger_event: NonNullable<Schedule['trigger']>['event'] | null;
  trigger_project_id: number | null;
  most_per_hour: number;
  task: Json<NewSchedule['task']>;
  next_run_at: NullableTimestamp;
  last_run_at: NullableTimestamp;
  last_task_id: number | null;
  last_problem: string | null;
  last_event_seq: number | null;
  runs: Generated<number>;
  skipped: Generated<number>;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
}

interface AgentTriggerPositionTable {
  is_only: Generated<boolean>;
  seq: number;
}

/** The tables of tasks of agents: see migrations/0020-agent-tasks.sql. */
export interface AgentTables {
  agent_tasks: AgentTasksTable;
  agent_attempts: AgentAttemptsTable;
  agent_task_events: AgentTaskEventsTable;
  agent_approvals: AgentApprovalsTable;
  agent_schedules: AgentSchedulesTable;
  agent_trigger_position: AgentTriggerPositionTable;
}
