import { join } from 'node:path';
import type { Scope } from '@borgos/contracts/endpoint';
import type { BaseLogger } from 'pino';
import type { Auth } from '../auth/auth.ts';
import { systemActor } from '../caller.ts';
import type { McpServer } from './adapter.ts';
import type { TaskRow } from './store.ts';

/** Where agents find the MCP server of BorgOS. */
export interface McpPlace {
  tokens: Pick<Auth['tokens'], 'create' | 'revoke' | 'revokeNamed'>;
  /** What BorgOS listens on, once it does. */
  address: Promise<string>;
}

export interface McpAccess {
  /** A server for one attempt, with a token of its own until `close`. */
  open(task: TaskRow, signal: AbortSignal): Promise<{ server: McpServer; close(): Promise<void> }>;
  /** Ends what an earlier life of BorgOS has left to an attempt. */
  endLeft(task: TaskRow): Promise<void>;
}

const startScript = join(import.meta.dirname, '../../start.js');

/** To read and to search; not to see what agents ask, nor who gets in. */
const scopes: Scope[] = [
  ...(['mcp:read', 'projects:read', 'search:read'] as const),
  ...(['errors:read', 'deployments:read'] as const),
];

/** Lets an agent look at what BorgOS knows, as itself: whatever else it may do, not by this token. */
export function createMcpAccess({
  tokens,
  address,
  log,
}: McpPlace & { log: Pick<BaseLogger, 'warn'> }): McpAccess {
  const nameOf = ({ id, attempt }: TaskRow) => `agent task ${id}, attempt ${attempt}`;

  return {
    async open(task, signal) {
      const url = reachable(await orAborted(address, signal));
      const begun = Date.parse(task.started_at ?? new Date().toISOString());
      const endsAt = new Date(begun + task.deadline_seconds * 1000).toISOString();
      const { id, token } = await tokens.create(
        { name: nameOf(task), scopes, expires_at: endsAt, rate_limit: null },
        { ...agentsCaller, scopes: new Set(scopes) },
        systemActor,
      );
      return {
        server: {
          name: 'borgos',
          url: `${url}/mcp?read_only=1`,
          headers: { Authorization: `Bearer ${token}` },
          stdio: {
            command: process.execPath,
            args: [startScript, 'mcp', '--read-only'],
            env: { BORGOS_URL: url, BORGOS_TOKEN: token },
          },
        },
        async close() {
          await tokens.revoke(id, systemActor).catch((error) => {
            log.warn(
              { err: error, task: task.id },
              'a token of an agent ends at its deadline only',
            );
          });
        },
      };
    },
    endLeft: (task) => tokens.revokeNamed(nameOf(task), systemActor),
  };
}

const agentsCaller = {
  credential: 'system',
  user: null,
  tokenId: null,
  address: '',
  rateLimit: null,
} as const;

/** What listens on every address is reached on loopback. */
function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
