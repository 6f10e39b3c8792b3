import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AgentEvent, AgentRequest, AgentRunOptions } from '../../../agents/adapter.ts';
import { openOwnProcesses } from '../../../runtimes/process/own-processes.ts';
import { createAcpAdapter } from '../acp-adapter.ts';
import { acpAgent } from '../acp-agent.ts';

const script = join(import.meta.dirname, 'fake-acp-agent.ts');

/** The fake agent with a folder of its own to work in. */
export async function openFakeAgent(...flags: string[]) {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'borgos-acp-')));
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'borgos-work-')));
  const controller = new AbortController();
  const adapter = createAcpAdapter({
    name: 'fake',
    agent: acpAgent.parse({ kind: 'acp', command: [process.execPath, script, ...flags] }),
    folder: join(home, 'runs'),
    instance: `test-${process.pid}-${home}`,
    processes: await openOwnProcesses({ instance: 'tests', home: tmpdir() }),
    searchPath: process.env.PATH,
    passed: {},
    version: '0.0.0',
  });
  let attempt = 0;
  onTestFinished(async () => {
    controller.abort(new Error('it is over'));
    for (let n = 1; n <= attempt; n += 1) await adapter.cancel(refOf(n));
    await rm(home, { recursive: true, force: true });
    await rm(cwd, { recursive: true, force: true });
  });

  const refOf = (attempt: number) => {
    const externalRef = `borgos-1-${attempt}`;
    return { taskId: 1, attempt, externalRef, saved: null, position: 0 };
  };

  /** Hears all of it, and lets nothing pass that is asked for unless it is told to. */
  async function run(
    prompt: string,
    {
      onEvent = () => {},
      answer = () => 'deny',
      ...fields
    }: {
      onEvent?: (event: AgentEvent) => unknown;
      answer?: () => 'allow' | 'deny';
    } & Partial<AgentRequest & AgentRunOptions> = {},
  ) {
    attempt += 1;
    const task = {
      ...{ ...refOf(attempt), taskType: 'test', prompt, inputData: {} },
      ...{ model: null, session: null, ...fields },
    };
    const options: AgentRunOptions = {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: home },
      mcpServers: [],
      permissionPolicy: 'ask',
      budget: { tokens: null, costUsd: null },
      signal: controller.signal,
      ...fields,
    };
    const events: AgentEvent[] = [];
    try {
      for await (const event of adapter.start(task, options)) {
        events.push(event);
        if (event.type === 'permission') event.answer(answer());
        await onEvent(event);
      }
    } catch (error) {
      const { code = 'INTERNAL', message } = error as { code?: 'INTERNAL'; message: string };
      events.push({ type: 'error', code, message });
    }
    const last = events.at(-1);
    return {
      events,
      last,
      result: last?.type === 'done' ? String(last.output.text) : last,
      asked: events.flatMap((event) => (event.type === 'permission' ? event.request : [])),
      texts: events.flatMap((event) => (event.type === 'message' ? event.text : [])),
      session: events.flatMap((event) =>
        event.type === 'attached' ? (event.session ?? []) : [],
      )[0],
    };
  }

  return { adapter, run, home, cwd, controller };
}
