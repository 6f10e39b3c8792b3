-- The first answer to each Idempotency-Key, for 24 hours.
create table idempotency_keys (
  caller text not null,
  key text not null,
  -- Of method, path and body.
  fingerprint bytea not null,
  -- These three: null while the request is being answered.
  status integer,
  headers jsonb,
  -- Encrypted: an answer may hold a secret that is shown once. Null also when it is too large.
  body text,
  -- By the clock of the server, as the end of the 24 hours is.
  created_at timestamptz not null,
  primary key (caller, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
