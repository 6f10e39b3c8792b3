-- Tasks by cron and by event. What is to be done is kept as it was asked for.
create table agent_schedules (
  id integer generated always as identity primary key,
  name text not null,
  project_id integer references projects on delete cascade,
  is_active boolean not null default true,
  cron text,
  timezone text not null default 'UTC',
  trigger_event text,
  trigger_project_id integer references projects on delete cascade,
  most_per_hour integer not null default 6,
  task jsonb not null,
  next_run_at timestamptz,
  last_run_at timestamptz,
  last_task_id integer,
  last_problem text,
  -- Of the last event that it looked at, so that none is looked at twice.
  last_event_seq bigint,
  runs integer not null default 0,
  skipped integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((cron is null) <> (trigger_event is null))
);
create index agent_schedules_due on agent_schedules (next_run_at) where is_active;

-- One row: up to which event triggers have been looked at.
create table agent_trigger_position (
  is_only boolean primary key default true check (is_only),
  seq bigint not null
);

create table agent_tasks (
  id integer generated always as identity primary key,
  project_id integer references projects on delete set null,
  agent_type text not null,
  task_type text not null,
  description text not null,
  prompt text,
  status text not null default 'pending',
  status_reason text,
  priority integer not null,
  input_data jsonb not null default '{}',
  output_data jsonb,
  error_code text,
  error_message text,
  model text,
  permission_policy text not null,
  deadline_seconds integer not null,
  max_tokens bigint,
  max_cost_usd double precision,
  -- Of all attempts.
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cost_usd double precision,
  attempt integer not null default 0,
  -- The newest seq of its events: they are counted here, so that none is left out.
  last_seq bigint not null default 0,
  cancel_requested_at timestamptz,
  -- What the next attempt is told in place of the prompt, in the same session.
  comment text,
  session text,
  worktree text,
  branch text,
  base_branch text,
  base_commit text,
  review text not null default 'none',
  schedule_id integer references agent_schedules on delete set null,
  -- The object of the event that it was made for, so that one is not made twice for it.
  trigger_key text,
  -- How many tasks led to this one, each by an event of the one before.
  trigger_depth integer not null default 0,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null))
);
create index agent_tasks_order on agent_tasks (priority desc, id);
create index agent_tasks_pending on agent_tasks (priority desc, id) where status = 'pending';
create index agent_tasks_running on agent_tasks (id) where status = 'running';
create index agent_tasks_status on agent_tasks (status, priority desc, id);
create index agent_tasks_project on agent_tasks (project_id, priority desc, id);
create index agent_tasks_schedule on agent_tasks (schedule_id, created_at)
  where schedule_id is not null;

-- Written before the agent is called: whatever happens then, it is known that it may have begun.
create table agent_attempts (
  task_id integer not null references agent_tasks on delete cascade,
  number integer not null,
  external_ref text not null unique,
  -- The home of the server that runs it, which alone can find it again.
  home text not null,
  saved jsonb,
  position bigint not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cost_usd double precision,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (task_id, number)
);
create index agent_attempts_open on agent_attempts (home) where ended_at is null;

create table agent_task_events (
  task_id integer not null references agent_tasks on delete cascade,
  seq bigint not null,
  attempt integer not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null default now(),
  primary key (task_id, seq)
);

create table agent_approvals (
  id integer generated always as identity primary key,
  task_id integer not null references agent_tasks on delete cascade,
  attempt integer not null,
  request_id text not null,
  title text not null,
  kind text not null,
  details jsonb,
  status text not null default 'pending',
  decided_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  decided_at timestamptz,
  unique (task_id, attempt, request_id)
);
create index agent_approvals_pending on agent_approvals (expires_at) where status = 'pending';
