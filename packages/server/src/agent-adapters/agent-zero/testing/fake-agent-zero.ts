import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { apiKeyOf } from '../access.ts';

// An Agent Zero that behaves as badly as the real one: ten threads that a blocking route can use up,
// tokens and origins, errors as plain text, items that change after they were told.
//
//   node run_ui.py --host=127.0.0.1 --port=8085      with fake.json and usr/.env in the directory
const [, host = '127.0.0.1'] = /--host=([\d.]+)/.exec(process.argv.join(' ')) ?? [];
const [, port = '5000'] = /--port=(\d+)/.exec(process.argv.join(' ')) ?? [];
// The folder that a container keeps is `usr`.
const settingsFile = ['fake.json', 'usr/fake.json'].find((file) => existsSync(file));
const settings: { prefix?: string; startMs?: number; dies?: boolean; ignoresTerm?: boolean } =
  settingsFile ? JSON.parse(readFileSync(settingsFile, 'utf8')) : {};
const { prefix = '/api' } = settings;
const variables = Object.fromEntries(
  (existsSync('usr/.env') ? readFileSync('usr/.env', 'utf8') : '')
    .split('\n')
    .map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
);
const { AUTH_LOGIN: user, AUTH_PASSWORD: password, A0_PERSISTENT_RUNTIME_ID: id = '' } = variables;
const apiKey = apiKeyOf(id, user ?? '', password ?? '');
const runtimeId = randomBytes(4).toString('hex');
const threads = 10;

interface Item {
  no: number;
  type: string;
  heading: string;
  content: string;
  kvps: object | null;
}

interface Chat {
  id: string;
  guid: string;
  running: boolean;
  items: Item[];
  updates: number[];
  isInvalid: boolean;
}

interface Session {
  token: string;
  isLoggedIn: boolean;
}

const chats = new Map<string, Chat>();
const sessions = new Map<string, Session>();
let busy = 0;
let polls = 0;
const waiting: (() => void)[] = [];

function add(chat: Chat, type: string, content: string, more: Partial<Item> = {}): Item {
  const item = { no: chat.items.length, type, heading: '', content, kvps: null, ...more };
  chat.items.push(item);
  chat.updates.push(item.no);
  return item;
}

function change(chat: Chat, item: Item, content: string): void {
  item.content = content;
  chat.updates.push(item.no);
}

function chatOf(id: string): Chat {
  const guid = randomUUID();
  const none: Chat = { id, guid, running: false, items: [], updates: [], isInvalid: false };
  const chat = chats.get(id) ?? none;
  chats.set(id, chat);
  return chat;
}

const isThere = (chat: Chat) => chats.get(chat.id) === chat;

async function until(chat: Chat, file: string): Promise<void> {
  while (!existsSync(file) && isThere(chat)) await wait(10);
}

type Behaviour = (chat: Chat, folder: string, text: string) => Promise<void> | void;

const behaviours: Record<string, Behaviour> = {
  succeed: (chat) => void add(chat, 'response', 'working'),
  async fail(chat) {
    add(chat, 'response', 'working');
    add(chat, 'error', 'it went wrong', { heading: 'Error' });
    chat.running = false;
  },
  async crash(chat) {
    add(chat, 'response', 'working');
    await wait(300);
    process.kill(process.pid, 'SIGKILL');
  },
  async hang(chat) {
    add(chat, 'response', 'working');
    await until(chat, 'never');
  },
  async stubborn(chat) {
    const left = ['-e', 'setInterval(() => {}, 1000)'];
    spawn(process.execPath, left, { detached: true, stdio: 'ignore' }).unref();
    add(chat, 'response', 'working');
    await until(chat, 'never');
  },
  many(chat) {
    for (let n = 1; n <= 10_000; n += 1) add(chat, 'response', `message ${n}`);
  },
  huge(chat) {
    add(chat, 'response', 'x'.repeat(3_000_000));
    add(chat, 'unheard_of', 'y'.repeat(6_000_000));
  },
  async flood(chat) {
    for (; isThere(chat); await wait(5)) add(chat, 'response', 'z'.repeat(2_000_000));
  },
  async invalid(chat) {
    chat.isInvalid = true;
    await until(chat, 'never');
  },
  noisy(chat) {
    add(chat, 'response', 'working', { kvps: { a: [] } });
    chat.items.push({ no: 'x' } as unknown as Item);
    chat.updates.push(chat.items.length - 1);
  },
  async slow(chat, folder) {
    for (const step of ['one', 'two', 'three']) {
      add(chat, 'response', step);
      await until(chat, `${folder}/go-${step}`);
    }
  },
  tools(chat) {
    add(chat, 'code_exe', 'read', { heading: 'A0: cat a.txt', kvps: { _tool_name: 'shell' } });
  },
  async fetch(chat, _, text) {
    const [, url = ''] = /fetch (\S+)/.exec(text) ?? [];
    const { status } = await fetch(url);
    add(chat, 'response', `answered ${status}`);
    chat.running = false;
  },
  wait: (chat) => until(chat, 'go-on'),
  /** Its words come one after another, and the whole log begins anew in between. */
  async grow(chat) {
    const item = add(chat, 'response', 'one');
    for (const more of ['one two', 'one two three', 'one two three four']) {
      await wait(40);
      change(chat, item, more);
      if (more.endsWith('three')) chat.guid = randomUUID();
    }
    await wait(300);
  },
};

async function work(chat: Chat, text: string): Promise<void> {
  const [, behaviour = 'succeed'] = /behave: (\S+)/.exec(text) ?? [];
  const [, folder = '.'] = /into the folder (.+)$/.exec(text) ?? [];
  chat.running = true;
  await wait(30);
  await behaviours[behaviour]?.(chat, folder, text);
  if (chat.running) {
    const last = add(chat, 'response', 'fin');
    change(chat, last, `finished${behaviour === 'echo' ? `: ${text}` : ''}`);
  }
  chat.running = false;
}

function poll({ context, log_from: from = 0 }: Record<string, unknown>): object {
  const chat = chats.get(String(context));
  const changed = new Set(chat?.updates.slice(Number(from)));
  return {
    deselect_chat: Boolean(context) && !chat,
    context: chat?.id ?? '',
    contexts: [...chats.values()].map(({ id, running }) => ({ id, name: null, running })),
    logs: chat ? [...changed].map((no) => chat.items[no]) : [],
    log_guid: chat?.guid ?? '',
    log_version: chat?.updates.length ?? 0,
    log_progress: chat ? 'Thinking' : 0,
  };
}

function send(response: ServerResponse, status: number, body: object | string): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

/** A thread for each request, and no more than ten. */
async function inThread(serve: () => Promise<void>): Promise<void> {
  if (busy >= threads) await new Promise<void>((resolve) => waiting.push(resolve));
  busy += 1;
  try {
    await serve();
  } finally {
    busy -= 1;
    waiting.shift()?.();
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readAll(request);
  const { pathname } = new URL(request.url ?? '/', 'http://fake');
  const cookie = /session_\w+=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  const session = sessions.get(cookie);
  if (pathname === '/login') return login(new URLSearchParams(text), response);
  const path = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1) : '';
  if (path === 'health')
    return send(response, 200, { gitinfo: { version: 'M v1.7' }, error: null });
  if (path.startsWith('api_')) return serveKey(path, text, request, response);
  if (user && !session?.isLoggedIn) return redirect(response, '/login');
  if (path === 'csrf_token') return giveToken(session, request, response);
  if (!session || request.headers['x-csrf-token'] !== session.token) {
    return send(response, 403, 'CSRF token missing or invalid');
  }
  const body = JSON.parse(text);
  if (path === 'poll') {
    polls += 1;
    const isInvalid = chats.get(body.context)?.isInvalid;
    if (isInvalid) return send(response, 200, '{"logs": [');
    if (polls % 5 === 0) return send(response, 500, 'Traceback (most recent call last): {');
    return send(response, 200, poll(body));
  }
  if (path === 'chat_create') {
    return send(response, 200, { ok: true, ctxid: chatOf(body.new_context).id });
  }
  if (path === 'message_async') {
    const chat = chatOf(body.context);
    add(chat, 'user', body.text);
    console.log(`User message: ${body.text}`);
    void work(chat, body.text);
    return send(response, 200, { message: 'Message received.', context: chat.id });
  }
  if (path === 'chat_remove') {
    chats.delete(body.context);
    return send(response, 200, { message: 'Context removed.' });
  }
  send(response, 404, 'Not found');
}

async function serveKey(
  path: string,
  text: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.headers['x-api-key'] !== apiKey) return send(response, 401, 'Invalid API key');
  const body = JSON.parse(text);
  if (path === 'api_terminate_chat') {
    const isGone = chats.delete(body.context_id);
    return send(response, isGone ? 200 : 404, isGone ? { success: true } : { error: 'not found' });
  }
  if (path === 'api_message') {
    const chat = chatOf(body.context_id || randomUUID());
    await work(chat, body.message);
    return send(response, 200, { context_id: chat.id, response: chat.items.at(-1)?.content });
  }
  send(response, 404, 'Not found');
}

function login(form: URLSearchParams, response: ServerResponse): void {
  if (form.get('username') !== user || form.get('password') !== password) {
    send(response, 200, '<html>Invalid Credentials. Please try again.');
    return;
  }
  giveCookie(response, { token: '', isLoggedIn: true });
  redirect(response, '/');
}

function giveToken(
  session: Session | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { origin = '' } = request.headers;
  if (!user && !/^https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?$/.test(origin)) {
    send(response, 200, { ok: false, error: `Origin ${origin} not allowed` });
    return;
  }
  const given = session ?? giveCookie(response, { token: '', isLoggedIn: false });
  given.token ||= randomBytes(16).toString('hex');
  send(response, 200, { ok: true, token: given.token, runtime_id: runtimeId });
}

function giveCookie(response: ServerResponse, session: Session): Session {
  const key = randomBytes(16).toString('hex');
  sessions.set(key, session);
  response.setHeader('set-cookie', `session_${runtimeId}=${key}; Path=/; SameSite=Lax`);
  return session;
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

console.log('Initializing Python framework...');
process.on('SIGTERM', () => {
  if (settings.ignoresTerm) return;
  console.log('Bye');
  process.exit();
});
if (settings.dies) {
  console.error("ModuleNotFoundError: No module named 'flask'");
  process.exit(1);
}
setTimeout(() => {
  createServer((request, response) => {
    inThread(() => serve(request, response)).catch((error) => send(response, 500, String(error)));
  }).listen(Number(port), host);
}, settings.startMs ?? 0);
