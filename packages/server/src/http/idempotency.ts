import type { Caller } from '@borgos/contracts/caller';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import { answerOf } from './errors.ts';

/** An answer before it is sent. */
export interface WrittenAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** Does the work of a request once, however often it is sent; what POST needs for its keys. */
export interface Idempotency {
  /** @throws AppError IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_USE, OUTCOME_UNKNOWN */
  once(
    request: { caller: string; key: string; method: string; url: string; body: unknown },
    work: () => Promise<WrittenAnswer>,
  ): Promise<{ answer: WrittenAnswer; replayed: boolean }>;
}

const name = 'Idempotency-Key';
const printableAscii = /^[\x20-\x7e]{1,255}$/;
/** A String of RFC 8941, as the draft of the header wants it. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The key of a POST; `undefined`: it has none, or the method needs none.
 * @throws AppError VALIDATION_FAILED
 */
export function idempotencyKeyOf({ method, headers, raw }: FastifyRequest): string | undefined {
  if (method !== 'POST' || headers['idempotency-key'] === undefined) return undefined;
  // Joined by commas in `headers`, two keys would look like one.
  const [text = '', ...more] = raw.headersDistinct['idempotency-key'] ?? [];
  if (more.length > 0) throw invalidKey('is given more than once');
  const key = quoted.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? text;
  if (!printableAscii.test(key)) throw invalidKey('must be 1 to 255 printable ASCII characters');
  return key;
}

function invalidKey(message: string): AppError {
  const path = `header.${name}`;
  return new AppError('VALIDATION_FAILED', `${path} ${message}`, { details: [{ path, message }] });
}

/**
 * Gives the first answer to a request with this key: made by `work` now, or remembered.
 * @throws what `work` throws, and what `Idempotency.once` does
 */
export async function answerOnce(
  idempotency: Idempotency,
  {
    key,
    caller,
    request,
    reply,
  }: { key: string; caller: Caller; request: FastifyRequest; reply: FastifyReply },
  work: () => Promise<WrittenAnswer>,
): Promise<WrittenAnswer> {
  let refusal: unknown;
  // With a later answer too: it says what happened to the request that was worked on.
  const named = (answer: WrittenAnswer): WrittenAnswer => ({
    ...answer,
    headers: { ...answer.headers, 'x-request-id': request.id },
  });
  const { answer, replayed } = await idempotency.once(
    { caller: ownerOf(caller), key, method: request.method, url: request.url, body: request.body },
    async () => {
      try {
        return named(await work());
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        refusal = error;
        const { status, body } = answerOf(error, request.id);
        return named({ status, headers: {}, body: JSON.stringify(body) });
      }
    },
  );
  // Whoever writes all other refusals writes this one too.
  if (refusal !== undefined) throw refusal;
  if (replayed) reply.header('idempotency-replayed', 'true');
  return answer;
}

/** Whose keys they are: somebody else's same key is another one. */
function ownerOf({ tokenId, user, credential, address }: Caller): string {
  if (tokenId !== null) return `token:${tokenId}`;
  if (user) return `user:${user.id}`;
  return credential === 'local' ? 'local' : `address:${address}`;
}
