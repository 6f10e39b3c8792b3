import type { Scope } from '@borgos/contracts/endpoint';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

export async function insertSession(
  db: Db,
  fields: { user_id: number; scopes: Scope[]; expires_at: Date },
): Promise<string> {
  const { id } = await db
    .insertInto('sessions')
    .values(fields)
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function insertRefreshToken(db: Db, sessionId: string, hash: Buffer): Promise<void> {
  await db.insertInto('refresh_tokens').values({ hash, session_id: sessionId }).execute();
}

/** A refresh token, used or not, with its session and user; locked until the transaction ends. */
export async function lockRefreshToken(db: Db, hash: Buffer) {
  return (
    db
      .selectFrom('refresh_tokens')
      .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select([
        'refresh_tokens.used_at',
        'sessions.id as session_id',
        'sessions.scopes',
        'sessions.expires_at',
        'sessions.revoked_at',
        'users.id as user_id',
        'users.name as user_name',
        'users.version',
      ])
      .where('refresh_tokens.hash', '=', hash)
      // Both: what is not locked is read as it was before the wait for the lock.
      .forUpdate(['refresh_tokens', 'sessions'])
      .executeTakeFirst()
  );
}

export async function useRefreshToken(
  db: Db,
  {
    hash,
    sessionId,
    at,
    expiresAt,
  }: { hash: Buffer; sessionId: string; at: Date; expiresAt: Date },
): Promise<void> {
  await db.updateTable('refresh_tokens').set({ used_at: at }).where('hash', '=', hash).execute();
  await db
    .updateTable('sessions')
    .set({ expires_at: expiresAt })
    .where('id', '=', sessionId)
    .execute();
}

/** A session that was not revoked, with its user as that is now. */
export async function findSession(db: Db, id: string) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([
      'sessions.id as session_id',
      'users.id as user_id',
      'users.name as user_name',
      'users.version',
    ])
    .where('sessions.id', '=', id)
    .where('sessions.revoked_at', 'is', null)
    .executeTakeFirst();
}

export type FoundSession = NonNullable<Awaited<ReturnType<typeof findSession>>>;

/** Whether it was not revoked before. */
export async function revokeSession(db: Db, id: string, at: Date): Promise<boolean> {
  const row = await db
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Returns how many there were. */
export async function revokeSessionsOf(db: Db, userId: number, at: Date): Promise<number> {
  const rows = await db
    .updateTable('sessions')
    .set({ revoked_at: at })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at.toISOString())
    .returning('id')
    .execute();
  return rows.length;
}

/** Deletes sessions that ended before then, and refresh tokens that would have; at most so many. */
export async function deleteEndedSessions(db: Db, before: Date, most: number): Promise<void> {
  await sql`
    delete from sessions where id in
      (select id from sessions where expires_at < ${before} limit ${most})`.execute(db);
  // A session that is renewed for years would keep every token it ever had.
  await sql`
    delete from refresh_tokens where hash in
      (select hash from refresh_tokens where used_at < ${before} limit ${most})`.execute(db);
}
