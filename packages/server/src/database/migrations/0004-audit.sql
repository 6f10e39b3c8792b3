-- The events table is also the audit trail: who did it, and a chain of hashes over all entries, so
-- that an entry that was changed, removed or put in later shows.
alter table events add column actor jsonb not null default
  '{"credential": "system", "user": null, "token_id": null, "address": null, "request_id": null}';
alter table events alter column actor drop default;
alter table events add column hash bytea;

-- What is hashed of an entry: five lines, as neither a type nor the text of a jsonb has a line end
-- in it. It is the same whatever the session is set to: a jsonb has numerics, no floats, and every
-- PostgreSQL writes it in one way, with its keys in one order; the time is in UTC. audit/store.ts
-- reads the same line.
create function audit_line(entry events) returns text language sql stable as $$
  select concat_ws(E'\n', entry.seq, entry.type, entry.data, entry.actor,
    to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- SHA-256 of the hash before (of nothing, for the first entry) and the line.
create function audit_hash(previous bytea, entry events) returns bytea language sql stable as $$
  select sha256(coalesce(previous, ''::bytea) || convert_to(audit_line(entry), 'UTF8'))
$$;

-- `seq` is one more than that of the entry before, and no longer from a sequence, which a commit
-- that fails leaves a gap in: so a gap shows what was removed, and the unique key refuses a second
-- heir of one entry.
create or replace function number_event() returns trigger language plpgsql as $$
declare
  entry events;
  previous_seq bigint;
  previous_hash bytea;
begin
  perform pg_advisory_xact_lock(hashtext('borgos_events'));
  select seq, hash into previous_seq, previous_hash
    from events where seq is not null order by seq desc limit 1;
  entry := new;
  entry.seq := coalesce(previous_seq, 0) + 1;
  update events set seq = entry.seq, hash = audit_hash(previous_hash, entry) where id = new.id;
  perform pg_notify('borgos_events', '');
  return null;
end $$;
drop sequence events_seq;

do $$
declare
  entry events;
  previous bytea;
begin
  for entry in select * from events where seq is not null order by seq loop
    previous := audit_hash(previous, entry);
    update events set hash = previous where id = entry.id;
  end loop;
end $$;
alter table events add constraint events_hash_with_seq check ((seq is null) = (hash is null));

-- What is written stays. This keeps mistakes out; against who may change the schema there is the
-- chain. Only number_event may add to an entry, and only these two.
create function keep_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.seq is null and (new.id, new.type, new.data, new.actor, new.created_at)
        is not distinct from (old.id, old.type, old.data, old.actor, old.created_at) then
      return new;
    end if;
  end if;
  raise exception 'events are only ever added, never changed or removed: they are the audit trail';
end $$;

create trigger keep_event before update or delete on events
  for each row execute function keep_event();
create trigger keep_events before truncate on events
  for each statement execute function keep_event();

-- What entries are looked for by, as columns: only of a column can an index answer by itself how many
-- there are. Text, as a number could be refused, and with it the change that the entry tells of.
alter table events
  add column object_id text generated always as (data ->> 'id') stored,
  add column actor_credential text generated always as (actor ->> 'credential') stored,
  add column actor_user text generated always as (actor ->> 'user') stored,
  add column actor_token_id text generated always as (actor ->> 'token_id') stored,
  add column actor_address text generated always as (actor ->> 'address') stored;

-- Partial: an entry gets its place in them once, with its seq. With the time, to read ranges of it.
create index events_time on events (seq, created_at) where seq is not null;
create index events_type on events (type, seq) include (created_at) where seq is not null;
create index events_object on events (object_id, type, seq) include (created_at)
  where seq is not null and object_id is not null;
create index events_credential on events (actor_credential, seq) include (created_at)
  where seq is not null;
create index events_user on events (actor_user, seq) include (created_at)
  where seq is not null and actor_user is not null;
create index events_token on events (actor_token_id, seq) include (created_at)
  where seq is not null and actor_token_id is not null;
create index events_address on events (actor_address, seq) include (created_at)
  where seq is not null and actor_address is not null;
