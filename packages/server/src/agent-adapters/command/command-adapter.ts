import { mkdir } from 'node:fs/promises';
import type { AgentCapabilities } from '@borgos/contracts/agents';
import type { AgentAdapter, AttemptRef } from '../../agents/adapter.ts';
import { findProgram } from '../../find-program.ts';
import type { Processes } from '../../processes.ts';
import { endRun, runMarker } from '../end-run.ts';
import { findLeader as findMarked, listMarked } from '../marked-runs.ts';
import { readVersion } from '../read-version.ts';
import { createForgetting, hasOutput, makeRunFiles, runFiles } from '../run-files.ts';
import type { CommandAgent } from './command-agent.ts';
import { commandLineOf } from './command-line.ts';
import { followRun } from './follow-run.ts';
import { heardIn } from './mappers.ts';
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

/** An agent that is a program: started for an attempt, it outlives BorgOS, and is heard from its file. */
export function createCommandAdapter(options: CommandAdapterOptions): AgentAdapter {
  const { name, agent, folder, instance, processes, searchPath, passed } = options;
  const [program = ''] = agent.command;
  const running = new Set<string>();
  const forgetOld = createForgetting(folder, (externalRef) => running.has(externalRef));
  const capabilities: AgentCapabilities = {
    needs_worktree: true,
    resumes: true,
    sessions: agent.session_command !== undefined,
    ...heardIn[agent.format],
  };
  const markOf = (externalRef: string) => `${instance}/${externalRef}`;

  const findLeader = (ref: AttemptRef) => findMarked(processes, ref, markOf(ref.externalRef));

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
          processes,
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

    listRunning: () => listMarked(processes, instance),
    close: async () => {},
  };
}
