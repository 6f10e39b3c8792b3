-- Which database this is, in one row: a home is not started with another one than its own, by whose
-- tables nothing of what is deployed would be wanted.
create table installation (
  id uuid not null default gen_random_uuid(),
  only_one boolean primary key default true check (only_one)
);
insert into installation default values;
