import { type AgentEvent, AgentFailure } from '../../agents/adapter.ts';
import { pause } from '../pause.ts';
import type { Chats, LogItem, Snapshot } from './chats.ts';
import { createLogReader } from './log-reader.ts';
import { InvalidAnswer } from './session.ts';

export interface ChatRun {
  chats: Chats;
  id: string;
  /** The position of the last event that was kept. */
  from: number;
  /** Whether the Agent Zero that it began with is no more. */
  isGone(): Promise<boolean>;
  pollMs: number;
  /** What went wrong when it was told what to do: it may have heard it all the same. */
  problem?: string | undefined;
  signal: AbortSignal;
}

/** How long nothing may answer before the agent is given up. */
const unreachableMs = 30_000;
const mostInvalid = 12;
/** How long an agent that was told something may take to begin. */
const silentLooks = 10;

/** Tells what happens in a chat until its agent has ended; ends silently when it is aborted. */
export async function* followChat(run: ChatRun): AsyncGenerator<AgentEvent> {
  const { chats, id, signal } = run;
  const reader = createLogReader(run.from);
  const patience = createPatience(run);
  let from = 0;
  let guid: string | undefined;
  let quietLooks = 0;
  for (; !signal.aborted; await pause(run.pollMs, signal)) {
    let snapshot: Snapshot;
    try {
      snapshot = await chats.read(id, from, signal);
      patience.renew();
    } catch (error) {
      if (signal.aborted) return;
      await patience.spend(error);
      continue;
    }
    const chat = snapshot.contexts.find((context) => context.id === id);
    if (!chat) throw new AgentFailure('AGENT_CRASHED', await whyNoChat(run));
    if (guid !== undefined && guid !== snapshot.log_guid) {
      // What came belongs to another log: from its start, then.
      guid = snapshot.log_guid;
      reader.begin();
      from = 0;
      continue;
    }
    guid = snapshot.log_guid;
    const isQuiet = !chat.running && snapshot.log_version === from;
    from = snapshot.log_version;
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    const isOver = quietLooks >= (reader.hasAnswer() ? 1 : silentLooks);
    yield* reader.take(snapshot.logs, isOver);
    if (signal.aborted) return;
    if (!isOver) continue;
    if (await run.isGone()) throw gone();
    yield ending(reader.verdict(), run.problem);
    return;
  }
}

function ending(verdict: LogItem | undefined, untold: string | undefined): AgentEvent {
  const text = verdict?.content ?? '';
  if (verdict?.type === 'response') return { type: 'done', output: { text } };
  const problem = verdict && [verdict.heading, text].filter(Boolean).join(': ');
  const message = problem || untold || 'Agent Zero ended its work without a response';
  return { type: 'error', code: 'AGENT_FAILED', message };
}

const gone = () =>
  new AgentFailure('AGENT_CRASHED', 'Agent Zero ended while it worked on the task');

async function whyNoChat({ isGone }: ChatRun): Promise<string> {
  if (await isGone()) return gone().message;
  return 'Its chat is gone: it was removed in Agent Zero, or Agent Zero was started anew';
}

/** How much that goes wrong is borne. */
function createPatience({ isGone }: ChatRun) {
  let unreachableSince: number | undefined;
  let invalid = 0;
  return {
    renew() {
      unreachableSince = undefined;
      invalid = 0;
    },
    /** @throws AgentFailure when there is none left */
    async spend(error: unknown): Promise<void> {
      if (error instanceof AgentFailure) throw error;
      if (await isGone()) throw gone();
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof InvalidAnswer) {
        invalid += 1;
        if (invalid >= mostInvalid) throw new AgentFailure('INVALID_OUTPUT', reason);
        return;
      }
      // A busy Agent Zero answers nobody, and still works: only the deadline of the task ends that.
      if (error instanceof Error && error.name === 'TimeoutError') return;
      unreachableSince ??= performance.now();
      if (performance.now() - unreachableSince > unreachableMs) {
        const message = `Agent Zero has not been reached for ${unreachableMs / 1_000} seconds: ${reason}`;
        throw new AgentFailure('AGENT_CRASHED', message);
      }
    },
  };
}
