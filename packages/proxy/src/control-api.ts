import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseDomainState } from './domain-state.ts';
import type { DomainTable } from './domain-table.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import { invalid, Refusal } from './refusal.ts';
import { parseObject, parseRoute, parseTarget, parseTimeout } from './route.ts';
import type { RouteTable } from './route-table.ts';

/** The answer of `GET /ping`. */
export interface ProxyInfo {
  pid: number;
  /** Of the code that runs, which may be older than that of who asks. */
  version: string;
  startedAt: string;
  routes: number;
}

type Answer = Record<string, unknown>;

/**
 * What the server tells the proxy, as JSON over HTTP on a unix socket:
 * `GET /ping` · `GET /routes` · `GET /counts` (a `RouteReading` a deployment) · `PUT /routes/7` (a
 * `Route`) · `GET /domains` · `PUT /domains` (a `DomainState`, answered with what keeps visitors from
 * the shared ports) · `POST /routes/7/drain` `{target, timeoutMs}` · `POST /routes/7/remove` `{timeoutMs}` ·
 * `POST /shutdown` `{onlyIfUnused}` · `GET /watch` (never answered to its end: its connection breaks
 * when the proxy ends).
 * Errors: `{code, message}`.
 */
export function createControlApi(
  table: RouteTable,
  domains: DomainTable,
  info: Omit<ProxyInfo, 'routes'>,
  end: () => void,
  log: Log,
): Server {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const [, resource = '', id, action] = (request.url ?? '').split('/');
    const operation = [request.method, resource, id === undefined ? '' : ':id', action ?? '']
      .join(' ')
      .trim();
    const most = resource === 'domains' ? limits.domainsBodyBytes : limits.controlBodyBytes;
    const body = request.method === 'GET' ? undefined : await readBody(request, most);
    switch (operation) {
      case 'GET ping':
        if (table.isClosed()) throw new Refusal(503, 'ENDING', 'the proxy is ending');
        return { ...info, routes: table.list().length };
      case 'GET routes':
        return { routes: table.list().map(({ route, problem }) => ({ ...route, problem })) };
      case 'GET counts':
        return { counts: await table.counts() };
      case 'PUT routes :id': {
        const route = parseRoute(body);
        if (route.deploymentId !== parseId(id)) throw invalid('deploymentId differs from the path');
        await table.put(route);
        return { ...route };
      }
      case 'POST routes :id drain': {
        const { target, timeoutMs } = parseObject(body, 'the drain', ['target', 'timeoutMs']);
        const timeout = parseTimeout(timeoutMs);
        return { cut: await table.drain(parseId(id), parseTarget(target), timeout) };
      }
      case 'POST routes :id remove': {
        const { timeoutMs } = parseObject(body, 'the removal', ['timeoutMs']);
        return { cut: await table.remove(parseId(id), parseTimeout(timeoutMs)) };
      }
      case 'GET domains': {
        const { state, problems } = domains.read();
        return { ...state, problems };
      }
      case 'PUT domains': {
        if (table.isClosed()) throw new Refusal(503, 'ENDING', 'the proxy is ending');
        return { problems: await domains.put(parseDomainState(body)) };
      }
      case 'POST shutdown': {
        const { onlyIfUnused } = parseObject(body, 'the shutdown', ['onlyIfUnused']);
        if (typeof onlyIfUnused !== 'boolean') throw invalid('onlyIfUnused must be a boolean');
        const isUsed = domains.read().state.domains.length > 0;
        const ends = !(onlyIfUnused && isUsed) && (await table.close(onlyIfUnused));
        if (ends) response.once('close', end);
        return { ends };
      }
      default:
        throw new Refusal(404, 'UNKNOWN', `no operation ${request.method} ${request.url}`);
    }
  }

  server.on('request', (request, response) => {
    response.on('error', () => {});
    if (request.method === 'GET' && request.url === '/watch') {
      response.writeHead(200).flushHeaders();
      return;
    }
    answer(request, response).then(
      (value) => send(response, 200, value),
      (error: unknown) => {
        if (!(error instanceof Refusal)) log(`${request.method} ${request.url}: ${String(error)}`);
        const refusal =
          error instanceof Refusal ? error : new Refusal(500, 'INTERNAL', String(error));
        send(response, refusal.status, { code: refusal.code, message: refusal.message });
      },
    );
  });
  return server;
}

function send(response: ServerResponse, status: number, value: Answer): void {
  if (response.destroyed) return;
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    // Unread rest of a refused body; the callers use a connection only once anyway.
    Connection: 'close',
  });
  response.end(body);
}

async function readBody(request: IncomingMessage, most: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > most) {
      throw new Refusal(413, 'TOO_LARGE', `a body has at most ${most} bytes`);
    }
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw invalid('the body is not JSON');
  }
}

function parseId(text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d{0,14}$/.test(text))
    throw invalid('a deployment id is expected');
  return Number(text);
}
