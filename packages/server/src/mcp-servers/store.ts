import type { ListResult } from '@borgos/contracts/endpoint';
import type { McpServer } from '@borgos/contracts/mcp-servers';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';

const columns = [
  'id',
  'name',
  'transport',
  'command',
  'url',
  'environment',
  'headers',
  'environment_names',
  'header_names',
  'call_timeout_seconds',
  'is_enabled',
  'version',
  'problems',
  'listed_at',
  'created_at',
  'updated_at',
] as const;

/** A server as it is kept; its secrets are sealed. */
export type ServerRow = Omit<
  McpServer,
  'status' | 'status_reason' | 'next_attempt_at' | 'tools_total' | 'tools_on'
> & { environment: string | null; headers: string | null; version: number };

export interface ServerWithCounts extends ServerRow {
  tools_total: number;
  tools_on: number;
}

export interface NewServer {
  name: string;
  transport: ServerRow['transport'];
  command: string[] | null;
  url: string | null;
  call_timeout_seconds: number;
  is_enabled: boolean;
}

export interface ServerChange {
  command?: string[];
  url?: string;
  call_timeout_seconds?: number;
  is_enabled?: boolean;
  environment?: string;
  environment_names?: string[];
  headers?: string;
  header_names?: string[];
}

function withCounts(db: Db) {
  return db
    .selectFrom('mcp_servers')
    .select(columns)
    .select((query) => [
      query
        .selectFrom('mcp_server_tools')
        .whereRef('server_id', '=', 'mcp_servers.id')
        .select(sql<number>`count(*)`.as('count'))
        .$asScalar()
        .$notNull()
        .as('tools_total'),
      query
        .selectFrom('mcp_server_tools')
        .whereRef('server_id', '=', 'mcp_servers.id')
        .where('is_enabled', '=', true)
        .select(sql<number>`count(*)`.as('count'))
        .$asScalar()
        .$notNull()
        .as('tools_on'),
    ]);
}

export async function listServers(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<ServerWithCounts>> {
  const items = await withCounts(db).orderBy('name').limit(limit).offset(offset).execute();
  return { items, total: await countServers(db) };
}

export async function countServers(db: Db): Promise<number> {
  const { total } = await db
    .selectFrom('mcp_servers')
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return total;
}

export function findServer(db: Db, id: number): Promise<ServerWithCounts | undefined> {
  return withCounts(db).where('id', '=', id).executeTakeFirst();
}

/** Lets one after another count and add, until the transaction ends. */
export async function lockAdding(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('borgos_mcp_servers'))`.execute(db);
}

/** The server, which nobody else changes until the transaction ends. */
export function lockServer(db: Db, id: number): Promise<ServerRow | undefined> {
  return db
    .selectFrom('mcp_servers')
    .select(columns)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** @throws AppError CONFLICT when the name is taken */
export async function insertServer(db: Db, { command, ...server }: NewServer): Promise<number> {
  const row = await db
    .insertInto('mcp_servers')
    .values({ ...server, command: command && JSON.stringify(command) })
    .onConflict((taken) => taken.column('name').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (row) return row.id;
  throw new AppError(
    'CONFLICT',
    `There is an MCP server ${server.name} already. Choose another name, or change that one`,
  );
}

export async function updateServer(
  db: Db,
  id: number,
  { command, ...change }: ServerChange,
): Promise<void> {
  await db
    .updateTable('mcp_servers')
    .set({
      ...change,
      ...(command && { command: JSON.stringify(command) }),
      version: sql`version + 1`,
      updated_at: new Date(),
    })
    .where('id', '=', id)
    .execute();
}

export async function deleteServer(db: Db, id: number): Promise<{ name: string } | undefined> {
  return db.deleteFrom('mcp_servers').where('id', '=', id).returning('name').executeTakeFirst();
}

/** Without `updated_at`: nobody has changed anything. */
export async function noteListed(db: Db, id: number, problems: string[]): Promise<void> {
  await db
    .updateTable('mcp_servers')
    .set({ problems: JSON.stringify(problems), listed_at: new Date() })
    .where('id', '=', id)
    .execute();
}

/** Of all servers, which nobody else changes until the transaction ends. */
export function lockSecrets(db: Db) {
  return db
    .selectFrom('mcp_servers')
    .select(['id', 'environment', 'headers'])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}

export async function updateSecret(
  db: Db,
  id: number,
  field: 'environment' | 'headers',
  sealed: string,
): Promise<void> {
  await db
    .updateTable('mcp_servers')
    .set({ [field]: sealed })
    .where('id', '=', id)
    .execute();
}
