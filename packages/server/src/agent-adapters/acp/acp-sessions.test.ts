import { execFileSync } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../../testing/wait-for.ts';
import { openFakeAgent } from './testing/run-agent.ts';

const all = { permissionPolicy: 'allow_all' as const, answer: () => 'allow' as const };

describe('files', () => {
  test('are written and read in the folder of the task', async () => {
    const { run, cwd } = await openFakeAgent();
    expect((await run('behave: write new/folder/a.txt', all)).result).toBe('{}');
    expect(await readFile(join(cwd, 'new/folder/a.txt'), 'utf8')).toBe('by the client\n');
    const { result } = await run('behave: read new/folder/a.txt', all);
    expect(result).toBe('{"content":"by the client\\n"}');
  });

  test('are not written or read elsewhere, whatever leads there', async () => {
    const { run, cwd, home } = await openFakeAgent();
    const paths = {
      'an absolute path': join(home, 'canary'),
      'a path with ..': `${cwd}/../${basename(home)}/canary`,
      'a folder that is a link': join(cwd, 'linked/canary'),
      'a new file in a folder that is a link': join(cwd, 'linked/made'),
      'a file that is a link': join(cwd, 'link'),
      'a link that leads nowhere yet': join(cwd, 'dangling'),
      'what belongs to git': join(cwd, '.git'),
      'a path that is not absolute': 'canary',
    };
    await writeFile(join(home, 'canary'), 'untouched');
    await writeFile(join(cwd, '.git'), 'untouched');
    await symlink(home, join(cwd, 'linked'));
    await symlink(join(home, 'canary'), join(cwd, 'link'));
    await symlink(join(home, 'made'), join(cwd, 'dangling'));
    await writeFile(join(cwd, 'paths'), JSON.stringify(Object.values(paths)));
    const { result, asked } = await run('behave: tamper', all);
    const results: object[] = JSON.parse(String(result));
    expect(results).toHaveLength(2 * Object.keys(paths).length);
    for (const one of results) expect(one).toHaveProperty('refused');
    expect(asked).toEqual([]);
    expect(await readFile(join(home, 'canary'), 'utf8')).toBe('untouched');
    expect(await readFile(join(cwd, '.git'), 'utf8')).toBe('untouched');
    await expect(readFile(join(home, 'made'))).rejects.toThrow('ENOENT');
  });

  test('are refused when they are no regular files', async () => {
    const { run, cwd } = await openFakeAgent();
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    expect((await run('behave: read pipe')).result).toContain('no regular file');
  });

  test('are written without being asked for only when that is allowed', async () => {
    const { run, cwd } = await openFakeAgent();
    const { result, asked } = await run('behave: write a.txt');
    expect(asked).toMatchObject([{ kind: 'write', details: { path: join(cwd, 'a.txt') } }]);
    expect(result).toContain('It was not allowed');
    await expect(readFile(join(cwd, 'a.txt'))).rejects.toThrow('ENOENT');
  });

  test('are asked for once', async () => {
    const { run, cwd } = await openFakeAgent();
    const { asked } = await run('behave: ask-and-write', { answer: all.answer });
    expect(asked).toMatchObject([{ id: 'q1', kind: 'write' }]);
    expect(await readFile(join(cwd, 'a.txt'), 'utf8')).toBe('asked\n');
  });
});

describe('what an agent asks for', () => {
  test('is to read only within its folder, and allowed once, not for ever', async () => {
    const { run } = await openFakeAgent();
    const { asked, result } = await run('behave: ask-to-read', { answer: all.answer });
    expect(asked).toMatchObject([
      { id: 'q1', kind: 'read' },
      { id: 'q1#2', kind: 'other' },
    ]);
    expect(result).toBe('yes');
  });
});

describe('terminals', () => {
  test('run a command in the folder, and tell what it printed and how it ended', async () => {
    const { run, cwd } = await openFakeAgent();
    await writeFile(join(cwd, 'command'), 'pwd; echo oops >&2; exit 3');
    const { result, asked } = await run('behave: terminal', all);
    expect(asked).toMatchObject([{ kind: 'execute' }]);
    expect(JSON.parse(String(result))).toEqual({
      output: `${cwd}\noops\n`,
      truncated: false,
      exitStatus: { exitCode: 3, signal: null },
    });
  });

  test('keep the end of the output, in whole characters', async () => {
    const { run, cwd } = await openFakeAgent();
    await writeFile(join(cwd, 'command'), 'printf "%0200000d" 0; printf "äöü"');
    const { result } = await run('behave: terminal 5', all);
    expect(JSON.parse(String(result))).toMatchObject({ output: 'öü', truncated: true });
  });

  test('end with what they left in the background', async () => {
    const { run, cwd } = await openFakeAgent();
    await writeFile(join(cwd, 'command'), 'sleep 1000 & echo $! > left-behind');
    await run('behave: terminal', all);
    const pid = await readFile(join(cwd, 'left-behind'), 'utf8');
    await waitFor('it to end', async () => !isAlive(pid));
  });

  test('are not started elsewhere, nor without being allowed', async () => {
    const { run, cwd } = await openFakeAgent();
    expect((await run('behave: terminal-elsewhere', all)).result).toMatch(/^\{"refused":/);
    await writeFile(join(cwd, 'command'), 'touch ran');
    expect((await run('behave: terminal')).result).toContain('It was not allowed');
    await expect(readFile(join(cwd, 'ran'))).rejects.toThrow('ENOENT');
  });

  test('are at most sixteen, and end with the agent', async () => {
    const { run, cwd, adapter } = await openFakeAgent();
    const { result } = await run('behave: terminals', all);
    const made: object[] = JSON.parse(String(result));
    expect(made.filter((one) => 'terminalId' in one)).toHaveLength(16);
    expect(await adapter.listRunning()).toEqual([]);
    const pids = (await readFile(join(cwd, 'terminals'), 'utf8')).trim().split('\n');
    await waitFor('all to end', async () => !pids.some(isAlive));
  });
});

describe('a session', () => {
  test('is told to stop before it is ended', async () => {
    const { run, cwd, controller, adapter } = await openFakeAgent();
    let abortedAt = 0;
    await run('behave: obey', {
      onEvent({ type }) {
        if (type !== 'message') return;
        abortedAt = performance.now();
        controller.abort(new Error('cancelled'));
      },
    });
    // Twice what is promised, as the machine of the test may be busy.
    expect(performance.now() - abortedAt).toBeLessThan(4_000);
    expect(await readFile(join(cwd, 'obeyed'), 'utf8')).toBe('');
    expect(await adapter.listRunning()).toEqual([]);
  });

  test('that does not begin is ended, too', async () => {
    const { run, controller, adapter } = await openFakeAgent('--mute');
    const { last } = await run('behave: succeed', {
      onEvent: () => controller.abort(new Error('cancelled')),
    });
    expect(last?.type).toBe('attached');
    expect(await adapter.listRunning()).toEqual([]);
  });

  test('tells a message as one, though it comes word by word', async () => {
    const { run } = await openFakeAgent();
    const { texts, result } = await run('behave: words');
    expect(texts.length).toBeLessThan(20);
    expect(texts.join('')).toBe(result);
    expect(result).toContain('word1 word2 ');
  });

  test('tells of a call once it is known what it does, of plans and of the cost', async () => {
    const { run } = await openFakeAgent();
    const calls = (await run('behave: tools')).events.filter(({ type }) => type.startsWith('tool'));
    expect(calls).toEqual([
      { type: 'tool_call', id: 'call-1', name: 'Read a.txt', input: { path: 'a.txt' } },
      { type: 'tool_update', id: 'call-1', status: 'running' },
      { type: 'tool_update', id: 'call-1', status: 'completed', output: 'read' },
    ]);
    const { events } = await run('behave: plan');
    const entries = [{ text: 'look', status: 'in_progress' }];
    expect(events).toContainEqual({ type: 'plan', entries });
    expect(events).toContainEqual(expect.objectContaining({ type: 'usage', costUsd: 0.25 }));
  });

  test.each([
    ['loaded', []],
    ['resumed', ['--no-load', '--resume']],
  ])('is %s after a comment, and what it remembers is not told again', async (_, flags) => {
    const { run } = await openFakeAgent(...flags);
    const session = 'session-7';
    const again = await run('behave: where', { session });
    expect(again.session).toBe(session);
    expect(JSON.parse(String(again.result)).session).toBe(session);
    expect(again.texts.join()).not.toContain('what was said before');
  });

  test('is not begun anew by an agent that cannot go on', async () => {
    const { run } = await openFakeAgent('--no-load');
    const { last, texts } = await run('behave: succeed', { session: 'session-1' });
    expect(last).toMatchObject({ code: 'AGENT_FAILED', message: expect.stringMatching(/go on/) });
    expect(texts).toEqual([]);
  });

  test('has the model that is asked for, or none', async () => {
    const { run, cwd } = await openFakeAgent();
    await run('behave: succeed', { model: 'fake-2' });
    expect(await readFile(join(cwd, 'model'), 'utf8')).toBe('fake-2');
    const { last } = await run('behave: succeed', { model: 'unheard-of' });
    expect(last).toMatchObject({ code: 'AGENT_FAILED', message: expect.stringMatching(/fake-2/) });
  });

  test('is given MCP servers over HTTP if the agent can, else as a program', async () => {
    const server = {
      ...{ name: 'borgos', url: 'http://localhost:1/mcp', headers: { Authorization: 'Bearer x' } },
      stdio: { command: 'node', args: ['mcp'], env: { BORGOS_TOKEN: 'x' } },
    };
    const givenTo = async (...flags: string[]) => {
      const { run } = await openFakeAgent(...flags);
      const { result } = await run('behave: where', { mcpServers: [server] });
      return JSON.parse(String(result)).mcpServers;
    };
    const headers = [{ name: 'Authorization', value: 'Bearer x' }];
    const { name, url } = server;
    expect(await givenTo('--http')).toEqual([{ type: 'http', name, url, headers }]);
    const env = [{ name: 'BORGOS_TOKEN', value: 'x' }];
    expect(await givenTo()).toEqual([{ name, command: 'node', args: ['mcp'], env }]);
  });

  test.each([
    ['--invalid', 'succeed', 'INVALID_OUTPUT', 'Welcome to the agent!'],
    ['--wants-login', 'succeed', 'AGENT_UNAVAILABLE', 'log in'],
    ['--next', 'succeed', 'AGENT_UNAVAILABLE', 'version 2'],
    ['--http', 'refuse', 'AGENT_FAILED', 'It refuses to do this: I would rather not'],
    ['--http', 'crash', 'AGENT_CRASHED', 'SIGSEGV):\nout of luck'],
  ])('that fails says why: %s %s', async (flag, behaviour, code, reason) => {
    const { run } = await openFakeAgent(flag);
    const { last } = await run(`behave: ${behaviour}`);
    expect(last).toMatchObject({ type: 'error', code, message: expect.stringContaining(reason) });
  });
});

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
