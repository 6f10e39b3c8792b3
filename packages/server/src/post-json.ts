/** Why nothing of use came back; in words that follow "it", without what was sent. */
export class PostFailure extends Error {
  override name = 'PostFailure';
  readonly kind: 'unreachable' | 'too_large' | 'not_json' | 'redirect';

  constructor(kind: PostFailure['kind'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

export interface PostAnswer {
  status: number;
  /** Parsed; `null` for an answer that is not 2xx and not JSON. */
  body: unknown;
  /** In seconds, of a header `Retry-After`. */
  retryAfter: number | null;
}

/**
 * Sends JSON to another program and reads the JSON that it answers. Redirects are not followed, as
 * the headers can hold a key.
 * @param mostBytes of the answer; the rest of a larger one is not read
 * @throws PostFailure, or the signal's reason
 */
export async function postJson(
  url: string,
  {
    headers = {},
    body,
    mostBytes,
    signal,
  }: { headers?: Record<string, string>; body: unknown; mostBytes: number; signal: AbortSignal },
): Promise<PostAnswer> {
  const response = await send(url, headers, body, signal);
  const { status, ok } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel().catch(() => {});
    throw new PostFailure('redirect', `answers with a redirect (${status}), which is not followed`);
  }
  const text = await readText(response, mostBytes, signal);
  const after = response.headers.get('retry-after') ?? '';
  const retryAfter = /^\d{1,6}$/.test(after) ? Number(after) : null;
  try {
    return { status, body: JSON.parse(text), retryAfter };
  } catch {
    if (!ok) return { status, body: null, retryAfter };
    throw new PostFailure('not_json', 'does not answer with JSON');
  }
}

async function send(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal,
    });
  } catch (cause) {
    throw failure(cause, signal);
  }
}

async function readText(
  response: Response,
  mostBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      bytes += part.length;
      // Leaving the loop cancels the rest.
      if (bytes > mostBytes) break;
      parts.push(part);
    }
  } catch (cause) {
    throw failure(cause, signal);
  }
  if (bytes > mostBytes) {
    throw new PostFailure('too_large', `answers with more than ${mostBytes} bytes`);
  }
  return Buffer.concat(parts).toString();
}

function failure(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const reason = cause instanceof Error ? codeOf(cause.cause) : undefined;
  return new PostFailure(
    'unreachable',
    `cannot be reached${reason === undefined ? '' : ` (${reason})`}`,
    { cause },
  );
}

/** `ECONNREFUSED` and the like: messages could name more than belongs into an answer. */
function codeOf(cause: unknown): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : undefined;
}
