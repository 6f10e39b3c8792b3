import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

// A command agent that behaves as the first line of its prompt says, as badly as real ones do:
//
//   node fake-agent.ts <format> [--session <id>] < prompt
const [format = 'borgos', ...options] = process.argv.slice(2);
const session = options[0] === '--session' ? options[1] : undefined;
const prompt = readFileSync(0, 'utf8');
const [, behaviour = 'succeed', argument = ''] = /behave: (\S+) ?(\S*)/.exec(prompt) ?? [];

function print(line: object | string): void {
  process.stdout.write(typeof line === 'string' ? `${line}\n` : `${JSON.stringify(line)}\n`);
}

let messages = 0;

function say(text: string): void {
  messages += 1;
  const id = `message-${messages}`;
  if (format === 'text') print(text);
  else if (format === 'borgos') print({ type: 'message', text });
  else if (format === 'claude') {
    print({ type: 'assistant', message: { id, content: [{ type: 'text', text }] } });
  } else if (format === 'codex') {
    print({ type: 'item.completed', item: { id, type: 'agent_message', text } });
  } else print({ type: 'text', sessionID: 'ses_1', part: { type: 'text', text } });
}

function begin(): void {
  const id = session ?? 'session-1';
  if (format === 'borgos') print({ type: 'session', id });
  if (format === 'claude') print({ type: 'system', subtype: 'init', session_id: id });
  if (format === 'codex') print({ type: 'thread.started', thread_id: id });
  if (format === 'opencode') print({ type: 'step_start', sessionID: id, part: {} });
}

function use(input: number, output: number, cost: number): void {
  const usage = { input_tokens: input, output_tokens: output };
  if (format === 'borgos') print({ type: 'usage', ...usage, cost_usd: cost, model: 'fake-1' });
  if (format === 'claude') {
    messages += 1;
    const message = { id: `usage-${messages}`, model: 'fake-1', content: [], usage };
    print({ type: 'assistant', message });
  }
  if (format === 'opencode') {
    print({ type: 'step_finish', part: { reason: 'tool-calls', cost, tokens: { input, output } } });
  }
}

function callTool(id: string, name: string): void {
  if (format === 'borgos') {
    print({ type: 'tool_call', id, name, input: { path: 'a.txt' } });
    print({ type: 'tool_update', id, status: 'completed', output: 'read' });
  }
  if (format === 'claude') {
    const use = { type: 'tool_use', id, name, input: { path: 'a.txt' } };
    print({ type: 'assistant', message: { id: 'tool', content: [use] } });
    const result = { type: 'tool_result', tool_use_id: id, content: 'read' };
    print({ type: 'user', message: { content: [result] } });
  }
  if (format === 'codex') {
    const item = { id, type: 'command_execution', command: 'cat a.txt' };
    print({ type: 'item.started', item });
    print({ type: 'item.completed', item: { ...item, aggregated_output: 'read', exit_code: 0 } });
  }
  if (format === 'opencode') {
    const state = { status: 'completed', input: { path: 'a.txt' }, output: 'read' };
    print({ type: 'tool_use', sessionID: 'ses_1', part: { callID: id, tool: name, state } });
  }
}

function end(text: string): void {
  if (format === 'text') print(text);
  if (format === 'borgos') print({ type: 'done', output: { text } });
  if (format === 'claude') print({ type: 'result', subtype: 'success', result: text });
  if (format === 'codex') {
    say(text);
    print({ type: 'turn.completed', usage: { input_tokens: 10, output_tokens: 5 } });
  }
  if (format === 'opencode') {
    say(text);
    print({ type: 'step_finish', part: { reason: 'stop', tokens: {} } });
  }
}

function fail(message: string): never {
  if (format === 'borgos') print({ type: 'error', message });
  if (format === 'claude') print({ type: 'result', is_error: true, result: message });
  if (format === 'codex') print({ type: 'turn.failed', error: { message } });
  if (format === 'opencode') print({ type: 'error', error: { name: 'x', data: { message } } });
  console.error(message);
  process.exit(1);
}

/** Until the file is there: what a test says when it wants to go on. */
async function until(file: string): Promise<void> {
  while (!existsSync(file)) await wait(10);
}

async function ask(id: string, kind: string): Promise<string> {
  print({ type: 'permission', id, title: 'Write to a.txt', kind, details: { path: 'a.txt' } });
  const file = process.env.BORGOS_ANSWERS ?? '';
  for (;;) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      const answer = JSON.parse(line);
      if (answer.id === id) return answer.answer;
    }
    await wait(10);
  }
}

/** Of its own group and session, so that it is not ended with the agent. */
function leaveSomethingBehind(): void {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  writeFileSync('left-behind', String(child.pid));
}

const behaviours: Record<string, () => Promise<void> | void> = {
  succeed() {
    say('working');
    end('finished');
  },
  fail: () => fail('it went wrong'),
  crash() {
    say('working');
    process.kill(process.pid, 'SIGSEGV');
    // Nothing may come after this.
    for (;;) {}
  },
  quit() {
    say('working');
    process.exit(3);
  },
  async hang() {
    say('working');
    await until('never');
  },
  async stubborn() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    leaveSomethingBehind();
    say('working');
    await until('never');
  },
  many() {
    for (let n = 1; n <= Number(argument || 10_000); n += 1) say(`message ${n}`);
    end('finished');
  },
  huge() {
    say('x'.repeat(3_000_000));
    print('y'.repeat(6_000_000));
    end('finished');
  },
  async flood() {
    const line = 'z'.repeat(1_000_000);
    for (;;) {
      if (!process.stdout.write(`${line}\n`)) {
        await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    }
  },
  invalid() {
    print('Welcome to the agent!');
    print('{"type": ');
    print('\u0000\ufffd{}[]');
  },
  noisy() {
    print('npm warn: something is old');
    say('working');
    print('{"type":"unheard_of"}');
    end('finished');
  },
  async ask() {
    say('working');
    end(`${await ask('q1', argument || 'write')}ed`);
  },
  async slow() {
    for (const step of ['one', 'two', 'three']) {
      say(step);
      await until(`go-${step}`);
    }
    end('finished');
  },
  use() {
    use(100, 10, 0.01);
    say('working');
    end('finished');
  },
  async spend() {
    for (let step = 1; step <= 50; step += 1) {
      const total = format === 'borgos' ? step : 1;
      use(100 * total, 10 * total, 0.01 * total);
      appendFileSync('spent', `${step}\n`);
      await wait(40);
    }
    end('finished');
  },
  tools() {
    callTool('call-1', 'read_file');
    end('finished');
  },
  plan() {
    print({ type: 'plan', entries: [{ text: 'look', status: 'in_progress' }] });
    end('finished');
  },
  change() {
    writeFileSync(argument || 'changed.txt', 'by the agent\n');
    end('finished');
  },
  leave() {
    leaveSomethingBehind();
    end('finished');
  },
  where: () => end(JSON.stringify({ cwd: process.cwd(), env: process.env, session, prompt })),
  /** Says how often it was begun. */
  async once() {
    appendFileSync(argument, `${process.env.BORGOS_AGENT_RUN}\n`);
    say('working');
    await wait(Number(options.at(-1)) || 50);
    end('finished');
  },
  secret() {
    const token = `ghp_${'a1'.repeat(12)}`;
    say(`The key is ${token} and password=hunter2hunter2`);
    say(`And my own is "${process.env.FAKE_API_KEY}"`);
    end(token);
  },
};

if (behaviour !== 'invalid') begin();
await (behaviours[behaviour] ?? (() => fail(`there is no behaviour "${behaviour}"`)))();
