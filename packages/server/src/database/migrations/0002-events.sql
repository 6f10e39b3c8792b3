-- Everything that happened, in the order of commits: see events/append.ts.
create table events (
  seq bigint generated always as identity primary key,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
