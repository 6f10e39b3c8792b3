import type { RateLimit } from '@borgos/contracts/caller';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { type Usage, unitsPerToken } from './gcra.ts';

export interface Asked {
  key: string;
  limit: RateLimit;
  /** How many tokens are asked for. */
  tokens: number;
}

export interface Granted extends Usage {
  key: string;
  /** How many of the tokens were given. */
  allowed: number;
}

const unit = sql`${unitsPerToken}::double precision`;
/** Once for each row, after the wait for its lock: as the time goes on only forwards then. */
const clock = sql`
  (select floor(extract(epoch from clock_timestamp()) * 1000)::double precision as at) as clock`;

/**
 * Takes from several keys at once, each named once, what there is of the tokens asked for; in one
 * statement, and by the database's clock, so that it is exact whoever else takes. What it computes
 * is `take` in gcra.ts.
 */
export async function takeTokens(db: Db, asked: Asked[]): Promise<Granted[]> {
  // In the order of keys, lest two servers wait for each other.
  const { rows } = await sql<Granted>`
    insert into rate_limits as known (key, per_minute, burst, used, at, allowed)
    select key, per_minute, burst, least(tokens, burst) * ${unit}, clock.at, least(tokens, burst)
      from unnest(
             ${asked.map(({ key }) => key)}::text[],
             ${asked.map(({ limit }) => limit.perMinute)}::integer[],
             ${asked.map(({ limit }) => limit.burst)}::integer[],
             ${asked.map(({ tokens }) => tokens)}::integer[]
           ) as asked (key, per_minute, burst, tokens),
           ${clock}
     order by key collate "C"
    on conflict (key) do update set (per_minute, burst, used, at, allowed) = (
      select excluded.per_minute, excluded.burst,
             before.used + granted.tokens * ${unit}, clock.at, granted.tokens
        from ${clock},
             lateral (
               select least(
                 greatest(known.used - greatest(clock.at - known.at, 0) * excluded.per_minute, 0),
                 excluded.burst * ${unit}
               ) as used
             ) as before,
             lateral (
               select least(
                 excluded.allowed,
                 floor((excluded.burst * ${unit} - before.used) / ${unit})::integer
               ) as tokens
             ) as granted
    )
    returning key, used, at, allowed`.execute(db);
  return rows;
}

/**
 * Forgets keys that have everything again, `most` at most, and says how many. Passes over those that
 * are being used at the moment.
 */
export async function deleteRefilled(db: Db, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from rate_limits where key in (
      select key from rate_limits
       where at + used / per_minute <= extract(epoch from now()) * 1000
       limit ${most} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows);
}
