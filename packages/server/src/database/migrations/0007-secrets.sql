-- Which key secrets are encrypted with, and a known text encrypted with it: a home with another key
-- is refused at the start, before anything is lost.
alter table installation add column key_id text, add column key_check text;

-- Each value encrypted for its own place: `{"NAME": "<key>.<base64>"}`.
alter table revisions add column secrets jsonb not null default '{}';
