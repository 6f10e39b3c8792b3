-- Errors that have the same cause: what people look at.
create table error_groups (
  id integer generated always as identity primary key,
  project_id integer references projects on delete cascade,
  fingerprint text not null,
  error_type text not null,
  title text not null,
  culprit text,
  grouped_by jsonb not null,
  -- These two: of the newest.
  severity text not null,
  message text not null,
  status text not null default 'open',
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  resolved_at timestamptz,
  -- The last error that is resolved: kept when the group is open again.
  resolved_through bigint,
  ignored_until timestamptz,
  regressed_at timestamptz,
  constraint error_groups_fingerprint unique nulls not distinct (fingerprint, project_id)
);
create index error_groups_last_seen on error_groups (last_seen desc, id desc);
create index error_groups_project on error_groups (project_id, last_seen desc, id desc);

-- Each of them, as it was logged. Project and deployment are not referenced: the group is, and goes
-- with its project; of a deployment that is gone the number stays.
create table errors (
  id bigint generated always as identity primary key,
  project_id integer,
  deployment_id integer,
  group_id integer not null references error_groups on delete cascade,
  error_type text not null,
  severity text not null,
  message text not null,
  stack_trace text,
  context jsonb not null default '{}',
  occurred_at timestamptz not null,
  -- What its sender calls it, so that what is sent twice is logged once.
  source_id text,
  -- Of letters and digits alone, so that a word of a path or a URL is one too.
  words tsvector not null generated always as (to_tsvector('simple',
    regexp_replace(error_type || ' ' || left(message, 2000), '[^[:alnum:]]+', ' ', 'g'))) stored
);
create index errors_newest on errors (occurred_at desc, id desc);
create index errors_severity on errors (severity, occurred_at desc, id desc);
create index errors_project on errors (project_id, occurred_at desc, id desc);
create index errors_deployment on errors (deployment_id, occurred_at desc, id desc)
  where deployment_id is not null;
create index errors_group on errors (group_id, occurred_at desc, id desc);
create unique index errors_source on errors (project_id, source_id) where source_id is not null;
create index errors_words on errors using gin (words);

-- How many there are, so that nobody has to count a million rows. 0: no deployment.
create table error_counts (
  group_id integer not null references error_groups on delete cascade,
  error_type text not null,
  severity text not null,
  deployment_id integer not null,
  count bigint not null,
  -- Of these, not resolved.
  open bigint not null,
  primary key (group_id, error_type, severity, deployment_id)
);
create table error_hours (
  group_id integer not null references error_groups on delete cascade,
  hour timestamptz not null,
  count integer not null,
  primary key (group_id, hour)
);
create index error_hours_hour on error_hours (hour);

-- With which the apps of a project report errors; made when somebody asks for it.
create table project_keys (
  project_id integer primary key references projects on delete cascade,
  key text not null unique default replace(gen_random_uuid()::text, '-', '')
);

-- Up to where the output of a deployment was looked through for errors, in bytes.
create table output_positions (
  deployment_id integer primary key references deployments on delete cascade,
  position bigint not null
);
