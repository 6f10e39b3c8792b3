-- What deployments keep. A row is there before the engine's volume and goes after it, so that there
-- is none that nobody knows of. It outlives its deployment, and its project.
create table volumes (
  id integer generated always as identity primary key,
  name text not null,
  project_id integer references projects (id) on delete set null,
  project_name text not null,
  -- Null: it is gone. The next of that project and name gets the volume.
  deployment_id integer references deployments (id) on delete set null,
  deployment_name text not null,
  runtime text not null check (runtime in ('docker', 'process')),
  -- By these two its content is found: the id of the deployment that it was made for, and what the
  -- engine calls it. They stay what they are, whatever is renamed.
  made_for integer not null,
  engine_name text not null,
  -- Who asked for it to be deleted: what is not done yet is taken up again.
  deleted_by jsonb,
  created_at timestamptz not null default now(),
  constraint volumes_name_key unique (project_id, deployment_name, name, runtime)
);
create index volumes_deployment on volumes (deployment_id);

-- What a release is started with; null: what its recipe says.
alter table revisions add column volumes jsonb;
