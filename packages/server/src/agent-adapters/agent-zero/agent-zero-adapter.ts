import type { AgentCapabilities } from '@borgos/contracts/agents';
import {
  type AgentAdapter,
  type AgentEvent,
  AgentFailure,
  type AgentRunOptions,
  LeaveRunning,
} from '../../agents/adapter.ts';
import type { Chats } from './chats.ts';
import { type ChatRun, followChat } from './follow-chat.ts';
import { createRemovals } from './removals.ts';
import { filesAsked, readFiles } from './task-files.ts';

export interface AgentZeroAdapterOptions {
  chats: Chats;
  /** By which this home knows its own chats among those of others. */
  instance: string;
  health(): Promise<{ available: boolean; reason: string | null; version: string | null }>;
  /** Its address. */
  location: string | null;
  /**
   * Which Agent Zero this is: another one each time it is started. `null`: none is there,
   * `undefined`: that is not known.
   */
  life(): Promise<string | null | undefined>;
  /** Whether it sees the files of this machine. */
  isHere: boolean;
  pollMs: number;
  /** Lets go of it: it runs on. */
  close(): Promise<void>;
}

const capabilities: AgentCapabilities = {
  needs_worktree: false,
  permissions: false,
  resumes: true,
  sessions: false,
  usage: 'none',
  cost: false,
};

/** Agent Zero as an agent: each attempt is a chat of its own, told once and then read. */
export function createAgentZeroAdapter(options: AgentZeroAdapterOptions): AgentAdapter {
  const { chats, instance, isHere } = options;
  const removals = createRemovals(chats);
  const idOf = (externalRef: string) => `${externalRef}-${instance}`;

  async function hasChat(id: string, signal: AbortSignal): Promise<boolean> {
    const { contexts } = await chats.look('', signal);
    return contexts.some((chat) => chat.id === id);
  }

  async function* follow(
    chat: Pick<ChatRun, 'id' | 'from' | 'problem'>,
    life: unknown,
    run: AgentRunOptions,
    files: string[],
  ): AsyncGenerator<AgentEvent> {
    const isGone = async () => {
      const now = await options.life();
      return now !== undefined && now !== life;
    };
    let hasEnded = false;
    try {
      const { pollMs } = options;
      for await (const event of followChat({
        ...chat,
        chats,
        isGone,
        pollMs,
        signal: run.signal,
      })) {
        hasEnded = event.type === 'done' || event.type === 'error';
        const isDone = event.type === 'done' && isHere && files.length > 0;
        yield isDone
          ? { ...event, output: { ...event.output, files: await readFiles(run.cwd, files) } }
          : event;
      }
    } finally {
      // What ended by itself stays in its list of chats, for a person to read.
      const isLeft = run.signal.reason instanceof LeaveRunning;
      if (!hasEnded && !isLeft) await removals.remove(chat.id);
    }
  }

  return {
    name: 'agent-zero',
    title: 'Agent Zero',
    kind: 'agent-zero',
    capabilities,
    async probe() {
      return { ...(await options.health()), location: options.location };
    },

    async *start(task, run) {
      const { available, reason } = await options.health();
      if (!available) throw new AgentFailure('AGENT_UNAVAILABLE', reason ?? 'It is not there');
      const id = idOf(task.externalRef);
      if (await hasChat(id, run.signal)) {
        throw new AgentFailure('INTERRUPTED', 'It was begun before, and is not begun twice');
      }
      run.signal.throwIfAborted();
      await chats.create(id, run.signal);
      const life = await options.life();
      const files = filesAsked(task.inputData);
      yield { type: 'attached', saved: { chat: id, life, files } };
      const where = isHere ? `\n\nPut the files that you make into the folder ${run.cwd}` : '';
      if (run.signal.aborted) return removals.remove(id);
      // Sent once: whether it came is seen in the log of the chat.
      const problem = await problemOf(chats.tell(id, `${task.prompt}${where}`, run.signal));
      yield* follow({ id, from: 0, problem }, life, run, files);
    },

    async *resume(ref, run) {
      const id = idOf(ref.externalRef);
      const interrupted = (message: string): AgentEvent => ({
        type: 'error',
        code: 'INTERRUPTED',
        message,
      });
      const begun = ref.saved && (await chats.look(id, run.signal).catch(() => null));
      if (!ref.saved || (begun && begun.logs.length === 0)) {
        await removals.remove(id);
        yield interrupted('BorgOS ended before Agent Zero was told what to do');
        return;
      }
      const life = await options.life();
      if (life !== undefined && life !== ref.saved.life) {
        yield interrupted('Agent Zero was started anew while BorgOS was away');
        return;
      }
      yield* follow({ id, from: ref.position }, ref.saved.life, run, filesAsked(ref.saved));
    },

    async cancel(ref) {
      if ((await options.life()) !== null) await removals.remove(idOf(ref.externalRef));
    },

    async listRunning() {
      const timeout = AbortSignal.timeout(5_000);
      const look = await chats.look('', timeout).catch(() => undefined);
      return (look?.contexts ?? []).flatMap(({ id, running }) => {
        const externalRef = id.slice(0, -instance.length - 1);
        const isOurs = running && id === idOf(externalRef) && /^borgos-\d+-\d+$/.test(externalRef);
        return isOurs ? [{ externalRef, description: `chat ${id} of Agent Zero` }] : [];
      });
    },

    async close() {
      removals.close();
      await options.close();
    },
  };
}

/** @throws AgentFailure */
async function problemOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof AgentFailure) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
