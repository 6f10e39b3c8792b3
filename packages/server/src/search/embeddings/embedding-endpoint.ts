import { z } from 'zod';
import { modelAddress } from '../../model-address.ts';
import { type PostAnswer, PostFailure, postJson } from '../../post-json.ts';

/** Why there are no vectors: a sentence for people, without the key and without what was sent. */
export class EmbeddingFailure extends Error {
  override name = 'EmbeddingFailure';
  /** For how long asking again is of no use; `undefined`: it may be passing. */
  readonly waitMs: number | undefined;

  constructor(message: string, options: { waitMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.waitMs = options.waitMs;
  }
}

/** Turns texts into vectors of length 1, one for each. @throws EmbeddingFailure, the signal's reason */
export type EmbeddingEndpoint = (
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<Float32Array[]>;

const requestMs = 30_000;
/** 16 vectors of 4,096 numbers, and room; parsing more would hold up everybody else. */
const mostBytes = 2 * 1024 ** 2;
const mostDimensions = 8_192;
/** Somebody has to change the settings first. */
const misconfiguredMs = 300_000;
const busyMs = 30_000;
const mostWaitSeconds = 600;

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })),
});

/**
 * Any that speaks as OpenAI does, Ollama too.
 * @param url with or without `/v1` at its end
 */
export function createEmbeddingEndpoint({
  url,
  model,
  apiKey,
}: {
  url: string;
  model: string;
  apiKey: string | undefined;
}): EmbeddingEndpoint {
  const address = modelAddress(url, 'embeddings').href;
  const headers: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  return async (texts, signal) => {
    const within = AbortSignal.timeout(requestMs);
    const answer = await postJson(address, {
      headers,
      body: { model, input: texts },
      mostBytes,
      signal: AbortSignal.any([signal, within]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (within.aborted) throw failed(`does not answer within ${requestMs / 1000} s`);
      // Its cause can hold the request, and so the key.
      throw failed(error instanceof PostFailure ? error.message : 'could not be asked');
    });
    return vectorsOf(answer, texts.length);
  };
}

function vectorsOf({ status, body, retryAfter }: PostAnswer, count: number): Float32Array[] {
  if (status !== 200) throw refused(status, retryAfter);
  const parsed = answerSchema.safeParse(body);
  // NaN and infinite numbers are not JSON; as text or null they do not fit the schema.
  if (!parsed.success) throw failed('answers with something else than vectors');
  const { data } = parsed.data;
  if (data.length !== count) {
    throw failed(`answers with ${data.length} vectors for ${count} texts`);
  }
  const vectors: Float32Array[] = [];
  for (const { index, embedding } of data) vectors[index] = normalized(embedding);
  const dimensions = vectors[0]?.length;
  // Also where an index comes twice, as another one is then missing.
  if (Object.keys(vectors).length !== count || vectors.length !== count) {
    throw failed('answers with vectors of other texts');
  }
  if (vectors.some(({ length }) => length !== dimensions)) {
    throw failed('answers with vectors of different lengths');
  }
  return vectors;
}

/** So that the product of two is the cosine of their angle. */
function normalized(numbers: readonly number[]): Float32Array {
  const vector = Float32Array.from(numbers);
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  if (vector.length === 0 || vector.length > mostDimensions) {
    throw failed(`answers with vectors of ${vector.length} numbers`);
  }
  if (!Number.isFinite(length) || length === 0) throw failed('answers with vectors of no length');
  return vector.map((value) => value / length);
}

function refused(status: number, retryAfter: number | null): EmbeddingFailure {
  switch (status) {
    case 401:
    case 403:
      return failed(`refuses the key (status ${status}): check BORGOS_LLM_API_KEY`, {
        waitMs: misconfiguredMs,
      });
    case 404:
      return failed('does not know the model (status 404): check BORGOS_EMBEDDING_MODEL', {
        waitMs: misconfiguredMs,
      });
    case 429:
      return failed('asks for a pause (status 429)', {
        waitMs: retryAfter === null ? busyMs : Math.min(retryAfter, mostWaitSeconds) * 1_000,
      });
    default:
      return failed(`answers with status ${status}`);
  }
}

function failed(what: string, options: { waitMs?: number } = {}): EmbeddingFailure {
  return new EmbeddingFailure(`The embedding endpoint ${what}`, options);
}
