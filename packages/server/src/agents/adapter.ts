import type { PermissionPolicy, TaskFailure } from '@borgos/contracts/agent-tasks';
import type { AgentCapabilities, AgentKind } from '@borgos/contracts/agents';

/**
 * How BorgOS speaks to one agent. The queue owns tasks, attempts, worktrees, budgets and approvals;
 * an adapter only starts an agent, tells what it does, and ends it.
 */
export interface AgentAdapter {
  /** The `agent_type` of tasks. */
  readonly name: string;
  readonly title: string;
  readonly kind: AgentKind;
  readonly capabilities: AgentCapabilities;
  /** Whether the agent is there. Within 10 s; never throws, and starts no work. */
  probe(): Promise<AgentHealth>;
  /**
   * Starts an attempt and tells what happens until it has ended: `done` or `error` comes last, and
   * no process of it is left then. Called once for an `externalRef`. What throws counts as `error`.
   *
   * When `options.signal` is aborted, the agent and all that it started are ended, and the iteration
   * ends within 1.5 s, however it likes: what it still tells is not heard. Only with a `LeaveRunning`
   * as the reason the agent is left alone, for `resume` in the next life of the server.
   */
  start(task: AgentRequest, options: AgentRunOptions): AsyncIterable<AgentEvent>;
  /**
   * Goes on with an attempt of an earlier life of the server, as if it were the rest of `start`: first
   * what was missed since `ref.position`. It must not begin the work a second time. Where it cannot be
   * gone on with, `error` with `INTERRUPTED` is all that it tells, and nothing of it is left running.
   */
  resume(ref: AttemptRef, options: AgentRunOptions): AsyncIterable<AgentEvent>;
  /** Ends whatever runs of an attempt, also of an earlier life; one that has ended is left. */
  cancel(ref: AttemptRef): Promise<void>;
  /** What runs of the attempts of this home, as found on the machine or asked of the agent. */
  listRunning(): Promise<RunningAttempt[]>;
  close(): Promise<void>;
}

export interface AgentHealth {
  available: boolean;
  /** Why not, and what to do about it. */
  reason: string | null;
  version: string | null;
  /** Its program or address. */
  location: string | null;
}

export interface AgentRequest {
  taskId: number;
  attempt: number;
  /** `borgos-<task>-<attempt>`: for the agent’s side, so that nothing is begun twice. */
  externalRef: string;
  taskType: string;
  /** All that the agent is told, context included. */
  prompt: string;
  inputData: Record<string, unknown>;
  /** `null`: the agent’s own choice. */
  model: string | null;
  /** The session to go on with, of an earlier attempt; only with `capabilities.sessions`. */
  session: string | null;
}

export interface AgentRunOptions {
  /** Where it works: a worktree, or a folder of its own. Absolute. */
  cwd: string;
  /** All of the environment: nothing of BorgOS’s own is to be added. */
  env: Record<string, string>;
  /** For the agent to use. */
  mcpServers: McpServer[];
  /** `ask` is refused before for agents without `capabilities.permissions`. */
  permissionPolicy: PermissionPolicy;
  /** What is left of the budget, for agents that can be told; `null`: there is none. */
  budget: { tokens: number | null; costUsd: number | null };
  signal: AbortSignal;
}

export interface McpServer {
  name: string;
  /** Streamable HTTP. */
  url: string;
  headers: Record<string, string>;
  /** The same as a program, for agents that start theirs. */
  stdio: { command: string; args: string[]; env: Record<string, string> };
}

/** An attempt, as it can be found again. */
export interface AttemptRef {
  taskId: number;
  attempt: number;
  externalRef: string;
  /** What the last `attached` said; `null`: nothing, so that it may have begun or not. */
  saved: Record<string, unknown> | null;
  /** Of the last event that is kept. */
  position: number;
}

export interface RunningAttempt {
  externalRef: string;
  /** For a person: `process 4711, since …`. */
  description: string;
}

interface Told {
  /**
   * Up to where the agent’s output is settled once this event is kept, in a measure of the adapter’s;
   * it grows. It is kept in the same transaction as the event, so that `resume` tells none twice.
   */
  position?: number;
}

/** What an agent tells. Texts may have any length: what is too long is cut later. */
export type AgentEvent = Told &
  (
    | {
        /** Durable before the next event is asked for: tell it as soon as there is something to find. */
        type: 'attached';
        saved: Record<string, unknown>;
        /** Of the agent’s own session, for later attempts. */
        session?: string;
      }
    | { type: 'message'; text: string }
    | { type: 'thought'; text: string }
    | { type: 'tool_call'; id: string; name: string; input?: unknown }
    | {
        type: 'tool_update';
        id: string;
        status: 'pending' | 'running' | 'completed' | 'failed';
        output?: unknown;
      }
    | { type: 'permission'; request: PermissionRequest; answer: (answer: PermissionAnswer) => void }
    | {
        type: 'plan';
        entries: { text: string; status: 'pending' | 'in_progress' | 'completed' }[];
      }
    | ({ type: 'usage' } & AgentUsage)
    | { type: 'progress'; text: string; percent?: number }
    | { type: 'done'; output: Record<string, unknown> }
    | { type: 'error'; code: TaskFailure; message: string; output?: Record<string, unknown> }
  );

/** Of this attempt so far, not since the last time. */
export interface AgentUsage {
  inputTokens: number;
  outputTokens: number;
  /** `null`: the agent does not say. */
  costUsd: number | null;
  /** Which model it was; `null`: not said. */
  model: string | null;
  /** No further step follows: the budget need not have room for one. */
  isFinal?: boolean;
}

export interface PermissionRequest {
  /** Unique within its attempt, and the same when it is asked again after `resume`. */
  id: string;
  title: string;
  /** `read`: changes nothing and reaches nothing outside; `allow_reads` lets it pass. */
  kind: 'read' | 'write' | 'execute' | 'network' | 'other';
  /** What would be done, for who decides. */
  details?: unknown;
}

export type PermissionAnswer = 'allow' | 'deny';

/** The reason with which a signal is aborted when the server ends but the agent should not. */
export class LeaveRunning extends Error {
  override name = 'LeaveRunning';
}

/** Why an attempt ended without a result; adapters throw it or tell `error`. */
export class AgentFailure extends Error {
  override name = 'AgentFailure';
  readonly code: TaskFailure;

  constructor(code: TaskFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
