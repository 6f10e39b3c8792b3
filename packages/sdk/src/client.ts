import { type Api, api } from '@borgos/contracts';
import type { Endpoint, EndpointInput, EndpointResponse } from '@borgos/contracts/endpoint';
import { errorBody } from '@borgos/contracts/errors';
import type { Page } from '@borgos/contracts/page';
import { BorgosError } from './error.ts';
import { type WireRequest, wireRequest } from './request.ts';
import { pause, pauseBeforeRetry } from './retry.ts';

export interface ClientOptions {
  /** Where BorgOS is; by default `http://localhost:8081`. */
  baseUrl?: string;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /** Another `fetch`, as for a proxy. */
  fetch?: typeof fetch;
  /** How long one try may take with its whole answer; 30 000 by default. */
  timeoutMs?: number;
  /** Told of every answer, refusals too. */
  onResponse?: (endpoint: Endpoint, status: number, body: unknown, headers: Headers) => void;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** For this call alone. */
  timeoutMs?: number;
  /**
   * For a POST: what was sent with this key before is not done again, and its answer is given once
   * more, for 24 hours. 1 to 255 printable ASCII characters; by default a new one for each call.
   */
  idempotencyKey?: string;
}

/** A list is always asked for as a page, so its form is not the caller's to choose. */
type Input<E extends Endpoint> = E extends { list: true }
  ? Omit<EndpointInput<E>, 'envelope'>
  : EndpointInput<E>;

type Output<E extends Endpoint> = E extends { list: true }
  ? Page<EndpointResponse<E>>
  : EndpointResponse<E>;

type Method<E extends Endpoint> =
  Record<never, never> extends Input<E>
    ? (input?: Input<E>, options?: CallOptions) => Promise<Output<E>>
    : (input: Input<E>, options?: CallOptions) => Promise<Output<E>>;

/** A method for each endpoint: `client.projects.list({ active: true })`. Failures are BorgosError. */
export type Client = {
  [R in keyof Api]: { [K in keyof Api[R]]: Api[R][K] extends Endpoint ? Method<Api[R][K]> : never };
};

type AnyMethod = (input?: Record<string, unknown>, options?: CallOptions) => Promise<unknown>;

export function createClient(options: ClientOptions = {}): Client {
  const resources = Object.entries(api).map(([resource, endpoints]) => {
    const methods = Object.entries<Endpoint>(endpoints).map(([name, endpoint]) => {
      const method: AnyMethod = (input = {}, call = {}) => send(endpoint, input, call, options);
      return [name, method] as const;
    });
    return [resource, Object.fromEntries(methods)] as const;
  });
  // Its type says what the loops above did: one method for each endpoint of the same table.
  return Object.fromEntries(resources) as unknown as Client;
}

async function send(
  endpoint: Endpoint,
  input: Record<string, unknown>,
  call: CallOptions,
  options: ClientOptions,
): Promise<unknown> {
  const request = wireRequest(endpoint, input);
  const headers = headersOf(request, call, options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(endpoint, request, headers, call, options);
    } catch (error) {
      const pauseMs = pauseBeforeRetry(request.method, attempt, error);
      if (pauseMs === undefined) throw error;
      await pause(pauseMs, call.signal);
    }
  }
}

/** Made once for all tries of a call: the server knows by the key that they are one. */
function headersOf({ method, body }: WireRequest, call: CallOptions, options: ClientOptions) {
  const headers = new Headers({ accept: 'application/json' });
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (method === 'POST') headers.set('idempotency-key', call.idempotencyKey ?? randomKey());
  return headers;
}

/** Not `crypto.randomUUID()`, which browsers have only for pages of https and localhost. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sendOnce(
  endpoint: Endpoint,
  request: WireRequest,
  headers: Headers,
  call: CallOptions,
  options: ClientOptions,
): Promise<unknown> {
  const url = new URL(request.path, options.baseUrl ?? 'http://localhost:8081');
  const timeout = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? 30_000);
  let response: Response;
  let text: string;
  try {
    response = await (options.fetch ?? fetch)(url, {
      method: request.method,
      headers,
      ...(request.body !== undefined && { body: request.body }),
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    throw unanswered(cause, url, call.signal, timeout);
  }
  const body = parseJson(text, response);
  options.onResponse?.(endpoint, response.status, body, response.headers);
  if (!response.ok) throw refused(body, response);
  return body;
}

function unanswered(
  cause: unknown,
  url: URL,
  signal: AbortSignal | undefined,
  timeout: AbortSignal,
): BorgosError {
  if (signal?.aborted) return new BorgosError('ABORTED', 'The call was aborted', { cause });
  if (timeout.aborted) {
    return new BorgosError('TIMEOUT', `${url.origin} did not answer in time`, { cause });
  }
  const hint = 'Is BorgOS running there?';
  return new BorgosError('UNREACHABLE', `${url.origin} cannot be reached. ${hint}`, { cause });
}

function refused(body: unknown, response: Response): BorgosError {
  const { status } = response;
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return badAnswer(response);
  const { code, message, request_id, details = [] } = parsed.data;
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  return new BorgosError(code, message, { status, requestId: request_id, details, retryAfter });
}

/** Of a header `Retry-After`, which BorgOS writes in seconds. */
function secondsOf(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function badAnswer({ url, status, headers }: Response, cause?: unknown): BorgosError {
  return new BorgosError('BAD_ANSWER', `What answered at ${url} (${status}) is not BorgOS`, {
    status,
    requestId: headers.get('x-request-id'),
    cause,
  });
}

function parseJson(text: string, response: Response): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badAnswer(response, cause);
  }
}
