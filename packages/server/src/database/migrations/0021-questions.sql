-- Questions in plain language, with what came of them: transcripts, and the memory of conversations.
create table questions (
  id bigint generated always as identity primary key,
  query_type text not null,
  query text not null,
  -- What it was about, as found out: the next question of the conversation is about the same.
  context jsonb not null,
  context_id text,
  result jsonb,
  model text not null,
  tokens_used integer not null,
  steps jsonb not null,
  error text,
  actor jsonb not null,
  created_at timestamptz not null default now()
);
create index questions_conversation on questions (context_id, id desc) where context_id is not null;
create index questions_created_at on questions (created_at);
