import { mkdir } from 'node:fs/promises';
import type { AgentCapabilities } from '@borgos/contracts/agents';
import type { AgentAdapter, AttemptRef, RunningAttempt } from '../../agents/adapter.ts';
import type { Processes, ProcessIdentity } from '../processes.ts';
import type { CommandAgent } from './command-agent.ts';
import { commandLineOf } from './command-line.ts';
import { endRun, runMarker } from './end-run.ts';
import { findProgram, readVersion } from './find-program.ts';
import { followRun } from './follow-run.ts';
import { heardIn } from './mappers.ts';
import { forgetOldRuns, hasOutput, makeRunFiles, runFiles } from './run-files.ts';
import { startProcess } from './start-process.ts';

export interface CommandAdapterOptions {
  name: string;
  agent: CommandAgent;
  /** Where the files of attempts are: a folder of BORGOS_HOME. */
  folder: string;
  /** By which this home knows its own processes. */
  instance: string;
  processes: Processes;
  /** Where programs are looked for. */
  searchPath: string | undefined;
  /** The variables that the agent asks for of the environment of BorgOS. */
  passed: Record<string, string>;
}

const forgetMs = 3_600_000;

/** An agent that is a program: started for an attempt, it outlives BorgOS, and is heard from its file. */
export function createCommandAdapter(options: CommandAdapterOptions): AgentAdapter {
  const { name, agent, folder, instance, processes, searchPath, passed } = options;
  const [program = ''] = agent.command;
  const running = new Set<string>();
  let forgotAt = Number.NEGATIVE_INFINITY;
  const capabilities: AgentCapabilities = {
    needs_worktree: true,
    resumes: true,
    sessions: agent.session_command !== undefined,
    ...heardIn[agent.format],
  };
  const markOf = (externalRef: string) => `${instance}/${externalRef}`;

  /** Now and then, when one begins: nobody waits for it. */
  function forgetOld(): void {
    if (performance.now() - forgotAt < forgetMs) return;
    forgotAt = performance.now();
    forgetOldRuns(folder, (externalRef) => running.has(externalRef)).catch(() => {});
  }

  return {
    name,
    title: agent.title ?? name,
    kind: 'command',
    capabilities,

    async probe() {
      const location = (await findProgram(program, searchPath)) ?? null;
      if (location === null) {
        const reason = `"${program}" was not found on the search path of BorgOS: install it, or name its whole path in agents.json`;
        return { available: false, reason, version: null, location };
      }
      const version = await readVersion(location, { PATH: searchPath ?? '' });
      return { available: true, reason: null, version, location };
    },

    async *start(task, run) {
      const { externalRef } = task;
      const files = runFiles(folder, externalRef);
      running.add(externalRef);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        forgetOld();
        await makeRunFiles(files, task.prompt);
        const line = commandLineOf(agent, task, run, files.prompt);
        run.signal.throwIfAborted();
        const child = await startProcess({
          ...line,
          program: (await findProgram(line.argv[0] ?? '', searchPath)) ?? program,
          cwd: run.cwd,
          environment: {
            ...run.env,
            ...passed,
            ...line.environment,
            [runMarker]: markOf(externalRef),
            BORGOS_ANSWERS: files.answers,
          },
          files,
        });
        const leader = await processes.identify(child.pid);
        yield* followRun({
          agent,
          files,
          leader,
          exit: child.exit,
          processes,
          mark: markOf(externalRef),
          from: 0,
          signal: run.signal,
        });
      } finally {
        running.delete(externalRef);
      }
    },

    async *resume(ref, run) {
      const files = runFiles(folder, ref.externalRef);
      if (!(await hasOutput(files))) {
        const message = 'BorgOS ended before the agent was started';
        yield { type: 'error', code: 'INTERRUPTED', message };
        return;
      }
      running.add(ref.externalRef);
      try {
        yield* followRun({
          agent,
          files,
          leader: await findLeader(ref),
          exit: undefined,
          processes,
          mark: markOf(ref.externalRef),
          from: ref.position,
          signal: run.signal,
        });
      } finally {
        running.delete(ref.externalRef);
      }
    },

    async cancel(ref) {
      await endRun(processes, await findLeader(ref), markOf(ref.externalRef));
    },

    listRunning: () => listMarked(options),
    close: async () => {},
  };

  /** As it was noted; what was not noted any more is found by its mark. */
  async function findLeader({ saved, externalRef }: AttemptRef): Promise<ProcessIdentity | null> {
    const noted = saved?.process;
    if (isIdentity(noted)) return noted;
    const mark = markOf(externalRef);
    const [first] = (await processes.marked(runMarker)).filter(({ value }) => value === mark);
    return first ? processes.identify(first.pid) : null;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}

/** Attempts of this home with a process, the oldest of each told. */
async function listMarked({
  instance,
  processes,
}: Pick<CommandAdapterOptions, 'instance' | 'processes'>): Promise<RunningAttempt[]> {
  const found = new Map<string, number>();
  for (const { pid, value } of await processes.marked(runMarker)) {
    const [home, externalRef = ''] = value.split('/', 2);
    if (home === instance && !found.has(externalRef)) found.set(externalRef, pid);
  }
  return [...found].map(([externalRef, pid]) => ({ externalRef, description: `process ${pid}` }));
}
