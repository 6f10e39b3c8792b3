import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { ParsedInput } from '@borgos/contracts/endpoint';
import type { ServerTool } from '@borgos/contracts/mcp-servers';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { mostToolsOn } from './limits.ts';
import * as store from './store.ts';
import * as toolStore from './tool-store.ts';

/** What somebody decides about a tool. */
export type ToolSwitch = Omit<ParsedInput<(typeof api)['mcpServers']['updateTool']>, 'id' | 'name'>;

/** Switches a tool on or off. On, it is what it is now, and nothing else. @throws AppError */
export async function changeTool(
  db: Db,
  { id, name }: { id: number; name: string },
  { is_enabled, is_read_only, hash }: ToolSwitch,
  actor: Actor,
): Promise<ServerTool> {
  return transaction(db, async (db) => {
    // Before the tools, as a list of them that is recorded takes its locks.
    await store.lockAdding(db);
    await store.lockServer(db, id);
    const tool = (await toolStore.lockTools(db, id)).find((tool) => tool.name === name);
    if (!tool) throw new AppError('NOT_FOUND', `MCP server ${id} has no tool ${name}`);
    const change: toolStore.ToolChange = {
      ...(is_read_only !== undefined && { is_read_only }),
      ...(is_enabled === true && approvalOf(tool, hash)),
      ...(is_enabled === false && { is_enabled, approved: null, approved_hash: null }),
    };
    if (is_enabled && !tool.is_enabled) await assertRoomForTool(db);
    if (Object.keys(change).length === 0) return shownTool(tool);
    await toolStore.updateTool(db, tool, change);
    const after = { ...tool, ...change };
    const { is_enabled: isOn, is_read_only: isReadOnly } = after;
    const about = { id, name, hash: after.approved_hash };
    const told = { ...about, is_enabled: isOn, is_read_only: isReadOnly };
    await appendEvent(db, 'mcp_tool_updated', told, actor);
    return shownTool(after);
  });
}

export function shownTool(tool: toolStore.ToolRow): ServerTool {
  const { server_id: _, approved_hash: __, ...rest } = tool;
  return { ...rest, status: toolStore.toolStatus(tool) };
}

/** @throws AppError CONFLICT where what is there now is not what was looked at */
function approvalOf(tool: toolStore.ToolRow, hash: string | undefined): toolStore.ToolChange {
  const { current, name } = tool;
  if (current === null)
    throw new AppError('CONFLICT', `${name} is gone: its server has it no more`);
  if (hash === undefined && toolStore.toolStatus(tool) === 'changed') {
    throw new AppError('CONFLICT', `${name} has changed: look at it, and approve it by its hash`);
  }
  if (hash !== undefined && hash !== tool.hash) {
    throw new AppError('CONFLICT', `${name} is another one by now: look at it again`);
  }
  return { is_enabled: true, approved: current, approved_hash: tool.hash };
}

async function assertRoomForTool(db: Db): Promise<void> {
  if ((await toolStore.countToolsOn(db)) < mostToolsOn) return;
  throw new AppError(
    'CONFLICT',
    `${mostToolsOn} tools of MCP servers are on, which is as many as can be: a model reads all of them at every turn. Switch one off`,
  );
}
