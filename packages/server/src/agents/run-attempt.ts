import type { BaseLogger } from 'pino';
import {
  type AgentEvent,
  AgentFailure,
  LeaveRunning,
  type PermissionAnswer,
  type PermissionRequest,
} from './adapter.ts';
import { boundedData, boundedEvent } from './bounded-event.ts';
import type { Budget } from './budget.ts';
import type { Ending } from './queue-store.ts';
import { AttemptOver, type Recorder } from './record-events.ts';

/** How an attempt ended; `left`: it goes on, and `over`: it was ended by somebody else. */
export type Outcome = Ending | 'left' | 'over';

/** The reason with which an attempt is aborted that somebody cancelled. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** How long an adapter may take to end an agent; the answer of a cancel is promised within 2 s. */
const endMs = 1_500;
/** And how long after its result. */
const lastMs = 10_000;

export interface AttemptHearing {
  events: AsyncIterable<AgentEvent>;
  recorder: Recorder;
  budget: Budget;
  scrub: <T>(value: T) => T;
  /** Asks for what the policy leaves open. */
  decide(
    request: PermissionRequest,
    signal: AbortSignal,
  ): Promise<{ answer: PermissionAnswer; by: string }>;
  /** Ends the attempt, whoever aborts it and why. */
  controller: AbortController;
  /** Called when the adapter did not end the agent in time. */
  onStuck(): void;
  log: Pick<BaseLogger, 'warn' | 'error'>;
}

/** Hears what an agent tells until it has ended. Never throws: every failure is an outcome. */
export async function hearAttempt(hearing: AttemptHearing): Promise<Outcome> {
  const { controller, recorder, log } = hearing;
  const { signal } = controller;
  let ending: Ending | undefined;
  try {
    ending = await hearAll(hearing);
    await recorder.flush();
  } catch (error) {
    if (error instanceof AttemptOver) {
      // What is told no longer counts, and so the agent need not go on either.
      controller.abort(error);
      return 'over';
    }
    if (!signal.aborted) return failureOf(error, log);
  }
  if (signal.aborted) {
    await recorder.flush().catch((error) => {
      log.warn({ err: error }, 'the last events of an attempt were not kept');
    });
    return outcomeOfAbort(signal.reason, log);
  }
  return (
    ending ??
    failureOf(new AgentFailure('AGENT_CRASHED', 'It ended without saying what came of it'), log)
  );
}

async function hearAll(hearing: AttemptHearing): Promise<Ending | undefined> {
  const { signal } = hearing.controller;
  const iterator = hearing.events[Symbol.asyncIterator]();
  const alarm = createAlarm();
  const onAbort = () => alarm.set(endMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  let ending: Ending | undefined;
  try {
    for (;;) {
      const step = await alarm.orRings(iterator.next());
      if (step === 'rang') {
        hearing.onStuck();
        return ending;
      }
      if (step.done) return ending;
      if (signal.aborted || ending) continue;
      ending = await hear(step.value, hearing);
      if (ending) alarm.set(lastMs);
    }
  } finally {
    alarm.clear();
    signal.removeEventListener('abort', onAbort);
  }
}

async function hear(event: AgentEvent, hearing: AttemptHearing): Promise<Ending | undefined> {
  const { recorder, budget, scrub, controller } = hearing;
  const { position } = event;
  const kept = boundedEvent(event, scrub);
  const entry = { event: kept, ...(position !== undefined && { position }) };
  switch (event.type) {
    case 'attached':
      await recorder.add({
        ...entry,
        saved: event.saved,
        ...(event.session !== undefined && { session: event.session }),
      });
      await recorder.flush();
      return undefined;
    case 'usage': {
      const { inputTokens, outputTokens, model } = event;
      const usage = {
        input_tokens: inputTokens,
        output_tokens: outputTokens,
        cost_usd: budget.costOf(event),
      };
      await recorder.add({ ...entry, usage, ...(model !== null && { model }) });
      const problem = budget.check(event);
      if (problem) controller.abort(new AgentFailure('BUDGET_EXCEEDED', problem));
      return undefined;
    }
    case 'permission':
      await recorder.add(entry);
      void answer(event, hearing);
      return undefined;
    case 'done':
      await recorder.add(entry);
      return { status: 'completed', output_data: boundedData(event.output, scrub) };
    case 'error':
      await recorder.add(entry);
      return {
        status: 'failed',
        error_code: event.code,
        error_message: scrub(shortened(event.message)),
        ...(event.output && { output_data: boundedData(event.output, scrub) }),
      };
    default:
      await recorder.add(entry);
      return undefined;
  }
}

async function answer(
  { request, answer }: Extract<AgentEvent, { type: 'permission' }>,
  { decide, recorder, controller, scrub, log }: AttemptHearing,
): Promise<void> {
  try {
    const decided = await decide(request, controller.signal);
    if (controller.signal.aborted) return;
    const data = scrub({ id: request.id, answer: decided.answer, by: decided.by });
    await recorder.add({ event: { type: 'permission_answer', data } });
    answer(decided.answer);
  } catch (error) {
    if (controller.signal.aborted) return;
    log.error({ err: error }, 'a question of an agent could not be asked; it is denied');
    answer('deny');
  }
}

/** What an aborted attempt comes to. */
export function outcomeOfAbort(reason: unknown, log: AttemptHearing['log']): Outcome {
  if (reason instanceof LeaveRunning) return 'left';
  if (reason instanceof AttemptOver) return 'over';
  if (reason instanceof Cancelled) return { status: 'cancelled' };
  return failureOf(reason, log);
}

/** What becomes of an attempt that something went wrong in. */
export function failureOf(error: unknown, log: AttemptHearing['log']): Ending {
  if (error instanceof AgentFailure) {
    return { status: 'failed', error_code: error.code, error_message: shortened(error.message) };
  }
  log.error({ err: error }, 'an attempt of an agent failed');
  return {
    status: 'failed',
    error_code: 'INTERNAL',
    error_message: 'An unexpected error occurred; the log has it',
  };
}

function shortened(text: string): string {
  const shown = text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text;
  return shown.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Rings once, so long after it was last set. */
function createAlarm() {
  let timer: NodeJS.Timeout | undefined;
  let hasRung = false;
  let ring = () => {};
  return {
    set(afterMs: number) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hasRung = true;
        ring();
      }, afterMs);
    },
    /** Not `Promise.race`, which would keep something of each of a million events until the end. */
    orRings: <T>(work: Promise<T>): Promise<T | 'rang'> =>
      new Promise((resolve, reject) => {
        ring = () => resolve('rang');
        if (hasRung) ring();
        work.then(resolve, reject);
      }),
    clear: () => clearTimeout(timer),
  };
}
