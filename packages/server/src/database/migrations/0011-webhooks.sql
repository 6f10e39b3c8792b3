create table webhooks (
  id integer generated always as identity primary key,
  url text not null,
  -- Names of events and patterns of them: '*', 'deployment.*', 'error.critical'.
  events text[] not null,
  description text,
  is_active boolean not null default true,
  secret text not null,
  previous_secret text,
  previous_secret_until timestamptz,
  disabled_reason text,
  disabled_at timestamptz,
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- One event on its way to one webhook, written in the transaction of the change it tells of.
create table webhook_deliveries (
  id bigint generated always as identity primary key,
  webhook_id integer not null references webhooks on delete cascade,
  message_id uuid not null default gen_random_uuid(),
  event text not null,
  body text not null,
  status text not null default 'pending',
  failures integer not null default 0,
  attempts jsonb not null default '[]',
  request_headers jsonb not null default '{}',
  response jsonb,
  next_attempt_at timestamptz default now(),
  -- Until then a server is sending it; one that was killed lets it run out.
  claimed_until timestamptz,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  check ((status = 'pending') = (next_attempt_at is not null))
);
create index webhook_deliveries_of on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at)
  where status = 'pending';
create index webhook_deliveries_age on webhook_deliveries (created_at);
