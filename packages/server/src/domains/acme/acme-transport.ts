import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { AccountKey } from './account-key.ts';
import { AcmeProblem, describeProblem, retryAfterMs } from './acme-problem.ts';

export interface AcmeAnswer {
  status: number;
  /** JSON as it was parsed, or else the text. */
  body: unknown;
  location: string | undefined;
  retryAfterMs: number | null;
}

export interface AcmeTransport {
  /** Where things are asked for. */
  directory(): Promise<AcmeDirectory>;
  /**
   * A signed request; `payload` `undefined`: a read. `account`: the URL of who asks, `null`: who has
   * none yet. A nonce that is refused is replaced.
   * @throws AcmeProblem for everything but 2xx
   */
  post(url: string, account: string | null, payload?: unknown): Promise<AcmeAnswer>;
  close(): Promise<void>;
}

const timeoutMs = 30_000;
const largestAnswer = 1024 * 1024;
/** A server that refuses every nonce must not be asked for ever. */
const mostNonces = 8;
const keptNonces = 8;

const directorySchema = z.object({ newNonce: z.url(), newAccount: z.url(), newOrder: z.url() });
type AcmeDirectory = z.infer<typeof directorySchema>;

/** Speaks to one ACME server as one account (RFC 8555, 6). `ca`: also trusted, as PEM. */
export function createAcmeTransport(options: {
  directoryUrl: string;
  key: AccountKey;
  ca: string | undefined;
  userAgent: string;
  signal: AbortSignal;
}): AcmeTransport {
  const { directoryUrl, key, ca, userAgent, signal } = options;
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(ca !== undefined && { ca }) },
    connections: 2,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const nonces: string[] = [];
  let known: AcmeDirectory | undefined;

  async function send(
    method: Dispatcher.HttpMethod,
    url: string,
    body?: string,
  ): Promise<AcmeAnswer> {
    const { origin, pathname, search, protocol } = new URL(url);
    if (protocol !== 'https:')
      throw new AcmeProblem(`The ACME server names ${origin}, without TLS`);
    let response: Dispatcher.ResponseData;
    let text: string;
    try {
      response = await agent.request({
        origin,
        path: `${pathname}${search}`,
        method,
        headers: {
          'user-agent': userAgent,
          ...(body !== undefined && { 'content-type': 'application/jose+json' }),
        },
        body: body ?? null,
        signal: AbortSignal.any([signal, AbortSignal.timeout(2 * timeoutMs)]),
      });
      text = await readText(response.body);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof AcmeProblem) throw cause;
      throw new AcmeProblem(`The ACME server ${origin} cannot be reached: ${reasonOf(cause)}`, {
        cause,
      });
    }
    const { statusCode, headers } = response;
    const nonce = headers['replay-nonce'];
    if (typeof nonce === 'string' && nonces.length < keptNonces) nonces.push(nonce);
    const wait = retryAfterMs(headers['retry-after'], Date.now());
    const isJson = /json/.test(String(headers['content-type'] ?? ''));
    const answer = isJson ? parseJson(text) : text;
    if (statusCode >= 200 && statusCode < 300) {
      const location = headers.location;
      return {
        status: statusCode,
        body: answer,
        location: typeof location === 'string' ? new URL(location, url).href : undefined,
        retryAfterMs: wait,
      };
    }
    const { type, text: detail } = describeProblem(answer);
    throw new AcmeProblem(
      `The ACME server ${origin} refused with ${statusCode}: ${detail}${type ? ` (${type})` : ''}`,
      { type, status: statusCode, retryAfterMs: wait },
    );
  }

  async function directory(): Promise<AcmeDirectory> {
    if (known) return known;
    const parsed = directorySchema.safeParse((await send('GET', directoryUrl)).body);
    if (!parsed.success) {
      throw new AcmeProblem(`${directoryUrl} is no directory of an ACME server`);
    }
    known = parsed.data;
    return known;
  }

  async function takeNonce(): Promise<string> {
    const kept = nonces.pop();
    if (kept !== undefined) return kept;
    await send('HEAD', (await directory()).newNonce);
    const nonce = nonces.pop();
    if (nonce === undefined) throw new AcmeProblem('The ACME server gives no nonce');
    return nonce;
  }

  return {
    directory,
    async post(url, account, payload) {
      const who = account === null ? { jwk: key.jwk } : { kid: account };
      for (let tries = 1; ; tries += 1) {
        const nonce = await takeNonce();
        try {
          return await send('POST', url, key.sign({ nonce, url, ...who }, payload));
        } catch (error) {
          const isNonce = error instanceof AcmeProblem && error.type === 'badNonce';
          if (!isNonce || tries >= mostNonces) throw error;
          // The others are as old as this one; the answer brought a new one.
          nonces.splice(0, nonces.length - 1);
        }
      }
    },
    close: () => agent.destroy(),
  };
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > largestAnswer) throw new AcmeProblem('The ACME server answers too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
