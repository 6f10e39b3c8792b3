import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { McpServer, ServerTool, ToolDefinition } from '@borgos/contracts/mcp-servers';
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import { type AddressRulesOptions, createAddressRules } from '../outbound/address-rules.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { changeTool, shownTool, type ToolSwitch } from './change-tool.ts';
import { createConnections } from './connections.ts';
import { endMarked, type MarkedProcesses } from './end-program.ts';
import { mostServers } from './limits.ts';
import { readListedTools } from './listed-tools.ts';
import { type CreateRedactor, createOpener } from './open-server.ts';
import { recordListed } from './record-listed.ts';
import { sealValues } from './server-secrets.ts';
import * as store from './store.ts';
import * as toolStore from './tool-store.ts';
import { untilAborted } from './until-aborted.ts';

type Endpoints = (typeof api)['mcpServers'];
type Fields = Omit<ParsedInput<Endpoints['update']>, 'id'>;

/** A tool of a server, as agents are offered it. */
export interface ServersTool {
  name: string;
  definition: ToolDefinition;
  isReadOnly: boolean;
}

export interface McpServers {
  /** @throws AppError CONFLICT, UNPROCESSABLE, VALIDATION_FAILED */
  add(fields: ParsedInput<Endpoints['create']>, actor: Actor): Promise<McpServer>;
  list(query: ParsedInput<Endpoints['list']>): Promise<ListResult<McpServer>>;
  /** @throws AppError NOT_FOUND */
  get(id: number): Promise<McpServer>;
  update(id: number, fields: Fields, actor: Actor): Promise<McpServer>;
  remove(id: number, actor: Actor): Promise<void>;
  /** @throws AppError UNAVAILABLE with the reason, CONFLICT where it is off */
  refresh(id: number, signal: AbortSignal): Promise<McpServer>;
  tools(query: ParsedInput<Endpoints['tools']>): Promise<ListResult<ServerTool>>;
  updateTool(id: number, name: string, change: ToolSwitch, actor: Actor): Promise<ServerTool>;
  /** What is on, as it was approved. No server is asked. */
  offered(): Promise<ServersTool[]>;
  /**
   * Calls a tool that is on, after it was seen that its server says of it what was approved.
   * @throws AppError NOT_FOUND, CONFLICT where it has changed, UNAVAILABLE; the signal's reason
   */
  call(name: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult>;
  /** Ends the programs that an earlier life has left. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

const purpose = { who: 'MCP servers', setting: 'BORGOS_MCP_ALLOW' };

export { serverMarker } from './end-program.ts';

/** MCP servers of the user: programs and addresses whose tools are offered beside those of BorgOS. */
export function createMcpServers({
  db,
  secrets,
  reach,
  environment,
  processes,
  instance,
  version,
  createRedactor,
  log,
}: {
  db: Db;
  secrets: Pick<Secrets, 'seal' | 'open'>;
  /** Which addresses may be reached. */
  reach: Omit<AddressRulesOptions, 'purpose'>;
  /** What every program gets of the environment of BorgOS. */
  environment: Record<string, string>;
  processes: MarkedProcesses;
  instance: string;
  version: string;
  createRedactor: CreateRedactor;
  log: Pick<Logger, 'warn'>;
}): McpServers {
  const rules = createAddressRules({ ...reach, purpose });
  const opener = createOpener({
    ...{ secrets, rules, environment, processes, instance, version, createRedactor },
  });
  const connections = createConnections({
    ...opener,
    onListed: (server, listed) => recordListed(db, server.id, readListedTools(server.name, listed)),
    log,
  });

  async function getRow(id: number): Promise<store.ServerWithCounts> {
    const server = await store.findServer(db, id);
    if (!server) throw notFound('MCP server', id);
    return server;
  }

  const get = async (id: number) => shown(await getRow(id));

  function shown(row: store.ServerWithCounts): McpServer {
    const { environment: _, headers: __, version: ___, ...server } = row;
    const { status, reason, nextAttemptAt } = connections.stateOf(row.id);
    return {
      ...server,
      status: row.is_enabled ? status : 'off',
      status_reason: row.is_enabled ? reason : null,
      next_attempt_at:
        row.is_enabled && nextAttemptAt ? new Date(nextAttemptAt).toISOString() : null,
    };
  }

  /** What is kept of what was given; the secrets sealed for this very server. */
  function changeOf(id: number, { environment, headers, ...plain }: Fields): store.ServerChange {
    return Object.assign(
      Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
      environment && {
        environment: sealValues(secrets, id, 'environment', environment),
        environment_names: Object.keys(environment).sort(),
      },
      headers && {
        headers: sealValues(secrets, id, 'headers', headers),
        header_names: Object.keys(headers).sort(),
      },
    );
  }

  return {
    async add(
      { name, command, url, call_timeout_seconds = 30, is_enabled = false, ...rest },
      actor,
    ) {
      if ((command === undefined) === (url === undefined)) {
        throw new AppError('UNPROCESSABLE', 'Give either command or url, and not both');
      }
      const transport = command ? 'stdio' : 'http';
      assertFits(transport, rest);
      if (url !== undefined) rules.checkUrl(url);
      const id = await transaction(db, async (db) => {
        await store.lockAdding(db);
        await assertRoom(db);
        const id = await store.insertServer(db, {
          ...{ name, transport, call_timeout_seconds, is_enabled },
          command: command ?? null,
          url: url ?? null,
        });
        await store.updateServer(db, id, changeOf(id, rest));
        await appendEvent(db, 'mcp_server_added', { id, name, transport }, actor);
        return id;
      });
      return get(id);
    },

    async list({ limit, offset = 0 }) {
      const { items, total } = await store.listServers(db, { limit, offset });
      return { items: items.map(shown), total };
    },
    get,

    async update(id, fields, actor) {
      const changed = Object.keys(fields).sort();
      if (changed.length === 0) return get(id);
      await transaction(db, async (db) => {
        const server = await store.lockServer(db, id);
        if (!server) throw notFound('MCP server', id);
        assertFits(server.transport, fields);
        if (fields.url !== undefined) rules.checkUrl(fields.url);
        await store.updateServer(db, id, changeOf(id, fields));
        await appendEvent(db, 'mcp_server_updated', { id, name: server.name, changed }, actor);
      });
      await connections.drop(id);
      return get(id);
    },

    async remove(id, actor) {
      await transaction(db, async (db) => {
        const removed = await store.deleteServer(db, id);
        if (!removed) throw notFound('MCP server', id);
        await appendEvent(db, 'mcp_server_removed', { id, name: removed.name }, actor);
      });
      await connections.drop(id);
    },

    async refresh(id, signal) {
      const server = await getRow(id);
      if (!server.is_enabled) {
        throw new AppError(
          'CONFLICT',
          `The MCP server ${server.name} is off: switch it on first (is_enabled: true)`,
        );
      }
      await connections.refresh(server);
      signal.throwIfAborted();
      return get(id);
    },

    async tools({ id, limit, offset = 0 }) {
      const { items, total } = await toolStore.listTools(db, id, { limit, offset });
      if (total === 0) await getRow(id);
      return { items: items.map(shownTool), total };
    },

    updateTool: (id, name, change, actor) => changeTool(db, { id, name }, change, actor),

    async offered() {
      const tools = await toolStore.listOffered(db);
      return tools.flatMap(({ name, approved, is_read_only: isReadOnly }) =>
        approved ? [{ name, definition: approved, isReadOnly }] : [],
      );
    },

    async call(name, input, signal) {
      const found = await toolStore.findTool(db, name);
      const server = found && (await store.findServer(db, found.server_id));
      if (!server?.is_enabled) throw noTool(name);
      await untilAborted(connections.prepare(server), signal);
      // Again: what was just listed may have switched it off.
      const tool = await toolStore.findTool(db, name);
      if (!tool?.approved) throw noTool(name);
      const { approved } = tool;
      const status = toolStore.toolStatus(tool);
      if (status !== 'on') {
        throw new AppError(
          'CONFLICT',
          status === 'changed'
            ? `${name} was changed by its server since it was approved, and is off until somebody looks at it: GET /api/v1/mcp/servers/${server.id}/tools`
            : `${name} is ${status}: its server has it no more, or somebody has switched it off`,
        );
      }
      return connections.call(server, { server_name: tool.server_name, approved }, input, signal);
    },

    recover: () => endMarked(processes, (value) => value.startsWith(`${instance}/`)),
    async close() {
      await connections.close();
      await opener.close();
    },
  };
}

function assertFits(transport: McpServer['transport'], fields: Fields): void {
  const others =
    transport === 'stdio' ? (['url', 'headers'] as const) : (['command', 'environment'] as const);
  const other = others.find((name) => fields[name] !== undefined);
  if (!other) return;
  const what = transport === 'stdio' ? 'a program' : 'an address';
  throw new AppError('UNPROCESSABLE', `${other} does not fit: this MCP server is ${what}`);
}

async function assertRoom(db: Db): Promise<void> {
  if ((await store.countServers(db)) < mostServers) return;
  throw new AppError(
    'CONFLICT',
    `There are ${mostServers} MCP servers, which is as many as there can be. Remove one that is not needed`,
  );
}

function noTool(name: string): AppError {
  return new AppError('NOT_FOUND', `There is no tool ${name}, or it is off`);
}
