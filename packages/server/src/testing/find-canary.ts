import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';

/** Whether a text shows what must be nowhere. */
type Shows = (text: string) => boolean;

/** The tables with a row that shows it, in any schema. */
export async function tablesWith(db: Db, shows: Shows): Promise<string[]> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db);
  if (tables.length < 10) throw new Error('the tables of BorgOS are not there to be looked at');
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ text: string }>`
      select t::text as text from ${sql.raw(name)} as t`.execute(db);
    // As text a row doubles its quotes and backslashes.
    if (rows.some(({ text }) => shows(text.replaceAll('""', '"').replaceAll('\\\\', '\\')))) {
      found.push(name);
    }
  }
  return found;
}

/** The files below a home that show it, but for what the project's own programs have written. */
export async function filesWith(home: string, shows: Shows): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const isOutput = /\/deployments\/\d+\/(app-log\/|build-r\d+\.log)/.test(file);
    if (!entry.isFile() || isOutput) continue;
    if (shows(await readFile(file, 'utf8').catch(() => ''))) found.push(file);
  }
  return found;
}
