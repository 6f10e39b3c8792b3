import type { ListResult } from '@borgos/contracts/endpoint';
import type { ServerTool, ToolDefinition } from '@borgos/contracts/mcp-servers';
import { sql } from 'kysely';
import type { Db } from '../database/transaction.ts';
import type { ListedTool } from './listed-tools.ts';

const toolColumns = [
  'server_id',
  'server_name',
  'name',
  'is_enabled',
  'is_read_only',
  'current',
  'hash',
  'approved',
  'approved_hash',
] as const;

export interface ToolRow {
  server_id: number;
  server_name: string;
  name: string;
  is_enabled: boolean;
  is_read_only: boolean;
  current: ToolDefinition | null;
  hash: string | null;
  approved: ToolDefinition | null;
  approved_hash: string | null;
}

/** Also with those of servers that are off; by name. */
export async function listTools(
  db: Db,
  serverId: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<ListResult<ToolRow>> {
  const of = () => db.selectFrom('mcp_server_tools').where('server_id', '=', serverId);
  const items = await of()
    .select(toolColumns)
    .orderBy('name')
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await of().select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items, total };
}

export function lockTools(db: Db, serverId: number): Promise<ToolRow[]> {
  return db
    .selectFrom('mcp_server_tools')
    .select(toolColumns)
    .where('server_id', '=', serverId)
    .orderBy('name')
    .forUpdate()
    .execute();
}

/** What agents are offered, by name: what is on, of servers that are on. */
export function listOffered(db: Db): Promise<ToolRow[]> {
  return db
    .selectFrom('mcp_server_tools')
    .innerJoin('mcp_servers', 'mcp_servers.id', 'mcp_server_tools.server_id')
    .select(toolColumns.map((name) => `mcp_server_tools.${name}` as const))
    .where('mcp_servers.is_enabled', '=', true)
    .where('mcp_server_tools.is_enabled', '=', true)
    .where('mcp_server_tools.current', 'is not', null)
    .orderBy('mcp_server_tools.name')
    .execute();
}

export async function findTool(db: Db, name: string): Promise<ToolRow | undefined> {
  return db
    .selectFrom('mcp_server_tools')
    .select(toolColumns)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** Of all servers. */
export async function countToolsOn(db: Db): Promise<number> {
  const { total } = await db
    .selectFrom('mcp_server_tools')
    .where('is_enabled', '=', true)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return total;
}

export async function insertTool(
  db: Db,
  serverId: number,
  { serverName, name, definition, hash }: ListedTool,
): Promise<void> {
  await db
    .insertInto('mcp_server_tools')
    .values({
      server_id: serverId,
      server_name: serverName,
      name,
      current: JSON.stringify(definition),
      hash,
    })
    .execute();
}

export type ToolChange = Partial<
  Pick<ToolRow, 'is_enabled' | 'is_read_only' | 'hash' | 'approved_hash' | 'current' | 'approved'>
>;

export async function updateTool(
  db: Db,
  { server_id, server_name }: Pick<ToolRow, 'server_id' | 'server_name'>,
  { current, approved, ...change }: ToolChange,
): Promise<void> {
  await db
    .updateTable('mcp_server_tools')
    .set({
      ...change,
      ...(current !== undefined && { current: current && JSON.stringify(current) }),
      ...(approved !== undefined && { approved: approved && JSON.stringify(approved) }),
    })
    .where('server_id', '=', server_id)
    .where('server_name', '=', server_name)
    .execute();
}

export async function deleteTool(
  db: Db,
  { server_id, server_name }: Pick<ToolRow, 'server_id' | 'server_name'>,
): Promise<void> {
  await db
    .deleteFrom('mcp_server_tools')
    .where('server_id', '=', server_id)
    .where('server_name', '=', server_name)
    .execute();
}

export function toolStatus({
  is_enabled,
  current,
  hash,
  approved_hash,
}: ToolRow): ServerTool['status'] {
  if (current === null) return 'gone';
  if (is_enabled) return 'on';
  return approved_hash !== null && approved_hash !== hash ? 'changed' : 'off';
}
