import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from './open.ts';

/**
 * Throws when this home was used with another database before: by that one's absence, everything
 * that is deployed would be taken for unwanted and be stopped. Changes nothing.
 */
export async function refuseOtherDatabase(
  { db, description }: Pick<Database, 'db' | 'description'>,
  home: string,
): Promise<void> {
  const file = fileIn(home);
  const expected = await readIdentity(file);
  if (expected === undefined) return;
  const found = await findIdentity(db);
  if (found === expected) return;
  throw new Error(
    `${home} is started with another database than before: it belongs to ${expected}, and the ` +
      `${description} that was found ${found ? `is ${found}` : 'is none of BorgOS yet'}. What is deployed is not ` +
      'recorded there and would be stopped. Set DATABASE_URL as it was before, or leave it out if it was ' +
      `not set. To go on with this database: delete what is deployed, then remove ${file}.`,
  );
}

/** Notes in a home that has no database yet that this migrated one is its own. */
export async function recordDatabase({ db }: Pick<Database, 'db'>, home: string): Promise<void> {
  const file = fileIn(home);
  if ((await readIdentity(file)) !== undefined) return;
  const { id } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow();
  // In one step, so that a crash leaves no half of it, which would be another identity.
  await writeFile(`${file}.new`, `${id}\n`, { flush: true });
  await rename(`${file}.new`, file);
}

async function findIdentity(db: Database['db']): Promise<string | undefined> {
  const { rows } = await sql<{ exists: boolean }>`
    select to_regclass('installation') is not null as exists`.execute(db);
  if (!rows[0]?.exists) return undefined;
  const row = await db.selectFrom('installation').select('id').executeTakeFirst();
  return row?.id;
}

async function readIdentity(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return text?.trim();
}

const fileIn = (home: string) => join(home, 'database');
