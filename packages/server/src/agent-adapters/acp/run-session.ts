import type { ClientConnection } from '@agentclientprotocol/sdk/unstable';
import {
  type AgentEvent,
  AgentFailure,
  type AgentRequest,
  type AgentRunOptions,
} from '../../agents/adapter.ts';
import type { Processes } from '../../processes.ts';
import { createInvalidLines, type Exit, failedExit } from '../agent-exit.ts';
import { pause } from '../pause.ts';
import { asObject } from '../read-json.ts';
import type { AgentProcess } from './agent-process.ts';
import { createEventQueue } from './event-queue.ts';
import { createPermissions } from './permissions.ts';
import { createSessionUpdates } from './session-updates.ts';
import { createTerminals } from './terminals.ts';
import { createWorktreeFiles } from './worktree-files.ts';

/** What an agent that is told to stop may take, before it is ended. */
const cancelMs = 400;
/** How long the exit of an agent is waited for that has ended the connection. */
const exitMs = 2_000;
const mostNoise = 200;

/**
 * Speaks to an agent that was started until it has told its result, or is to end. It ends the
 * terminals; the agent itself is left to who started it.
 * @param environment of the commands that the agent has us run
 */
export async function* runSession({
  process: { input, output, exit },
  task,
  run,
  model,
  environment,
  processes,
  version,
}: {
  process: AgentProcess;
  task: AgentRequest;
  run: AgentRunOptions;
  /** To be told to the session. */
  model: string | null;
  environment: Record<string, string>;
  processes: Pick<Processes, 'start'>;
  /** Of BorgOS. */
  version: string;
}): AsyncGenerator<AgentEvent> {
  // The SDK takes a tenth of a second to load, for which no start of BorgOS is to wait.
  const [{ methods }, { messageStream }, { serveAgent }, { converse }] = await Promise.all([
    import('@agentclientprotocol/sdk/unstable'),
    import('./message-stream.ts'),
    import('./serve-agent.ts'),
    import('./converse.ts'),
  ]);
  const { signal } = run;
  const queue = createEventQueue();
  const updates = createSessionUpdates(queue.add);
  const invalid = createInvalidLines();
  const terminals = createTerminals(environment, processes);
  const files = createWorktreeFiles(run.cwd);
  const isInside = (path: string) => files.contain(path).then(Boolean, () => false);
  const permissions = createPermissions({
    ...{ calls: updates.calls, tell: queue.add, isInside, signal },
    policy: run.permissionPolicy,
  });
  let session: string | undefined;
  let noise = 0;
  const connection: ClientConnection = serveAgent({
    ...{ cwd: run.cwd, files, terminals, permissions },
  }).connect(
    messageStream({
      input,
      output,
      onUpdate(params) {
        // Before it is ready it tells what it remembers of a session.
        if (session !== undefined && params.sessionId === session) {
          updates.read(asObject(params.update) ?? {});
        }
      },
      onNoise(line) {
        const events = invalid.add(line);
        noise += 1;
        if (noise <= mostNoise) events.forEach(queue.add);
      },
      untilRoom: queue.untilRoom,
    }),
  );

  /** What came of it, whatever went wrong. */
  async function result(): Promise<AgentEvent> {
    try {
      return await converse({
        ...{ agent: connection.agent, updates, tell: queue.add, model, signal },
        ...{ cwd: run.cwd, prompt: task.prompt, session: task.session },
        mcpServers: run.mcpServers,
        version,
        onReady(sessionId) {
          session = sessionId;
        },
      });
    } catch (error) {
      updates.flush();
      if (error instanceof AgentFailure) throw error;
      const ended = connection.signal.aborted ? await endOf(exit) : undefined;
      if (ended) return (session === undefined && invalid.error()) || failedExit(ended);
      return failureOf(error, invalid.error());
    }
  }

  let end: AgentEvent | undefined;
  let problem: unknown;
  const working = result().then(
    (event) => {
      end = event;
    },
    (error) => {
      problem = error;
    },
  );
  const stop = async () => {
    if (session !== undefined) {
      await connection.agent.notify(methods.agent.session.cancel, { sessionId: session });
    }
    const waiting = new AbortController();
    await Promise.race([working, pause(cancelMs, waiting.signal)]);
    waiting.abort();
  };
  const onAbort = () => {
    stop()
      .catch(() => {})
      .finally(queue.end);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  void working.finally(queue.end);
  try {
    yield* queue;
  } finally {
    signal.removeEventListener('abort', onAbort);
    queue.end();
    terminals.endAll();
    connection.close();
    input.end();
  }
  if (problem !== undefined) throw problem;
  if (end && !signal.aborted) yield end;
}

/** `undefined`: it goes on without a connection. */
async function endOf(exit: Promise<Exit>): Promise<Exit | undefined> {
  const waiting = new AbortController();
  const ended = await Promise.race([exit, pause(exitMs, waiting.signal)]);
  waiting.abort();
  return ended ?? undefined;
}

const authRequired = -32_000;

/** Of an agent that lives: what it answered, or that it did not. */
function failureOf(error: unknown, invalid: AgentEvent | undefined): AgentEvent {
  const { code, message, data } = error as { code?: unknown; message?: string; data?: unknown };
  if (code === authRequired) {
    return {
      type: 'error',
      code: 'AGENT_UNAVAILABLE',
      message: `It needs a login (${message}): start it once in a terminal as the user of BorgOS and log in there, or give it its key with "pass_environment" in agents.json`,
    };
  }
  if (code === requestCancelled) {
    return (
      invalid ?? {
        type: 'error',
        code: 'AGENT_FAILED',
        message: 'It did not answer in time when the session was to begin',
      }
    );
  }
  const said = asObject(data)?.details ?? asObject(data)?.message;
  const details = typeof said === 'string' && said !== message ? `: ${said}` : '';
  return { type: 'error', code: 'AGENT_FAILED', message: `${message}${details}` };
}

const requestCancelled = -32_800;
