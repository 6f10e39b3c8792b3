create table users (
  id integer generated always as identity primary key,
  name text not null constraint users_name_key unique,
  -- argon2id, in the PHC string format.
  password_hash text not null,
  scopes text[] not null,
  -- One higher with each change that ends sessions: an access token of before is refused.
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_login_at timestamptz
);

create table api_tokens (
  id integer generated always as identity primary key,
  name text not null,
  -- SHA-256: the token is random, so it needs no salt and no slow hash.
  hash bytea not null constraint api_tokens_hash_key unique,
  prefix text not null,
  scopes text[] not null,
  rate_limit text,
  user_id integer references users on delete cascade,
  created_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  last_used_from text,
  revoked_at timestamptz
);
create index api_tokens_user_id on api_tokens (user_id);

-- A login, renewed by refresh tokens that each work once.
create table sessions (
  id uuid primary key default gen_random_uuid(),
  user_id integer not null references users on delete cascade,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  -- Of the newest refresh token; with it the session ends.
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null references sessions on delete cascade,
  created_at timestamptz not null default now(),
  used_at timestamptz
);
create index refresh_tokens_session_id on refresh_tokens (session_id);

-- The token that makes the first administrator; SHA-256. It goes with its use.
alter table installation add column setup_token_hash bytea;
