-- What a search for projects looks at beside what is shown of them; columns of their own, lest every
-- list of projects carry them.
alter table projects
  add column description text,
  -- The beginning of its README, at most 2000 characters.
  add column readme text not null default '',
  add column dependency_names text[] not null default '{}';
