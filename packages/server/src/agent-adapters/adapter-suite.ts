import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AgentAdapter,
  type AgentEvent,
  type AgentRequest,
  type AgentRunOptions,
  type AttemptRef,
  LeaveRunning,
} from '../agents/adapter.ts';
import { waitFor } from '../testing/wait-for.ts';

/**
 * What the fake agent behind an adapter does, when its prompt has `behave: <behaviour>` in it:
 *
 * - succeed: tells `working`, its result has the text `finished`
 * - fail: says that `it went wrong`
 * - crash: tells `working`, and dies or breaks the connection
 * - hang: tells `working`, and nothing more
 * - stubborn: the same, and does not end when it is asked to; starts a process that outlives it
 * - many: tells `message 1` to `message 10000`, then as succeed
 * - huge: tells a message of 3 MB, sends 6 MB that mean nothing, then as succeed
 * - flood: sends without an end
 * - invalid: sends only what means nothing
 * - noisy: what means nothing is among what succeed tells
 * - ask: tells `working`, asks to write with the id `q1`; its result is `allowed` or `denyed`
 * - slow: tells one, two, three; after each it waits for the file `go-<it>` in its folder
 * - use: tells that it used 100 tokens in, 10 out, then as succeed
 * - tools: calls a tool with an id, and tells that it is done
 * - change: writes `changed.txt` in its folder
 * - leave: leaves a process running, with its id in the file `left-behind`
 * - where: its result is text with `cwd`, `env`, `session` and `prompt` in JSON
 */
export type Behaviour =
  | 'succeed'
  | 'fail'
  | 'crash'
  | 'hang'
  | 'stubborn'
  | 'many'
  | 'huge'
  | 'flood'
  | 'invalid'
  | 'noisy'
  | 'ask'
  | 'slow'
  | 'use'
  | 'tools'
  | 'change'
  | 'leave'
  | 'where';

export interface AdapterHarness {
  name: string;
  /** Called again, it is the next life of BorgOS: what runs, runs on. */
  create(home: string): Promise<AgentAdapter>;
  /** One whose agent is not there. */
  createAbsent(home: string): Promise<AgentAdapter>;
  /** What cannot be with this agent. */
  without?: readonly Behaviour[];
  /** Ends what is beside the adapter. */
  close?(): Promise<void>;
}

/** What every adapter must do, whatever agent it speaks to. */
export function adapterSuite(harness: AdapterHarness): void {
  describe(`the adapter of ${harness.name}`, { timeout: 30_000 }, () => {
    let home: string;
    let cwd: string;
    let adapter: AgentAdapter;
    let attempt = 0;
    const controllers: AbortController[] = [];

    beforeEach(async () => {
      home = await realpath(await mkdtemp(join(tmpdir(), 'borgos-adapter-')));
      cwd = await realpath(await mkdtemp(join(tmpdir(), 'borgos-work-')));
      adapter = await harness.create(home);
      attempt = 0;
    });
    afterEach(async () => {
      for (const controller of controllers.splice(0)) controller.abort(new Error('it is over'));
      for (let number = 1; number <= attempt; number += 1) await adapter.cancel(refOf(number));
      // An adapter that is closed leaves its agent to the next one.
      await harness.close?.();
      await adapter.close();
      await rm(home, { recursive: true, force: true });
      await rm(cwd, { recursive: true, force: true });
    });

    const can = (behaviour: Behaviour) => !harness.without?.includes(behaviour);

    function refOf(number = attempt): AttemptRef {
      const externalRef = `borgos-1-${number}`;
      return { taskId: 1, attempt: number, externalRef, saved: null, position: 0 };
    }

    function requestOf(behaviour: Behaviour, fields: Partial<AgentRequest> = {}): AgentRequest {
      attempt += 1;
      return {
        taskId: 1,
        attempt,
        externalRef: `borgos-1-${attempt}`,
        taskType: 'test',
        prompt: `behave: ${behaviour}`,
        inputData: {},
        model: null,
        session: null,
        ...fields,
      };
    }

    function optionsOf(fields: Partial<AgentRunOptions> = {}) {
      const controller = new AbortController();
      controllers.push(controller);
      const options: AgentRunOptions = {
        cwd,
        env: { PATH: process.env.PATH ?? '', HOME: home },
        mcpServers: [],
        permissionPolicy: adapter.capabilities.permissions ? 'ask' : 'allow_all',
        budget: { tokens: null, costUsd: null },
        signal: controller.signal,
        ...fields,
      };
      return { options, controller };
    }

    /** Hears all of it. What the iteration throws is its last event. */
    async function hear(
      events: AsyncIterable<AgentEvent>,
      onEvent: (event: AgentEvent) => unknown = () => {},
    ): Promise<AgentEvent[]> {
      const heard: AgentEvent[] = [];
      try {
        for await (const event of events) {
          heard.push(event);
          await onEvent(event);
        }
      } catch (error) {
        const { code = 'INTERNAL', message } = error as { code?: 'INTERNAL'; message: string };
        heard.push({ type: 'error', code, message });
      }
      return heard;
    }

    function run(behaviour: Behaviour, onEvent?: (event: AgentEvent) => unknown) {
      return hear(adapter.start(requestOf(behaviour), optionsOf().options), onEvent);
    }

    const textsOf = (events: AgentEvent[]) =>
      events.flatMap((event) => (event.type === 'message' ? event.text : []));
    const resultOf = (events: AgentEvent[]) => {
      const last = events.at(-1);
      return last?.type === 'done' ? last.output.text : last;
    };

    /** Aborts when it says `working`. Returns how long it then took to end. */
    async function abortWhenWorking(behaviour: Behaviour, reason: Error): Promise<number> {
      const { options, controller } = optionsOf();
      let abortedAt = 0;
      await hear(adapter.start(requestOf(behaviour), options), (event) => {
        if (event.type !== 'message') return;
        abortedAt = performance.now();
        controller.abort(reason);
      });
      expect(abortedAt).toBeGreaterThan(0);
      return performance.now() - abortedAt;
    }

    async function expectNothingRuns(): Promise<void> {
      await waitFor('everything to end', async () => (await adapter.listRunning()).length === 0);
    }

    test('finds its agent', async () => {
      expect(await adapter.probe()).toMatchObject({ available: true, reason: null });
    });

    test('says what to do when its agent is not there, and does not begin', async () => {
      const absent = await harness.createAbsent(home);
      const health = await absent.probe();
      expect(health.available).toBe(false);
      expect(health.reason).toMatch(/\w/);
      const events = await hear(absent.start(requestOf('succeed'), optionsOf().options));
      expect(events.at(-1)).toMatchObject({ type: 'error', code: 'AGENT_UNAVAILABLE' });
      await absent.close();
    });

    test('tells what the agent says, and its result last', async () => {
      const events = await run('succeed');
      expect(textsOf(events)).toContain('working');
      expect(resultOf(events)).toContain('finished');
      await expectNothingRuns();
    });

    test('tells why the agent failed', async () => {
      const events = await run('fail');
      expect(events.at(-1)).toMatchObject({
        type: 'error',
        message: expect.stringContaining('it went wrong'),
      });
    });

    test('says so when the agent dies', async () => {
      const events = await run('crash');
      expect(textsOf(events)).toContain('working');
      expect(events.at(-1)).toMatchObject({ type: 'error', code: 'AGENT_CRASHED' });
    });

    test('tells what happens when it happens', async () => {
      const { options, controller } = optionsOf();
      const first = Promise.withResolvers<void>();
      const hearing = hear(adapter.start(requestOf('hang'), options), (event) => {
        if (event.type === 'message') first.resolve();
      });
      await first.promise;
      controller.abort(new Error('enough'));
      await hearing;
    });

    test('ends an agent that hangs', async () => {
      expect(await abortWhenWorking('hang', new Error('cancelled'))).toBeLessThan(5_000);
      await expectNothingRuns();
    });

    if (can('stubborn'))
      test('ends an agent that does not want to, with all it began', async () => {
        await abortWhenWorking('stubborn', new Error('cancelled'));
        await expectNothingRuns();
      });

    test('begins nothing when it was aborted before', async () => {
      const { options, controller } = optionsOf();
      controller.abort(new Error('cancelled'));
      const events = await hear(adapter.start(requestOf('change'), options));
      expect(events.filter(({ type }) => type === 'done')).toEqual([]);
      await expect(readFile(join(cwd, 'changed.txt'))).rejects.toThrow('ENOENT');
    });

    if (can('many'))
      test('leaves nothing out of ten thousand messages', async () => {
        const events = await run('many');
        const texts = textsOf(events).filter((text) => text.startsWith('message '));
        expect(texts).toEqual(Array.from({ length: 10_000 }, (_, n) => `message ${n + 1}`));
        expect(resultOf(events)).toContain('finished');
      });

    if (can('huge'))
      test('takes messages and lines of any length', async () => {
        const events = await run('huge');
        expect(textsOf(events).some((text) => text.length >= 3_000_000)).toBe(true);
        expect(resultOf(events)).toContain('finished');
      });

    if (can('flood'))
      test('ends an agent that does not stop to print', async () => {
        const events = await run('flood');
        expect(events.at(-1)).toMatchObject({ type: 'error', code: 'OUTPUT_TOO_LARGE' });
        await expectNothingRuns();
      });

    if (can('invalid'))
      test('says so when nothing can be understood', async () => {
        expect((await run('invalid')).at(-1)).toMatchObject({
          type: 'error',
          code: 'INVALID_OUTPUT',
        });
      });

    if (can('noisy'))
      test('passes over what cannot be understood', async () => {
        const events = await run('noisy');
        expect(textsOf(events)).toContain('working');
        expect(resultOf(events)).toContain('finished');
      });

    test('works in the folder that it is given', async () => {
      if (!adapter.capabilities.needs_worktree) return;
      await run('change');
      expect(await readFile(join(cwd, 'changed.txt'), 'utf8')).toBe('by the agent\n');
    });

    if (can('where'))
      test('gives the agent its environment and prompt, and nothing else', async () => {
        process.env.BORGOS_CANARY = 'must-not-be-seen';
        try {
          const events = await run('where');
          const { cwd: where, env, prompt } = JSON.parse(String(resultOf(events)));
          expect(where).toBe(cwd);
          expect(env).toMatchObject({ HOME: home });
          expect(JSON.stringify(env)).not.toContain('must-not-be-seen');
          expect(prompt).toContain('behave: where');
        } finally {
          delete process.env.BORGOS_CANARY;
        }
      });

    if (can('leave'))
      test('ends what the agent has left running', async () => {
        expect(resultOf(await run('leave'))).toContain('finished');
        const pid = Number(await readFile(join(cwd, 'left-behind'), 'utf8'));
        await waitFor('the process to end', async () => !isAlive(pid));
      });

    test('tells the calls of tools by their ids', async () => {
      if (!can('tools')) return;
      const events = await run('tools');
      const call = events.find((event) => event.type === 'tool_call');
      const update = events.findLast((event) => event.type === 'tool_update');
      expect(call).toMatchObject({ name: expect.stringMatching(/\w/) });
      expect(update).toMatchObject({ id: call?.id, status: 'completed' });
    });

    test('tells what was used, before the result', async () => {
      if (!can('use') || adapter.capabilities.usage === 'none') return;
      const events = await run('use');
      const usages = events.filter((event) => event.type === 'usage');
      expect(usages.at(-1)?.inputTokens).toBeGreaterThan(0);
      expect(events.at(-1)?.type).toBe('done');
    });

    test.each(['allow', 'deny'] as const)('asks, and tells the agent: %s', async (answer) => {
      if (!adapter.capabilities.permissions) return;
      const events = await run('ask', (event) => {
        if (event.type === 'permission') event.answer(answer);
      });
      const asked = events.find((event) => event.type === 'permission');
      expect(asked?.request).toMatchObject({ id: expect.stringMatching(/\w/), kind: 'write' });
      expect(resultOf(events)).toContain(answer === 'allow' ? 'allowed' : 'denyed');
    });

    test('does not begin an attempt twice', async () => {
      const request = requestOf('succeed');
      await hear(adapter.start(request, optionsOf().options));
      const again = await hear(adapter.start(request, optionsOf().options));
      expect(again.at(-1)).toMatchObject({ type: 'error', code: 'INTERRUPTED' });
      expect(textsOf(again)).toEqual([]);
    });

    test('goes on after a restart, and tells nothing twice', async () => {
      if (!adapter.capabilities.resumes) return;
      const { options, controller } = optionsOf();
      const ref = { ...refOf(attempt + 1) };
      const keep = (event: AgentEvent) => {
        ref.position = event.position ?? ref.position;
        if (event.type === 'attached') ref.saved = event.saved;
      };
      const before = await hear(adapter.start(requestOf('slow'), options), async (event) => {
        keep(event);
        if (event.type !== 'message') return;
        if (event.text === 'one') await writeFile(join(cwd, 'go-one'), '');
        else controller.abort(new LeaveRunning());
      });
      expect(textsOf(before)).toEqual(['one', 'two']);
      await adapter.close();

      adapter = await harness.create(home);
      // Meanwhile it goes on.
      await writeFile(join(cwd, 'go-two'), '');
      await writeFile(join(cwd, 'go-three'), '');
      const after = await hear(adapter.resume(ref, optionsOf().options), keep);
      expect(textsOf(after)[0]).toBe('three');
      expect(textsOf(after)).not.toContain('two');
      if (harness.name !== 'text') expect(resultOf(after)).toContain('finished');
    });

    test('asks again after a restart what was not answered', async () => {
      if (!adapter.capabilities.resumes || !adapter.capabilities.permissions) return;
      const { options, controller } = optionsOf();
      const ref = { ...refOf(attempt + 1) };
      await hear(adapter.start(requestOf('ask'), options), (event) => {
        ref.position = event.position ?? ref.position;
        if (event.type === 'attached') ref.saved = event.saved;
        if (event.type === 'permission') controller.abort(new LeaveRunning());
      });
      adapter = await harness.create(home);
      const after = await hear(adapter.resume(ref, optionsOf().options), (event) => {
        if (event.type === 'permission') event.answer('allow');
      });
      expect(resultOf(after)).toContain('allowed');
    });

    test('does not go on with what was never begun', async () => {
      attempt += 1;
      const events = await hear(adapter.resume(refOf(), optionsOf().options));
      expect(events.at(-1)).toMatchObject({ type: 'error', code: 'INTERRUPTED' });
      expect(textsOf(events)).toEqual([]);
    });

    test('finds and ends what an earlier life has left', async () => {
      await abortWhenWorking('hang', new LeaveRunning());
      if (!adapter.capabilities.resumes) return;
      adapter = await harness.create(home);
      expect(await adapter.listRunning()).toMatchObject([{ externalRef: 'borgos-1-1' }]);
      // Nothing was noted of it: BorgOS was killed before.
      await adapter.cancel(refOf());
      await expectNothingRuns();
      await adapter.cancel(refOf());
    });

    test('goes on with a session', async () => {
      if (!adapter.capabilities.sessions || !can('where')) return;
      const first = await run('succeed');
      const [session] = first.flatMap((event) =>
        event.type === 'attached' && event.session ? event.session : [],
      );
      expect(session).toBeDefined();
      const request = requestOf('where', { session: session ?? null });
      const events = await hear(adapter.start(request, optionsOf().options));
      expect(JSON.parse(String(resultOf(events))).session).toBe(session);
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
