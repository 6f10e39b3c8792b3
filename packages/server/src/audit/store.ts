import type { AuditEntry } from '@borgos/contracts/audit';
import type { ListResult } from '@borgos/contracts/endpoint';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

export interface AuditFilter {
  type?: string[] | undefined;
  user?: string | undefined;
  token_id?: number | undefined;
  credential?: string | undefined;
  address?: string | undefined;
  /** `deployment:7` */
  object?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

/** An entry as the chain sees it. */
export interface Link {
  seq: number;
  /** What is hashed of it. */
  line: string;
  /** Hexadecimal; `null` was never written by BorgOS. */
  hash: string | null;
}

export interface Head {
  seq: number;
  hash: string;
}

const hexHash = sql<string>`encode(hash, 'hex')`;
/**
 * The line of migrations/0004-audit.sql, of what PostgreSQL itself brings along: a function in the
 * schema is as open to whoever could change entries as these are.
 */
const line = sql<string>`concat_ws(chr(10), seq, type, data, actor,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))`;

/** Types of events by what they are about, where that is more than those named after it. */
const kinds: Record<string, string> = { user: '^(user|login|session)_' };

export async function listEntries(
  db: Db,
  filter: AuditFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<AuditEntry>> {
  // Both of these are answered by an index alone; only the page itself is fetched.
  const page = matching(db, filter)
    .select('seq')
    .orderBy('seq', 'desc')
    .limit(limit)
    .offset(offset);
  const count = matching(db, filter).select(sql<number>`count(*)`.as('total'));
  const rows = await db
    .selectFrom('events')
    .select(['seq', 'type', 'data', 'actor', 'created_at as timestamp'])
    .select(hexHash.as('hash'))
    // In one statement, so that the page and the total are of the same moment.
    .select(count.as('total'))
    .where('seq', 'in', page)
    .orderBy('seq', 'desc')
    .execute();
  // What appendEvent wrote is an object.
  const items = rows.map(({ total: _, ...entry }) => entry as AuditEntry);
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (await count.executeTakeFirstOrThrow()).total;
  return { items, total };
}

function matching(db: Db, filter: AuditFilter) {
  // What has none is told, but is no deed; the indexes are of those that have one.
  let query = db.selectFrom('events').where('hash', 'is not', null);
  if (filter.type?.length) query = query.where(sql<string>`type`, 'in', filter.type);
  if (filter.user !== undefined) query = query.where('actor_user', '=', filter.user);
  if (filter.token_id !== undefined) {
    query = query.where('actor_token_id', '=', String(filter.token_id));
  }
  if (filter.credential) query = query.where('actor_credential', '=', filter.credential);
  if (filter.address) query = query.where('actor_address', '=', filter.address);
  if (filter.object) {
    const [kind = '', id = ''] = filter.object.split(':');
    query = query
      .where('object_id', '=', id)
      .where(sql<string>`type`, '~', kinds[kind] ?? `^${kind}_`);
  }
  // As dates, since PostgreSQL has no year 0000.
  if (filter.since) query = query.where('created_at', '>=', sql<string>`${new Date(filter.since)}`);
  if (filter.until) query = query.where('created_at', '<', sql<string>`${new Date(filter.until)}`);
  return query;
}

/** The newest entry; `undefined` when there is none. */
export async function findHead(db: Db): Promise<{ seq: number; hash: string | null } | undefined> {
  return db
    .selectFrom('events')
    .select(['seq', hexHash.$castTo<string | null>().as('hash')])
    .where('seq', 'is not', null)
    .where('telemetry', '=', false)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The hash of an entry; `undefined` when there is no such entry. */
export async function findHash(db: Db, seq: number): Promise<string | null | undefined> {
  const row = await db
    .selectFrom('events')
    .select(hexHash.$castTo<string | null>().as('hash'))
    .where('seq', '=', seq)
    .executeTakeFirst();
  return row?.hash;
}

/** What the chain goes on from: the last entry that was too old to be kept. */
export async function findFloor(db: Db): Promise<Head | undefined> {
  const row = await db
    .selectFrom('event_floor')
    .select(['chain_seq as seq', sql<string | null>`encode(chain_hash, 'hex')`.as('hash')])
    .executeTakeFirst();
  return row?.seq && row.hash ? { seq: row.seq, hash: row.hash } : undefined;
}

/** The next entries after one, in order, up to another. */
export async function readLinks(
  db: Db,
  range: { after: number; upTo: number; limit: number },
): Promise<Link[]> {
  return db
    .selectFrom('events')
    .select(['seq', line.as('line'), hexHash.$castTo<string | null>().as('hash')])
    .where('seq', '>', range.after)
    .where('seq', '<=', range.upTo)
    .where('telemetry', '=', false)
    .orderBy('seq')
    .limit(range.limit)
    .execute();
}

/** Whether the database is of a BorgOS that has a trail: an older one is migrated at its start. */
export async function hasTrail(db: Db): Promise<boolean> {
  const { rows } = await sql<{ exists: boolean }>`
    select exists (select from pg_attribute
      where attrelid = to_regclass('events') and attname = 'telemetry') as exists`.execute(db);
  return rows[0]?.exists ?? false;
}
