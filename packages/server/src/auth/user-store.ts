import type { User } from '@borgos/contracts/auth';
import type { Scope } from '@borgos/contracts/endpoint';
import { sql } from 'kysely';
import { constraintOf, type Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';

const columns = ['id', 'name', 'scopes', 'created_at', 'updated_at', 'last_login_at'] as const;

/** What a credential of the user depends on. */
export interface UserState {
  id: number;
  name: string;
  scopes: Scope[];
  /** One higher with each change that ends sessions. */
  version: number;
}

const stateColumns = ['id', 'name', 'scopes', 'version'] as const;

export async function listUsers(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: User[]; total: number }> {
  const rows = await db
    .selectFrom('users')
    .select(columns)
    // In one statement, so that the page and the total are of the same moment.
    .select(sql<number>`count(*) over ()`.as('total'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  const items = rows.map(({ total: _, ...user }) => user);
  // A page past the end has no row to carry the total.
  const total = rows[0]?.total ?? (offset > 0 ? await countUsers(db) : 0);
  return { items, total };
}

async function countUsers(db: Db): Promise<number> {
  const row = await db
    .selectFrom('users')
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return row.total;
}

export async function findUser(db: Db, id: number): Promise<User | undefined> {
  return db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst();
}

export async function findUserState(db: Db, id: number): Promise<UserState | undefined> {
  return db.selectFrom('users').select(stateColumns).where('id', '=', id).executeTakeFirst();
}

export async function findUserByName(
  db: Db,
  name: string,
): Promise<(UserState & { password_hash: string }) | undefined> {
  return db
    .selectFrom('users')
    .select([...stateColumns, 'password_hash'])
    .where('name', '=', name)
    .executeTakeFirst();
}

/** The user as it is, and as it stays until the transaction ends. */
export async function lockUser(db: Db, id: number): Promise<UserState | undefined> {
  return db
    .selectFrom('users')
    .select(stateColumns)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/**
 * All who may administer users, who stay that until the transaction ends: of two that each take it
 * from another one, the second sees what the first did.
 */
export async function lockAdministrators(db: Db): Promise<number[]> {
  const rows = await administrators(db).orderBy('id').forUpdate().execute();
  return rows.map(({ id }) => id);
}

export async function hasAdministrator(db: Db): Promise<boolean> {
  return (await administrators(db).limit(1).execute()).length > 0;
}

function administrators(db: Db) {
  return db
    .selectFrom('users')
    .select('id')
    .where('scopes', '@>', textArray(['admin:write']));
}

export async function insertUser(
  db: Db,
  fields: { name: string; password_hash: string; scopes: Scope[] },
): Promise<User> {
  return db
    .insertInto('users')
    .values(fields)
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch((error) => translate(error, fields.name));
}

/**
 * Changes the fields given, `undefined` when there is no such user.
 * @param endsSessions makes the version one higher, so that access tokens of before are refused
 */
export async function updateUser(
  db: Db,
  id: number,
  fields: { name?: string; password_hash?: string; scopes?: Scope[] },
  { endsSessions }: { endsSessions: boolean },
): Promise<User | undefined> {
  return db
    .updateTable('users')
    .set({ ...fields, updated_at: new Date() })
    .$if(endsSessions, (query) => query.set({ version: sql`version + 1` }))
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst()
    .catch((error) => translate(error, fields.name ?? ''));
}

/** Whether the user is still of that version; if so, it stays that until the transaction ends. */
export async function recordLogin(db: Db, { id, version }: UserState, at: Date): Promise<boolean> {
  const row = await db
    .updateTable('users')
    .set({ last_login_at: at })
    .where('id', '=', id)
    .where('version', '=', version)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Returns the user's name; `undefined` when there is no such user. */
export async function deleteUser(db: Db, id: number): Promise<{ name: string } | undefined> {
  return db.deleteFrom('users').where('id', '=', id).returning('name').executeTakeFirst();
}

function textArray(list: Scope[]) {
  return sql<Scope[]>`${list}::text[]`;
}

function translate(error: unknown, name: string): never {
  if (constraintOf(error) !== 'users_name_key') throw error;
  throw new AppError('USER_EXISTS', `A user with the name ${name} exists already`, {
    cause: error,
  });
}
