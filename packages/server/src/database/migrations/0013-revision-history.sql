-- Who asked for a release, from which sources it was built, and what became of it.
alter table revisions
  -- Null: of before this was kept.
  add column created_by jsonb,
  add column source_commit text,
  -- The folder in the project's directory that is built; null: the directory itself.
  add column root text,
  -- A rollback: the revision whose build and settings it has, and the one that served until then.
  add column rollback_of integer,
  add column rolled_back_from integer,
  -- When somebody called it off before it served.
  add column cancelled_at timestamptz;

-- The newest wish is to go on with the release that serves, instead of starting it anew.
alter table deployments add column keeps_release boolean not null default false;
