import type { CallToolResult } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { AppError, storable } from '../errors.ts';
import type { Connection } from './connect-server.ts';
import { firstPauseMs, listedForMs, longestPauseMs, mostCalls } from './limits.ts';
import type { ServerRow } from './store.ts';
import type { ToolRow } from './tool-store.ts';

export interface ConnectionState {
  status: 'idle' | 'connected' | 'failing';
  reason: string | null;
  /** Milliseconds since 1970. */
  nextAttemptAt: number | null;
}

/** A server that is in use, or was. */
interface Slot {
  version: number;
  opening: Promise<Connection> | undefined;
  connection: Connection | undefined;
  listing: Promise<void> | undefined;
  /** Of a monotonic clock; `undefined`: it is to be listed before the next call. */
  listedAt: number | undefined;
  calls: number;
  failures: number;
  retryAt: number;
  reason: string | null;
}

export interface Connections {
  /** Reads the list of tools now, whatever has failed before. @throws AppError UNAVAILABLE */
  refresh(server: ServerRow): Promise<void>;
  /**
   * Makes sure that the list of tools is known as it is now, or was within a minute.
   * @throws AppError UNAVAILABLE
   */
  prepare(server: ServerRow): Promise<void>;
  /** @throws AppError UNAVAILABLE; the signal's reason */
  call(
    server: ServerRow,
    tool: Pick<ToolRow, 'server_name'> & { approved: NonNullable<ToolRow['approved']> },
    input: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<CallToolResult>;
  stateOf(id: number): ConnectionState;
  /** Ends it, as it was changed or removed. */
  drop(id: number): Promise<void>;
  close(): Promise<void>;
}

/** Connects to each server when it is needed, and after a failure not before some time has passed. */
export function createConnections({
  open,
  onListed,
  explain,
  log,
}: {
  /** @throws Error */
  open(server: ServerRow, signal: AbortSignal): Promise<Connection>;
  onListed(server: ServerRow, listed: unknown[]): Promise<void>;
  /** The reason of a failure, without secrets. */
  explain(server: ServerRow, error: unknown): string;
  log: Pick<Logger, 'warn'>;
}): Connections {
  const slots = new Map<number, Slot>();
  const closing = new AbortController();

  async function slotOf(server: ServerRow): Promise<Slot> {
    const known = slots.get(server.id);
    if (known && known.version >= server.version) return known;
    if (known) await drop(server.id);
    const slot = slots.get(server.id) ?? newSlot(server.version);
    slots.set(server.id, slot);
    return slot;
  }

  function connect(server: ServerRow, slot: Slot): Promise<Connection> {
    if (slot.connection && !slot.connection.isOver()) return Promise.resolve(slot.connection);
    slot.opening ??= reconnect(server, slot).finally(() => {
      slot.opening = undefined;
    });
    return slot.opening;
  }

  async function reconnect(server: ServerRow, slot: Slot): Promise<Connection> {
    const former = slot.connection;
    slot.connection = undefined;
    slot.listedAt = undefined;
    await former?.close();
    try {
      slot.connection = await open(server, closing.signal);
    } catch (error) {
      throw failed(server, slot, error);
    }
    return slot.connection;
  }

  function failed(server: ServerRow, slot: Slot, error: unknown): AppError {
    slot.failures += 1;
    slot.reason = storable(explain(server, error)).slice(0, 1000);
    slot.retryAt = Date.now() + Math.min(firstPauseMs * 2 ** (slot.failures - 1), longestPauseMs);
    log.warn({ mcp_server: server.name, reason: slot.reason }, 'an MCP server fails');
    return unavailable(server, slot.reason, error);
  }

  /** One list at a time, whoever wants it. */
  function list(server: ServerRow, slot: Slot): Promise<void> {
    slot.listing ??= listNow(server, slot).finally(() => {
      slot.listing = undefined;
    });
    return slot.listing;
  }

  async function listNow(server: ServerRow, slot: Slot): Promise<void> {
    const connection = await connect(server, slot);
    let listed: unknown[];
    try {
      listed = await connection.list(closing.signal);
    } catch (error) {
      slot.connection = undefined;
      await connection.close();
      throw failed(server, slot, error);
    }
    await onListed(server, listed);
    slot.listedAt = performance.now();
    slot.failures = 0;
    slot.reason = null;
  }

  async function prepare(server: ServerRow): Promise<void> {
    const slot = await slotOf(server);
    const isOver = !slot.connection || slot.connection.isOver();
    const isFresh = slot.listedAt !== undefined && performance.now() - slot.listedAt < listedForMs;
    if (!isOver && isFresh) return;
    if (slot.failures > 0 && !slot.listing && Date.now() < slot.retryAt) {
      const seconds = Math.ceil((slot.retryAt - Date.now()) / 1000);
      throw unavailable(server, `${slot.reason}. It is tried again in ${seconds} s`);
    }
    await list(server, slot);
  }

  async function drop(id: number): Promise<void> {
    const slot = slots.get(id);
    slots.delete(id);
    const opened = await slot?.opening?.catch(() => undefined);
    await (opened ?? slot?.connection)?.close();
  }

  return {
    prepare,
    async refresh(server) {
      await list(server, await slotOf(server));
    },
    async call(server, { server_name: serverName, approved: definition }, input, signal) {
      const slot = await slotOf(server);
      if (slot.calls >= mostCalls) {
        throw unavailable(server, `it is busy with ${mostCalls} calls`);
      }
      slot.calls += 1;
      const seconds = server.call_timeout_seconds;
      const late = AbortSignal.timeout(seconds * 1000);
      try {
        const connection = await connect(server, slot);
        return await connection.call({ serverName, definition }, input, {
          signal: AbortSignal.any([signal, late, closing.signal]),
          timeoutMs: seconds * 1000 + 1_000,
        });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof AppError) throw error;
        // Whether it still lives is seen before the next call.
        slot.listedAt = undefined;
        if (late.aborted) {
          const what = `${serverName} did not answer within ${seconds} s; whether it was done is not known`;
          throw unavailable(server, what, error);
        }
        throw unavailable(server, explain(server, error), error);
      } finally {
        slot.calls -= 1;
      }
    },
    stateOf(id) {
      const slot = slots.get(id);
      if (!slot) return { status: 'idle', reason: null, nextAttemptAt: null };
      if (slot.connection && !slot.connection.isOver()) {
        return { status: 'connected', reason: null, nextAttemptAt: null };
      }
      if (slot.failures === 0) return { status: 'idle', reason: null, nextAttemptAt: null };
      return { status: 'failing', reason: slot.reason, nextAttemptAt: slot.retryAt };
    },
    drop,
    async close() {
      closing.abort(new Error('BorgOS is closing'));
      await Promise.all([...slots.keys()].map(drop));
    },
  };
}

function newSlot(version: number): Slot {
  return {
    version,
    opening: undefined,
    connection: undefined,
    listing: undefined,
    listedAt: undefined,
    calls: 0,
    failures: 0,
    retryAt: 0,
    reason: null,
  };
}

function unavailable({ name }: ServerRow, why: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', `The MCP server ${name} cannot be used: ${why}`, { cause });
}
