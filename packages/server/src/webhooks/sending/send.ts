import { StringDecoder } from 'node:string_decoder';
import { AppError, storable } from '../../errors.ts';
import type { AddressRules } from '../../outbound/address-rules.ts';
import { createGuardedAgent, type Resolve } from '../../outbound/connector.ts';
import { type Answer, exchange } from './exchange.ts';
import { statusFailure } from './failure-sentence.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface WebhookMessage {
  url: string;
  body: string;
  /** See signedHeaders. */
  headers: Record<string, string>;
}

/** What came of one try. All text in it can be kept in PostgreSQL. */
export interface Outcome {
  /** `null`: there was no answer. */
  status: number | null;
  /** The few that tell what happened, in lower case, cut at 256 characters. */
  response_headers: Record<string, string>;
  /** Its first 4 KB; `null`: it had none. */
  response_body: string | null;
  duration_ms: number;
  /** A sentence on why the delivery failed; `null`: it did not, and the receiver answered 2xx. */
  error: string | null;
  /** For how long the receiver wants no other try, at most a day; `null`: it did not say. */
  retry_after_seconds: number | null;
  /** The receiver answered 410: it wants no more webhooks at all. */
  gone: boolean;
}

export interface Sender {
  /**
   * Sends one webhook once. Whatever the receiver does is an outcome.
   * @throws the signal's reason, and Error when the sender is closed: what came of it is not known
   */
  send(message: WebhookMessage, signal: AbortSignal): Promise<Outcome>;
  /** Ends what is being sent. */
  close(): Promise<void>;
}

export interface SenderOptions {
  rules: AddressRules;
  /** For all of one try, from the lookup of the name to the last byte of the answer. */
  timeoutMs?: number;
  /** Asks for the addresses of a name; what is left out is the system's. */
  resolve?: Resolve;
}

const longestConnectMs = 10_000;
const shownHeaders = [
  ...['content-type', 'content-length', 'content-encoding', 'date', 'server', 'location'],
  ...['retry-after', 'www-authenticate', 'x-request-id', 'via', 'cf-ray'],
];
const longestHeader = 256;
const mostTargets = 256;

export function createSender({ rules, timeoutMs = 15_000, resolve }: SenderOptions): Sender {
  const connectTimeoutMs = Math.min(timeoutMs, longestConnectMs);
  const agent = createGuardedAgent({ rules, connectTimeoutMs, resolve });
  const targetOf = createTargetOf(rules);
  let isClosed = false;

  const throwIfClosed = () => {
    if (isClosed) throw new Error('no webhook can be sent any more: the sender is closed');
  };

  return {
    async send(message, signal) {
      signal.throwIfAborted();
      throwIfClosed();
      const begun = performance.now();
      const target = targetOf(message.url);
      const answer =
        'problem' in target
          ? { status: null, headers: {}, body: null, problem: target.problem }
          : await exchange(
              agent,
              {
                ...target,
                headers: Object.entries(message.headers).flat(),
                body: message.body,
                timeoutMs,
              },
              signal,
            );
      if (answer.problem !== null) throwIfClosed();
      return outcomeOf(answer, Math.round(performance.now() - begun));
    },
    async close() {
      isClosed = true;
      await agent.destroy();
    },
  };
}

interface Target {
  origin: string;
  path: string;
}

/**
 * Judges a URL again, as what was right when the webhook was made may have been changed by the
 * administrator since. Webhooks go to the same few URLs, so that what was found right is kept; every
 * connection is judged by itself.
 */
function createTargetOf(rules: AddressRules): (url: string) => Target | { problem: string } {
  const known = new Map<string, Target>();
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    try {
      const { origin, pathname, search } = rules.checkUrl(text);
      if (known.size >= mostTargets) known.clear();
      const target = { origin, path: pathname + search };
      known.set(text, target);
      return target;
    } catch (error) {
      if (error instanceof AppError) return { problem: `The ${error.message}` };
      throw error;
    }
  };
}

function outcomeOf({ status, headers, body, problem }: Answer, duration: number): Outcome {
  const shown: Record<string, string> = {};
  for (const name of shownHeaders) {
    const given = headers[name];
    const value = typeof given === 'object' ? given[0] : given;
    if (value !== undefined) shown[name] = storable(value.slice(0, longestHeader));
  }
  const retryAfter = shown['retry-after'];
  return {
    status,
    response_headers: shown,
    response_body: body === null || body.length === 0 ? null : textOf(body),
    duration_ms: duration,
    error: problem ?? (status === null ? null : statusFailure(status)),
    retry_after_seconds:
      retryAfter === undefined ? null : retryAfterSeconds(retryAfter, Date.now()),
    gone: status === 410,
  };
}

/** Without a character that was cut in two at the end. */
function textOf(body: Buffer): string {
  return storable(new StringDecoder('utf8').write(body));
}
