import { mkdir } from 'node:fs/promises';
import type { AgentCapabilities } from '@borgos/contracts/agents';
import type {
  AgentAdapter,
  AgentEvent,
  AgentRequest,
  AgentRunOptions,
} from '../../agents/adapter.ts';
import { findProgram } from '../../find-program.ts';
import type { Processes, ProcessIdentity } from '../../processes.ts';
import { endRun, runMarker } from '../end-run.ts';
import { findLeader, listMarked } from '../marked-runs.ts';
import { readVersion } from '../read-version.ts';
import { createForgetting, makeRunFiles, runFiles } from '../run-files.ts';
import type { AcpAgent } from './acp-agent.ts';
import { startAgentProcess } from './agent-process.ts';
import { runSession } from './run-session.ts';

export interface AcpAdapterOptions {
  name: string;
  agent: AcpAgent;
  /** Where it is noted which attempts were begun: a folder of BORGOS_HOME. */
  folder: string;
  /** By which this home knows its own processes. */
  instance: string;
  processes: Processes;
  /** Where programs are looked for. */
  searchPath: string | undefined;
  /** The variables that the agent asks for of the environment of BorgOS. */
  passed: Record<string, string>;
  /** Of BorgOS: agents are told it. */
  version: string;
}

/**
 * An agent that speaks the Agent Client Protocol over its standard input and output, and so ends
 * with BorgOS: an attempt of an earlier life is `INTERRUPTED`. Its session is kept, and can be gone
 * on with.
 */
export function createAcpAdapter(options: AcpAdapterOptions): AgentAdapter {
  const { name, agent, folder, instance, processes, searchPath, passed, version } = options;
  const [first = '', ...argv] = agent.command;
  const capabilities: AgentCapabilities = {
    needs_worktree: true,
    permissions: true,
    resumes: false,
    sessions: agent.sessions,
    usage: 'end',
    cost: true,
  };
  const running = new Set<string>();
  const forgetOld = createForgetting(folder, (externalRef) => running.has(externalRef));
  const markOf = (externalRef: string) => `${instance}/${externalRef}`;

  async function find(): Promise<string | undefined> {
    for (const program of [first, ...agent.other_programs]) {
      const file = await findProgram(program, searchPath);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  async function cancel(ref: Parameters<AgentAdapter['cancel']>[0]): Promise<void> {
    const mark = markOf(ref.externalRef);
    await endRun(processes, await findLeader(processes, ref, mark), mark);
  }

  async function* runAgent(task: AgentRequest, run: AgentRunOptions): AsyncGenerator<AgentEvent> {
    const mark = markOf(task.externalRef);
    const modelArguments = task.model === null ? [] : agent.model_arguments;
    const process = await startAgentProcess({
      processes,
      program: (await find()) ?? first,
      argv: [
        ...argv,
        ...modelArguments.map((argument) => argument.replace('{model}', task.model ?? '')),
      ],
      cwd: run.cwd,
      environment: { ...run.env, ...passed, ...agent.environment, [runMarker]: mark },
    });
    let leader: ProcessIdentity | null = null;
    let last: AgentEvent | undefined;
    try {
      leader = await processes.identify(process.pid);
      const saved = leader ? { process: leader } : {};
      yield { type: 'attached', saved };
      for await (const event of runSession({
        ...{ process, processes, task, run, version },
        model: modelArguments.length > 0 ? null : task.model,
        environment: { ...run.env, [runMarker]: mark },
      })) {
        if (event.type === 'attached') yield { ...event, saved };
        else if (event.type === 'done' || event.type === 'error') last = event;
        else yield event;
      }
    } finally {
      await endRun(processes, leader, mark);
    }
    if (last) yield last;
  }

  return {
    name,
    title: agent.title ?? name,
    kind: 'acp',
    capabilities,

    async probe() {
      const location = (await find()) ?? null;
      if (location === null) {
        const names = [first, ...agent.other_programs].map((name) => `"${name}"`).join(' or ');
        const reason = `${names} was not found on the search path of BorgOS: install it, or name its whole path in agents.json`;
        return { available: false, reason, version: null, location };
      }
      const version = await readVersion(location, { PATH: searchPath ?? '' });
      return { available: true, reason: null, version, location };
    },

    async *start(task, run) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { externalRef } = task;
      running.add(externalRef);
      try {
        forgetOld();
        await makeRunFiles(runFiles(folder, externalRef), task.prompt);
        run.signal.throwIfAborted();
        yield* runAgent(task, run);
      } finally {
        running.delete(externalRef);
      }
    },

    async *resume(ref) {
      await cancel(ref);
      const message =
        'BorgOS ended while the agent worked, and with it the connection to the agent. What it has done so far is kept; try it again if that does no harm';
      yield { type: 'error', code: 'INTERRUPTED', message };
    },

    cancel,
    listRunning: () => listMarked(processes, instance),
    close: async () => {},
  };
}
