-- MCP servers of the user, whose tools are offered beside those of BorgOS.
create table mcp_servers (
  id integer generated always as identity primary key,
  name text not null unique,
  transport text not null check (transport in ('stdio', 'http')),
  command jsonb,
  url text,
  -- JSON, sealed: names and values.
  environment text,
  headers text,
  environment_names text[] not null default '{}',
  header_names text[] not null default '{}',
  call_timeout_seconds integer not null default 30,
  is_enabled boolean not null default false,
  -- Higher with every change of how it is reached: a connection of an older one is not used.
  version integer not null default 1,
  problems jsonb not null default '[]',
  listed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((command is not null) = (transport = 'stdio')),
  check ((url is not null) = (transport = 'http'))
);

create table mcp_server_tools (
  server_id integer not null references mcp_servers on delete cascade,
  -- As the server calls it.
  server_name text not null,
  -- As agents call it.
  name text not null unique,
  is_enabled boolean not null default false,
  is_read_only boolean not null default false,
  -- As the server last listed it; null: not any more.
  current jsonb,
  hash text,
  -- As it was when somebody switched it on; what was changed since is not called.
  approved jsonb,
  approved_hash text,
  primary key (server_id, server_name),
  check (not is_enabled or approved is not null)
);
