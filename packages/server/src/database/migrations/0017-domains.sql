-- The names that deployments are visited under, and how each one gets its certificate.
create table domains (
  domain text primary key,
  deployment_id integer not null references deployments on delete cascade,
  status text not null default 'pending',
  status_reason text,
  -- What visitors are shown; its key is sealed.
  certificate jsonb,
  certificate_chain text,
  certificate_key text,
  -- An order under way: the key of the certificate to come, sealed, and what its issuer will ask for.
  order_url text,
  order_key text,
  challenge_token text,
  challenge_answer text,
  failures integer not null default 0,
  last_attempt_at timestamptz,
  -- Null: no certificate is wanted.
  next_attempt_at timestamptz,
  -- The server that works on it, and until when at most; one that was killed lets it run out.
  claimed_by text,
  claimed_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((certificate is null) = (certificate_chain is null)),
  check ((certificate is null) = (certificate_key is null))
);
create index domains_of on domains (deployment_id);
create index domains_due on domains (next_attempt_at);

-- With whom certificates are ordered, and as whom.
create table acme_accounts (
  directory text not null,
  email text not null,
  key text not null,
  -- Null: not registered yet.
  url text,
  created_at timestamptz not null default now(),
  primary key (directory, email)
);
