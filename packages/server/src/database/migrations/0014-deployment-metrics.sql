-- What deployments used and answered, in steps of five minutes; those of ten seconds are in memory.
-- Everything may be null: it is not known.
create table deployment_metrics (
  deployment_id integer not null references deployments on delete cascade,
  -- The beginning of the step.
  at timestamptz not null,
  -- Seconds of the step in which the CPU time was measured.
  cpu_measured real,
  cpu_cores real,
  memory_bytes bigint,
  memory_limit_bytes bigint,
  network_received_bytes bigint,
  network_sent_bytes bigint,
  status_2xx bigint,
  status_3xx bigint,
  status_4xx bigint,
  status_5xx bigint,
  proxy_errors bigint,
  aborted bigint,
  upgrades bigint,
  latency_p50_ms real,
  latency_p90_ms real,
  latency_p99_ms real,
  open_connections bigint,
  restarts bigint,
  -- While the step goes on: how often answers took how long, so that a restart can add to it.
  latency jsonb,
  primary key (deployment_id, at)
);
-- Tiny, and enough to find the old ones: rows come in the order of time.
create index deployment_metrics_at on deployment_metrics using brin (at);
