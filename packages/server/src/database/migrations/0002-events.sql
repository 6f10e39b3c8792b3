-- Everything that happened. `seq` grows in the order of commits, so that a reader who has seen 7 is
-- never shown a 6 later: it is given at the commit itself, under a lock that ends with it.
create table events (
  id bigint generated always as identity primary key,
  seq bigint constraint events_seq_key unique,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
create sequence events_seq owned by events.seq;

create function number_event() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('borgos_events'));
  update events set seq = nextval('events_seq') where id = new.id;
  perform pg_notify('borgos_events', '');
  return null;
end $$;

create constraint trigger number_event after insert on events
  deferrable initially deferred for each row execute function number_event();
