-- What the user wrote is kept apart from what scans find, which comes and goes.
alter table projects
  add column own_tech_stack text[] not null default '{}',
  add column own_project_type text,
  add column missing_since timestamptz,
  -- By which a project of Zenith is known again after it was moved.
  add column fingerprint text;
update projects set own_tech_stack = tech_stack, own_project_type = project_type;

create table scans (
  id integer generated always as identity primary key,
  project_id integer not null references projects on delete cascade,
  status text not null default 'queued',
  status_reason text,
  trigger text not null,
  stage text,
  files_found integer not null default 0,
  files_done integer not null default 0,
  files_read integer,
  truncated text,
  lines_of_code integer,
  errors_found integer,
  health_score integer,
  vibe_score integer,
  eco_score integer,
  commit text,
  changes jsonb,
  -- Each score with all its checks.
  scores jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index scans_project_id on scans (project_id, id);
-- One at a time: who asks for another one joins it.
create unique index scans_one_active on scans (project_id) where status in ('queued', 'running');
