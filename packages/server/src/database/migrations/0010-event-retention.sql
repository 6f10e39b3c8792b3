-- What is told but is no deed, as progress and logged errors, comes in great numbers: it is in the
-- feed, but not in the chain of the audit trail, and is kept for a shorter time.
alter table events add column telemetry boolean not null default false;
alter table events drop constraint events_hash_with_seq;
alter table events add constraint events_hash_with_seq
  check ((hash is null) = (seq is null or telemetry));

create or replace function number_event() returns trigger language plpgsql as $$
declare
  entry events;
  previous_seq bigint;
  previous_hash bytea;
begin
  perform pg_advisory_xact_lock(hashtext('borgos_events'));
  select seq into previous_seq from events where seq is not null order by seq desc limit 1;
  entry := new;
  entry.seq := coalesce(previous_seq, 0) + 1;
  if not new.telemetry then
    select hash into previous_hash from events where hash is not null order by seq desc limit 1;
    if not found then
      select chain_hash into previous_hash from event_floor;
    end if;
    entry.hash := audit_hash(previous_hash, entry);
  end if;
  update events set seq = entry.seq, hash = entry.hash where id = new.id;
  perform pg_notify('borgos_events', '');
  return null;
end $$;

-- What append_telemetry has numbered is done; everything else that is numbered already is refused by
-- keep_event.
drop trigger number_event on events;
create constraint trigger number_event after insert on events
  deferrable initially deferred for each row when (new.seq is null or not new.telemetry)
  execute function number_event();

-- Many entries of telemetry at once, for a transaction whose last statement this is: it holds back
-- everybody else's commit from here on. `entries` are data; the numbers they were given come back
-- in the same order.
create function append_telemetry(entry_type text, entries jsonb, entry_actor jsonb)
returns table (event_id bigint, event_seq bigint) language plpgsql as $$
declare
  previous_seq bigint;
begin
  perform pg_advisory_xact_lock(hashtext('borgos_events'));
  select seq into previous_seq from events where seq is not null order by seq desc limit 1;
  return query
    insert into events (seq, type, telemetry, data, actor)
    select coalesce(previous_seq, 0) + place, entry_type, true, entry, entry_actor
    from jsonb_array_elements(entries) with ordinality as given (entry, place)
    order by place
    returning id, seq;
  perform pg_notify('borgos_events', '');
end $$;

-- Where the feed begins by now, and what the chain of the audit trail goes on from.
create table event_floor (
  oldest_seq bigint not null default 1,
  chain_seq bigint,
  chain_hash bytea,
  check ((chain_seq is null) = (chain_hash is null))
);
create unique index event_floor_one on event_floor ((true));
insert into event_floor default values;

-- Only retention removes entries, and says so in its own transaction.
create or replace function keep_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('borgos.retention', true) = 'on' then
    return old;
  end if;
  if tg_op = 'UPDATE' then
    if old.seq is null
      and (new.id, new.type, new.telemetry, new.data, new.actor, new.created_at)
        is not distinct from
        (old.id, old.type, old.telemetry, old.data, old.actor, old.created_at) then
      return new;
    end if;
  end if;
  raise exception 'events are only ever added, never changed or removed: they are the audit trail';
end $$;

-- Of the audit trail alone now: by these it is read, and so an entry of telemetry costs little.
drop index events_time, events_type, events_object, events_credential, events_user, events_token,
  events_address;
create index events_time on events (seq, created_at) where hash is not null;
create index events_type on events (type, seq) include (created_at) where hash is not null;
create index events_object on events (object_id, type, seq) include (created_at)
  where hash is not null and object_id is not null;
create index events_credential on events (actor_credential, seq) include (created_at)
  where hash is not null;
create index events_user on events (actor_user, seq) include (created_at)
  where hash is not null and actor_user is not null;
create index events_token on events (actor_token_id, seq) include (created_at)
  where hash is not null and actor_token_id is not null;
create index events_address on events (actor_address, seq) include (created_at)
  where hash is not null and actor_address is not null;
create index events_telemetry on events (seq) include (created_at) where telemetry and seq is not null;
