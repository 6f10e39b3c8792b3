-- Shared by all servers on this database. Not logged: after a crash of PostgreSQL everybody may
-- begin anew.
create unlogged table rate_limits (
  key text primary key,
  per_minute integer not null,
  burst integer not null,
  -- In 60,000ths of a token: a millisecond refills `per_minute` of them, so all is whole and exact.
  used double precision not null,
  -- When that was so, in Unix milliseconds.
  at double precision not null,
  -- How many of those who asked together last were let through.
  allowed integer not null
  -- No other index, and room in each page: so a change stays in its page and leaves no garbage.
) with (fillfactor = 50);

create unlogged table login_failures (
  -- `user:<name>` or `address:<address>`.
  key text primary key,
  failures integer not null,
  blocked_until timestamptz not null,
  last_at timestamptz not null
);
create index login_failures_last_at on login_failures (last_at);
