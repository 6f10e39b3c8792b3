import type { ApiToken } from '@borgos/contracts/auth';
import type { Scope } from '@borgos/contracts/endpoint';
import { sql } from 'kysely';
import { constraintOf, type Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';

const columns = [
  'id',
  'name',
  'prefix',
  'scopes',
  'rate_limit',
  'created_by',
  'created_at',
  'expires_at',
  'last_used_at',
  'last_used_from',
  'revoked_at',
] as const;

/** `active`: only those that work at `now`, or only those that don't. */
export interface TokenFilter {
  active?: boolean | undefined;
  now: Date;
}

export async function listTokens(
  db: Db,
  filter: TokenFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: ApiToken[]; total: number }> {
  const rows = await matching(db, filter)
    .select(columns)
    // In one statement, so that the page and the total are of the same moment.
    .select(sql<number>`count(*) over ()`.as('total'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const items = rows.map(({ total: _, ...token }) => token);
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (offset > 0 ? await countTokens(db, filter) : 0);
  return { items, total };
}

async function countTokens(db: Db, filter: TokenFilter): Promise<number> {
  const row = await matching(db, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

function matching(db: Db, { active, now }: TokenFilter) {
  const query = db.selectFrom('api_tokens');
  if (active === undefined) return query;
  return query.where(
    sql<boolean>`(revoked_at is null and coalesce(expires_at > ${now}, true)) = ${active}`,
  );
}

export async function findToken(db: Db, id: number): Promise<ApiToken | undefined> {
  return db.selectFrom('api_tokens').select(columns).where('id', '=', id).executeTakeFirst();
}

/** A token that was not revoked, with its owner as that is now. */
export async function findTokenByHash(db: Db, hash: Buffer) {
  return db
    .selectFrom('api_tokens')
    .leftJoin('users', 'users.id', 'api_tokens.user_id')
    .select([
      'api_tokens.id',
      'api_tokens.scopes',
      'api_tokens.rate_limit',
      'api_tokens.expires_at',
      'api_tokens.last_used_at',
      'api_tokens.user_id',
      'users.name as user_name',
      'users.scopes as user_scopes',
    ])
    .where('api_tokens.hash', '=', hash)
    .where('api_tokens.revoked_at', 'is', null)
    .executeTakeFirst();
}

export type FoundToken = NonNullable<Awaited<ReturnType<typeof findTokenByHash>>>;

export async function insertToken(
  db: Db,
  fields: {
    name: string;
    hash: Buffer;
    prefix: string;
    scopes: Scope[];
    rate_limit: string | null;
    user_id: number | null;
    created_by: string | null;
    expires_at: string | null;
  },
): Promise<ApiToken> {
  return db
    .insertInto('api_tokens')
    .values(fields)
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch((error) => {
      if (constraintOf(error) !== 'api_tokens_user_id_fkey') throw error;
      throw new AppError('UNAUTHORIZED', 'The user who makes this token was removed meanwhile', {
        cause: error,
      });
    });
}

/** Of those that belong to no user and were not revoked. */
export async function listTokensNamed(db: Db, name: string): Promise<number[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .select('id')
    .where('name', '=', name)
    .where('user_id', 'is', null)
    .where('revoked_at', 'is', null)
    .execute();
  return rows.map(({ id }) => id);
}

/** `undefined`: there is no such token, or it was revoked before. */
export async function revokeToken(db: Db, id: number, at: Date): Promise<ApiToken | undefined> {
  return db
    .updateTable('api_tokens')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning(columns)
    .executeTakeFirst();
}

export interface TokenUse {
  id: number;
  at: Date;
  address: string;
}

export async function recordTokenUses(db: Db, uses: TokenUse[]): Promise<void> {
  const ids = uses.map(({ id }) => id);
  const times = uses.map(({ at }) => at.toISOString());
  const addresses = uses.map(({ address }) => address);
  // Another server may have written a later use.
  await sql`
    update api_tokens set last_used_at = used.at, last_used_from = used.address
    from unnest(${ids}::integer[], ${times}::timestamptz[], ${addresses}::text[])
      as used (id, at, address)
    where api_tokens.id = used.id
      and (api_tokens.last_used_at is null or api_tokens.last_used_at < used.at)`.execute(db);
}
