import { systemActor } from '../caller.ts';
import { type Db, transaction } from '../database/transaction.ts';
import { appendEvent } from '../events/append.ts';
import type { ListedTool } from './listed-tools.ts';
import * as store from './store.ts';
import * as toolStore from './tool-store.ts';

/**
 * Notes what a server lists. What is on and says something else than was approved is switched off
 * in the same step; what is gone is forgotten, unless it was approved.
 */
export async function recordListed(
  db: Db,
  serverId: number,
  { tools, problems }: { tools: readonly ListedTool[]; problems: string[] },
): Promise<void> {
  await transaction(db, async (db) => {
    if (!(await store.lockServer(db, serverId))) return;
    const known = new Map(
      (await toolStore.lockTools(db, serverId)).map((tool) => [tool.server_name, tool]),
    );
    for (const listed of tools) {
      const tool = known.get(listed.serverName);
      known.delete(listed.serverName);
      if (!tool) await toolStore.insertTool(db, serverId, listed);
      else if (tool.hash !== listed.hash) await change(db, tool, listed);
    }
    for (const tool of known.values()) {
      if (tool.approved === null) await toolStore.deleteTool(db, tool);
      else if (tool.current !== null)
        await toolStore.updateTool(db, tool, { current: null, hash: null });
    }
    await store.noteListed(db, serverId, problems);
  });
}

async function change(db: Db, tool: toolStore.ToolRow, { definition, hash }: ListedTool) {
  const isOther = tool.approved_hash !== null && tool.approved_hash !== hash;
  await toolStore.updateTool(db, tool, {
    current: definition,
    hash,
    // What was said of the former one was not said of this.
    ...(isOther && { is_enabled: false, is_read_only: false }),
  });
  if (!isOther || !tool.is_enabled) return;
  const { server_id: id, name } = tool;
  await appendEvent(db, 'mcp_tool_changed', { id, name, hash }, systemActor);
}
