import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

export interface EmbeddedPostgresChild {
  child: ChildProcess;
  connectionString: string;
  version: string;
  /** Of the PostgreSQL server, not of the child. */
  pid: number;
  adopted: boolean;
  /** Has the child stop the server as BorgOS does, and waits until both have ended. */
  stop(): Promise<void>;
}

const stopTimeoutMs = 30_000;

/**
 * Starts the embedded PostgreSQL from a process of its own, so that this one can be killed, or can
 * be of another user, or can die without leaving the server behind.
 *
 * Rejects with what BorgOS says when it cannot start.
 */
export async function startPostgresChild(
  options: {
    home: string;
    settings?: Record<string, string>;
    systemFolder?: string;
    removeHome?: boolean;
  },
  account: { uid?: number; gid?: number } = {},
): Promise<EmbeddedPostgresChild> {
  const script = join(import.meta.dirname, 'embedded-postgres-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    ...account,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A Ctrl-C in the terminal of the tests must not end it before it has cleaned up.
    detached: true,
  });
  const errors = text(child.stderr);
  const ended = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    const started = JSON.parse(line);
    return {
      child,
      ...started,
      async stop() {
        child.stdin.end();
        const late = AbortSignal.timeout(stopTimeoutMs);
        if (child.exitCode === null && child.signalCode === null) {
          await once(child, 'exit', { signal: late });
        }
        if (child.exitCode !== 0) throw new Error(await errors);
      },
    };
  }
  await ended;
  throw new Error((await errors).trim());
}
