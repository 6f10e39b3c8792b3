import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type AgentContext,
  agent,
  type McpServer,
  methods,
  ndJsonStream,
  RequestError,
  type SessionUpdate,
} from '@agentclientprotocol/sdk/unstable';

// An agent of the Agent Client Protocol that behaves as its prompt says, as badly as real ones do:
//
//   node fake-acp-agent.ts [--no-load] [--resume] [--http] [--wants-login] [--mute]
const options = new Set(process.argv.slice(2));
const { session: asks, fs, terminal } = methods.client;

interface Turn {
  client: AgentContext;
  sessionId: string;
  cwd: string;
  argument: string;
  prompt: string;
  signal: { isCancelled: boolean };
}

interface Session {
  cwd: string;
  mcpServers: McpServer[];
  signal: { isCancelled: boolean };
}

const sessions = new Map<string, Session>();
let messages = 0;

function update({ client, sessionId }: Turn, update: SessionUpdate): Promise<void> {
  return client.notify(asks.update, { sessionId, update });
}

function say(turn: Turn, text: string, messageId = `message-${++messages}`): Promise<void> {
  const content = { type: 'text' as const, text };
  return update(turn, { sessionUpdate: 'agent_message_chunk', messageId, content });
}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function until(look: () => boolean): Promise<undefined> {
  while (!look()) await wait(10);
  return undefined;
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

async function ask(turn: Turn, kind = 'edit', rawInput: object = { path: 'a.txt' }) {
  const { outcome } = await turn.client.request(asks.requestPermission, {
    sessionId: turn.sessionId,
    toolCall: { toolCallId: 'q1', title: 'Write to a.txt', kind: kind as 'edit', rawInput },
    options: [
      { optionId: 'always', name: 'Always', kind: 'allow_always' },
      { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
      { optionId: 'no', name: 'No', kind: 'reject_once' },
    ],
  });
  return outcome.outcome === 'selected' ? outcome.optionId : outcome.outcome;
}

/** What a request came to, so that a test can look at it. */
async function tried<T>(request: Promise<T>): Promise<T | { refused: string }> {
  return request.catch((error: Error) => ({ refused: error.message }));
}

const behaviours: Record<string, (turn: Turn) => Promise<string | undefined>> = {
  async succeed(turn) {
    await say(turn, 'working');
    return 'finished';
  },
  async fail() {
    throw new RequestError(-32_603, 'Internal error', { details: 'it went wrong' });
  },
  async refuse(turn) {
    await say(turn, 'I would rather not');
    return undefined;
  },
  async crash(turn) {
    await say(turn, 'working');
    await wait(20);
    console.error('out of luck');
    process.kill(process.pid, 'SIGSEGV');
    return until(() => false);
  },
  async hang(turn) {
    await say(turn, 'working');
    return until(() => false);
  },
  /** Stops as soon as it is asked to. */
  async obey(turn) {
    await say(turn, 'working');
    await until(() => turn.signal.isCancelled);
    writeFileSync('obeyed', '');
    return undefined;
  },
  async stubborn(turn) {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    process.stdin.on('end', () => setInterval(() => {}, 1000));
    leaveSomethingBehind();
    await say(turn, 'working');
    return until(() => false);
  },
  async many(turn) {
    for (let n = 1; n <= 10_000; n += 1) await say(turn, `message ${n}`);
    return 'finished';
  },
  /** One message, word by word. */
  async words(turn) {
    for (let n = 1; n <= 500; n += 1) await say(turn, `word${n} `, 'one');
    return undefined;
  },
  async huge(turn) {
    await say(turn, 'x'.repeat(3_000_000));
    print('y'.repeat(6_000_000));
    return 'finished';
  },
  async flood() {
    const line = 'z'.repeat(1_000_000);
    for (;;) {
      if (!print(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  },
  async noisy(turn) {
    print('npm warn: something is old');
    print('{"jsonrpc":"2.0","method":"unheard/of","params":{}}');
    print('{"jsonrpc":"2.0","id":4711,"result":{}}');
    print('[{"jsonrpc":"2.0"}]');
    await say(turn, 'working');
    const unknown = { sessionUpdate: 'unheard_of', of: 1 };
    await update(turn, unknown as unknown as SessionUpdate);
    return 'finished';
  },
  async ask(turn) {
    await say(turn, 'working');
    return (await ask(turn)) === 'yes' ? 'allowed' : 'denyed';
  },
  /** First inside of its folder, then outside. */
  async 'ask-to-read'(turn) {
    await ask(turn, 'read', { path: `${turn.cwd}/a.txt` });
    return ask(turn, 'read', { path: '/etc/hosts' });
  },
  async use() {
    return 'finished';
  },
  async tools(turn) {
    const toolCallId = 'call-1';
    const title = 'Read a.txt';
    await update(turn, { sessionUpdate: 'tool_call', toolCallId, title, kind: 'read' });
    const rawInput = { path: 'a.txt' };
    const running = { rawInput, status: 'in_progress' as const };
    await update(turn, { sessionUpdate: 'tool_call_update', toolCallId, ...running });
    const done = { rawOutput: 'read', status: 'completed' as const };
    await update(turn, { sessionUpdate: 'tool_call_update', toolCallId, ...done });
    return 'finished';
  },
  async plan(turn) {
    const entry = { content: 'look', priority: 'high' as const, status: 'in_progress' as const };
    await update(turn, { sessionUpdate: 'plan', entries: [entry] });
    const cost = { amount: 0.25, currency: 'USD' };
    await update(turn, { sessionUpdate: 'usage_update', used: 5_000, size: 200_000, cost });
    return 'finished';
  },
  async change() {
    writeFileSync('changed.txt', 'by the agent\n');
    return 'finished';
  },
  async leave() {
    leaveSomethingBehind();
    return 'finished';
  },
  async where({ prompt, sessionId }) {
    const { mcpServers } = sessions.get(sessionId) ?? {};
    const session = sessionId;
    return JSON.stringify({ cwd: process.cwd(), env: process.env, session, prompt, mcpServers });
  },
  async write({ client, sessionId, cwd, argument }) {
    const path = `${cwd}/${argument}`;
    const content = 'by the client\n';
    return JSON.stringify(
      await tried(client.request(fs.writeTextFile, { sessionId, path, content })),
    );
  },
  async read({ client, sessionId, cwd, argument }) {
    const path = `${cwd}/${argument}`;
    return JSON.stringify(await tried(client.request(fs.readTextFile, { sessionId, path })));
  },
  /** Tries all paths of the file `paths`: what came of each to write and to read it. */
  async tamper({ client, sessionId }) {
    const results: unknown[] = [];
    for (const path of JSON.parse(readFileSync('paths', 'utf8'))) {
      const content = 'tampered with';
      results.push(await tried(client.request(fs.writeTextFile, { sessionId, path, content })));
      results.push(await tried(client.request(fs.readTextFile, { sessionId, path })));
    }
    return JSON.stringify(results);
  },
  /** Asks, and then has it written: nobody is to be asked twice. */
  async 'ask-and-write'(turn) {
    const path = `${turn.cwd}/a.txt`;
    await ask(turn, 'edit', { path });
    const { client, sessionId } = turn;
    await client.request(fs.writeTextFile, { sessionId, path, content: 'asked\n' });
    return 'finished';
  },
  /** Runs what is in the file `command`, and tells its output. */
  async terminal({ client, sessionId, argument }) {
    const outputByteLimit = Number(argument) || null;
    const command = readFileSync('command', 'utf8');
    const made = await tried(
      client.request(terminal.create, { sessionId, command, outputByteLimit }),
    );
    if ('refused' in made) return JSON.stringify(made);
    const { terminalId } = made;
    await client.request(terminal.waitForExit, { sessionId, terminalId });
    const output = await client.request(terminal.output, { sessionId, terminalId });
    await client.request(terminal.release, { sessionId, terminalId });
    return JSON.stringify(output);
  },
  async 'terminal-elsewhere'({ client, sessionId }) {
    const request = { sessionId, command: 'pwd', cwd: '/' };
    return JSON.stringify(await tried(client.request(terminal.create, request)));
  },
  /** Uses the MCP server that it was given, and tries its token on other things; keeps it in a file. */
  async mcp({ sessionId, argument }) {
    const [server] = sessions.get(sessionId)?.mcpServers ?? [];
    if (!server || !('type' in server) || server.type !== 'http') return 'no server';
    const given = Object.fromEntries(server.headers.map(({ name, value }) => [name, value]));
    writeFileSync(argument, JSON.stringify({ url: server.url, headers: given }));
    const ask = async (path: string, body?: object) => {
      const { status } = await fetch(new URL(path, server.url), {
        method: body ? 'POST' : 'GET',
        headers: {
          ...given,
          Accept: 'application/json, text/event-stream',
          ...(body && { 'Content-Type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      return status;
    };
    return JSON.stringify({
      mcp: await ask(server.url, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      projects: await ask('/api/v1/projects'),
      approvals: await ask('/api/v1/agent/approvals'),
      decide: await ask('/api/v1/agent/approvals/1', { decision: 'allow' }),
      tokens: await ask('/api/v1/tokens'),
      register: await ask('/api/v1/projects', { name: 'x', path: '/tmp' }),
    });
  },
  /** Starts more terminals than there may be, which never end, and does not release them. */
  async terminals(turn) {
    const { client, sessionId } = turn;
    const command = 'echo $$ >> terminals; exec sleep 1000';
    const results: unknown[] = [];
    for (let n = 0; n < 20; n += 1) {
      results.push(await tried(client.request(terminal.create, { sessionId, command })));
    }
    await until(
      () => existsSync('terminals') && readFileSync('terminals', 'utf8').split('\n').length > 16,
    );
    await say(turn, 'working');
    return JSON.stringify(results);
  },
};

if (options.has('--invalid')) {
  print('Welcome to the agent!');
  print('{"type": ');
  process.exit(0);
}

const app = agent({ name: 'fake' })
  .onRequest(methods.agent.initialize, async () => {
    if (options.has('--mute')) await until(() => false);
    return {
      protocolVersion: options.has('--next') ? 2 : 1,
      agentCapabilities: {
        loadSession: !options.has('--no-load'),
        mcpCapabilities: { http: options.has('--http') },
        ...(options.has('--resume') && { sessionCapabilities: { resume: {} } }),
      },
    };
  })
  .onRequest(methods.agent.session.new, ({ params: { cwd, mcpServers } }) => {
    if (options.has('--wants-login')) throw RequestError.authRequired();
    const sessionId = `session-${process.pid}`;
    sessions.set(sessionId, { cwd, mcpServers, signal: { isCancelled: false } });
    const models = ['fake-1', 'fake-2'].map((value) => ({ value, name: value }));
    return {
      sessionId,
      configOptions: [
        {
          ...{ id: 'model', name: 'Model', category: 'model', type: 'select' },
          ...{ currentValue: 'fake-1', options: models },
        },
      ],
    };
  })
  .onRequest(methods.agent.session.load, async ({ client, params }) => {
    const { sessionId, cwd, mcpServers } = params;
    sessions.set(sessionId, { cwd, mcpServers, signal: { isCancelled: false } });
    const content = { type: 'text' as const, text: 'what was said before' };
    const update = { sessionUpdate: 'agent_message_chunk' as const, content };
    await client.notify(asks.update, { sessionId, update });
    return {};
  })
  .onRequest(methods.agent.session.resume, ({ params: { sessionId, cwd, mcpServers = [] } }) => {
    sessions.set(sessionId, { cwd, mcpServers, signal: { isCancelled: false } });
    return {};
  })
  .onRequest(methods.agent.session.setConfigOption, ({ params }) => {
    writeFileSync('model', String(params.value));
    return { configOptions: [] };
  })
  .onNotification(methods.agent.session.cancel, ({ params: { sessionId } }) => {
    const session = sessions.get(sessionId);
    if (session) session.signal.isCancelled = true;
  })
  .onRequest(methods.agent.session.prompt, async ({ client, params: { sessionId, prompt } }) => {
    const session = sessions.get(sessionId);
    if (!session) throw RequestError.invalidParams();
    const text = prompt.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const [, name = 'succeed', argument = ''] = /behave: (\S+) ?(\S*)/.exec(text) ?? [];
    const turn = { client, sessionId, ...session, argument, prompt: text };
    const said = await behaviours[name]?.(turn);
    if (said !== undefined) await say(turn, said);
    const { isCancelled } = session.signal;
    const used = { inputTokens: 100, outputTokens: 10, totalTokens: 110 };
    return {
      stopReason: isCancelled ? 'cancelled' : name === 'refuse' ? 'refusal' : 'end_turn',
      ...(name === 'use' && { usage: used }),
    };
  });

app.connect(
  ndJsonStream(
    // Not what Node.js makes of it, which loses what is written while others print.
    new WritableStream<Uint8Array>({
      write: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
    }),
    Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
  ),
);
