create table projects (
  id integer generated always as identity primary key,
  name text not null,
  path text not null constraint projects_path_key unique,
  zenith_id text,
  project_type text,
  tech_stack text[] not null default '{}',
  health_score integer not null default 0,
  vibe_score integer not null default 75,
  eco_score integer not null default 80,
  errors jsonb not null default '[]',
  metadata jsonb not null default '{"lines_of_code": null, "test_coverage": null, "dependencies": null}',
  is_active boolean not null default true,
  scan_status text not null default 'not_scanned',
  last_scan_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index projects_newest on projects (created_at desc, id desc);
create index projects_tech_stack on projects using gin (tech_stack);

-- What the user wants (desired, generation) and what is (status and the columns after it) are apart:
-- requests write the first, the worker that carries them out writes the second.
create table deployments (
  id integer generated always as identity primary key,
  project_id integer not null constraint deployments_project_id_fkey references projects (id),
  name text not null,
  port integer not null,
  desired text not null default 'running' check (desired in ('running', 'stopped', 'deleted')),
  -- Grows with every request to deploy, start, restart, stop or delete; the newest wins.
  generation integer not null default 1,
  -- When the newest of them came.
  wished_at timestamptz not null default now(),
  -- The release asked for: its settings are those that are shown.
  wanted_revision integer not null default 1,
  status text not null default 'queued',
  status_reason text,
  failure_code text,
  stage text,
  -- The generation whose request has been carried out, or has failed.
  settled_generation integer not null default 0,
  -- What serves now.
  active_revision integer,
  active_generation integer,
  runtime text,
  container_id text,
  process_id integer,
  limits_enforced boolean,
  restarts integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  stopped_at timestamptz,
  observed_at timestamptz,
  constraint deployments_name_key unique (project_id, name)
);
create index deployments_newest on deployments (created_at desc, id desc);
create index deployments_status on deployments (status);

-- One release: what was built, and with what it is started.
create table revisions (
  deployment_id integer not null references deployments (id) on delete cascade,
  number integer not null,
  environment jsonb not null,
  cpu_limit text,
  memory_limit text,
  health_check_path text,
  runtime text,
  recipe jsonb,
  -- The runtime's reference to what was built; null before and after a failed build.
  artifact text,
  failure_code text,
  failure_reason text,
  created_at timestamptz not null default now(),
  built_at timestamptz,
  -- When it first got visitors; what never did is removed when it fails.
  served_at timestamptz,
  primary key (deployment_id, number)
);

-- Who may use a port. The unique index makes one winner of a race.
create table port_leases (
  port integer primary key,
  deployment_id integer not null references deployments (id) on delete cascade,
  created_at timestamptz not null default now()
);
create unique index port_leases_deployment on port_leases (deployment_id);
