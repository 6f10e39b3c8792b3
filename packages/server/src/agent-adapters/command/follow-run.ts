import { appendFile, open, readFile, stat } from 'node:fs/promises';
import { type AgentEvent, AgentFailure, LeaveRunning } from '../../agents/adapter.ts';
import type { Processes, ProcessIdentity } from '../../processes.ts';
import type { Exit } from '../agent-exit.ts';
import { endRun } from '../end-run.ts';
import { pause } from '../pause.ts';
import { asText, parseObject } from '../read-json.ts';
import type { RunFiles } from '../run-files.ts';
import type { CommandAgent } from './command-agent.ts';
import { createMapper } from './mappers.ts';
import { type Line, tailLines } from './tail-lines.ts';

export interface Run {
  agent: CommandAgent;
  files: RunFiles;
  /** `null`: it has ended already. */
  leader: ProcessIdentity | null;
  /** `undefined`: it is no child of this process, but of an earlier life. */
  exit: Promise<{ code: number | null; signal: string | null }> | undefined;
  processes: Processes;
  mark: string;
  /** What was heard already: the position of the last event that was kept. */
  from: number;
  signal: AbortSignal;
}

/** What an agent may print; and as much again to its standard error. */
const mostOutputBytes = 128 * 1_048_576;
const lookMs = 200;
const sizeMs = 500;
/** How long an agent that has told its result may take to end by itself. */
const afterResultMs = 3_000;
const keptErrors = 4_096;

/**
 * Tells what an agent prints until it has ended, from its file and so from any point on. It leaves
 * nothing running, unless the signal says to leave it.
 */
export async function* followRun(run: Run): AsyncGenerator<AgentEvent> {
  const { files, leader, processes, mark, signal } = run;
  const following = new AbortController();
  const stopping = AbortSignal.any([signal, following.signal]);
  const state: { ended: Exit | undefined; problem: AgentFailure | undefined } = {
    ended: undefined,
    problem: undefined,
  };
  const watching = watchProcess(run, state, stopping);
  const measuring = watchSize(files, stopping).then((problem) => {
    if (!problem) return;
    state.problem = problem;
    following.abort(problem);
  });
  let result: AgentEvent | undefined;
  try {
    if (run.from === 0 && leader) yield { type: 'attached', saved: { process: leader } };
    const answered = await readAnswered(files);
    const mapper = createMapper[run.agent.format]();
    let over: NodeJS.Timeout | undefined;
    for await (const line of tailLines(files.output, {
      hasEnded: () => state.ended !== undefined,
      signal: stopping,
    })) {
      // Also lines that were heard already, as what later ones mean can depend on them.
      for (const event of eventsOf(line, mapper.map(line.text ?? ''))) {
        if (event.type === 'done' || event.type === 'error') result ??= event;
        else yield* heard(event, run, answered);
      }
      if (result && !over) over = setTimeout(() => following.abort(), afterResultMs);
    }
    clearTimeout(over);
    if (signal.aborted) return;
    await endRun(processes, leader, mark);
    const exit = state.ended ?? unknownExit;
    const errors = await readErrors(files);
    if (state.problem) throw state.problem;
    yield result ?? mapper.end({ ...exit, errors });
  } finally {
    following.abort();
    if (!(signal.reason instanceof LeaveRunning)) await endRun(processes, leader, mark);
    await Promise.all([watching, measuring]);
  }
}

const unknownExit: Exit = { code: null, signal: null, isUnknown: true, errors: '' };

/** Each with its place in the file: those of one line differ, and none lies beyond its end. */
function eventsOf({ text, start, end }: Line, events: AgentEvent[]): AgentEvent[] {
  if (text === null) {
    return [{ type: 'progress', text: 'A line that was too long is left out', position: end }];
  }
  return events.map((event, place) => ({ ...event, position: Math.min(start + place + 1, end) }));
}

function* heard(event: AgentEvent, run: Run, answered: Set<string>): Generator<AgentEvent> {
  const { position = 0 } = event;
  if (event.type === 'permission') {
    // Asked again after a restart, unless it was answered: the agent waits still.
    if (answered.has(event.request.id)) return;
    const { id } = event.request;
    yield {
      ...event,
      answer: (answer) => {
        appendFile(run.files.answers, `${JSON.stringify({ id, answer })}\n`).catch(() => {});
      },
    };
    return;
  }
  if (position <= run.from) return;
  if (event.type === 'attached') {
    yield { ...event, saved: run.leader ? { process: run.leader } : {} };
  } else yield event;
}

async function watchProcess(
  { leader, exit, processes }: Run,
  state: { ended: Exit | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (exit !== undefined) {
    void exit.then(({ code, signal }) => {
      state.ended = { code, signal, isUnknown: false, errors: '' };
    });
    return;
  }
  while (!signal.aborted) {
    if (!leader || !(await processes.isAlive(leader))) {
      state.ended = unknownExit;
      return;
    }
    await pause(lookMs, signal);
  }
}

/** Why it has to end; `undefined`: it stayed within its bounds. */
async function watchSize(files: RunFiles, signal: AbortSignal): Promise<AgentFailure | undefined> {
  while (!signal.aborted) {
    for (const file of [files.output, files.errors]) {
      const size = await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
      if (size > mostOutputBytes) {
        const reason = `The agent printed more than ${mostOutputBytes / 1_048_576} MiB`;
        return new AgentFailure('OUTPUT_TOO_LARGE', reason);
      }
    }
    await pause(sizeMs, signal);
  }
  return undefined;
}

/** The questions that were answered, also in an earlier life. */
async function readAnswered({ answers }: RunFiles): Promise<Set<string>> {
  const text = await readFile(answers, 'utf8').catch(() => '');
  return new Set(text.split('\n').map((line) => asText(parseObject(line)?.id)));
}

async function readErrors({ errors }: RunFiles): Promise<string> {
  const handle = await open(errors).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, keptErrors);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-15).join('\n');
  } finally {
    await handle.close();
  }
}
