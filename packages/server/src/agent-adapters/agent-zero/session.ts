import { AgentFailure } from '../../agents/adapter.ts';
import type { Access } from './access.ts';
import { readAnswer } from './read-answer.ts';

/** An answer that says nothing: Agent Zero shows its errors as plain text. */
export class InvalidAnswer extends Error {
  override name = 'InvalidAnswer';
}

/** The page’s own way in: a login where there is one, a cookie and a token against forged requests. */
export interface Session {
  /** Asks with POST. Never sent twice, unless it was turned away at the door. */
  post(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  /** With the key for programs; `null`: there is none. */
  postWithKey(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  /** Its version; `null`: it does not answer as Agent Zero does. */
  health(signal: AbortSignal): Promise<{ version: string | null } | null>;
  /** Another one each time Agent Zero is started; `null`: not asked yet. */
  runtimeId(): string | null;
}

interface Door {
  cookies: Map<string, string>;
  token: string;
  runtimeId: string;
}

export function createSession({
  url,
  access,
}: {
  /** Without a path. */
  url: string;
  access: () => Promise<Access>;
}): Session {
  /** `/api`, or nothing before 0.9.9. Kept once it is known. */
  let prefix: string | undefined;
  let opening: Promise<Door> | undefined;

  async function send(
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
  ): Promise<Response> {
    return fetch(`${url}${path}`, {
      ...init,
      headers: { Origin: url, ...init.headers },
      redirect: 'manual',
    });
  }

  async function health(signal: AbortSignal): Promise<{ version: string | null } | null> {
    // The one that is known first; an Agent Zero that was brought up to date has the other one.
    for (const tried of prefix === '' ? ['', '/api'] : ['/api', '']) {
      const response = await send(`${tried}/health`, { signal });
      const text = await readAnswer(response);
      const answer = response.status === 200 ? parse(text) : undefined;
      if (!isRecord(answer) || !('gitinfo' in answer)) continue;
      prefix = tried;
      const version = isRecord(answer.gitinfo) ? answer.gitinfo.version : null;
      return { version: typeof version === 'string' ? version : null };
    }
    return null;
  }

  async function open(signal: AbortSignal): Promise<Door> {
    if (prefix === undefined && (await health(signal)) === null) {
      throw new InvalidAnswer(`What answers at ${url} is no Agent Zero`);
    }
    const cookies = new Map<string, string>();
    const { login } = await access();
    if (login) {
      const body = new URLSearchParams({ username: login.user, password: login.password });
      const response = await send('/login', { method: 'POST', body, signal });
      await readAnswer(response);
      keepCookies(response, cookies);
      if (response.status < 300 || response.status > 399) {
        throw new AgentFailure('AGENT_UNAVAILABLE', 'Agent Zero refuses the user and password');
      }
    }
    const response = await send(`${prefix}/csrf_token`, { headers: cookieOf(cookies), signal });
    const text = await readAnswer(response);
    keepCookies(response, cookies);
    if (isDoor(response.status)) throw new AgentFailure('AGENT_UNAVAILABLE', needsLogin);
    const answer = parse(text);
    if (!isRecord(answer)) throw new InvalidAnswer(shown(response.status, text));
    const { ok, token, runtime_id: runtimeId, error } = answer;
    if (ok === true && typeof token === 'string') {
      return { cookies, token, runtimeId: String(runtimeId) };
    }
    throw new AgentFailure('AGENT_UNAVAILABLE', `Agent Zero lets nobody in: ${String(error)}`);
  }

  let runtimeId: string | null = null;
  /** Asked once for all who wait. */
  async function door(signal: AbortSignal): Promise<Door> {
    opening ??= open(AbortSignal.timeout(10_000));
    const mine = opening;
    try {
      const opened = await orAborted(mine, signal);
      runtimeId = opened.runtimeId;
      return opened;
    } catch (error) {
      if (opening === mine && !signal.aborted) opening = undefined;
      throw error;
    }
  }

  async function post(
    path: string,
    body: object,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const response = await send(`${prefix}/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
    });
    return { status: response.status, text: await readAnswer(response) };
  }

  return {
    health,
    runtimeId: () => runtimeId,
    async post(path, body, signal) {
      for (let isLast = false; ; isLast = true) {
        const entered = opening;
        const { cookies, token } = await door(signal);
        const headers = { ...cookieOf(cookies), 'X-CSRF-Token': token };
        const { status, text } = await post(path, body, headers, signal);
        if (!isDoor(status)) return answerOf(status, text);
        // It was started anew, and does not know the session; nothing was done.
        if (opening === entered || entered === undefined) opening = undefined;
        if (isLast) throw new AgentFailure('AGENT_UNAVAILABLE', needsLogin);
      }
    },
    async postWithKey(path, body, signal) {
      const { apiKey } = await access();
      if (apiKey === null) return null;
      if (prefix === undefined) await health(signal);
      const { status, text } = await post(path, body, { 'X-API-KEY': apiKey }, signal);
      return status === 404 ? {} : answerOf(status, text);
    },
  };
}

const needsLogin =
  'Agent Zero asks for a login: BorgOS takes it from usr/.env in BORGOS_AGENT_ZERO_DIR (in Docker without one: in the folder agent-zero of BORGOS_HOME), or from BORGOS_AGENT_ZERO_URL, as http://user:password@host:port';

/** The answers of what is asked before anything is done. */
function isDoor(status: number): boolean {
  return status === 403 || (status >= 300 && status < 400);
}

function answerOf(status: number, text: string): unknown {
  const answer = parse(text);
  if (status !== 200 || answer === undefined) throw new InvalidAnswer(shown(status, text));
  return answer;
}

function shown(status: number, text: string): string {
  return `Agent Zero answered ${status}: ${text.slice(0, 500)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keepCookies(response: Response, cookies: Map<string, string>): void {
  for (const cookie of response.headers.getSetCookie()) {
    const [pair = ''] = cookie.split(';', 1);
    const at = pair.indexOf('=');
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
}

function cookieOf(cookies: Map<string, string>): Record<string, string> {
  if (cookies.size === 0) return {};
  return { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
