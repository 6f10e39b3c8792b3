import { hash } from 'node:crypto';
import { blendScores } from './blend-scores.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createEmbeddingEndpoint } from './embedding-endpoint.ts';
import { createEmbeddingQueue, type WantedText } from './embedding-queue.ts';
import { openVectorCache } from './vector-cache.ts';

export interface Embeddings {
  /**
   * Scores passages by their meaning, too: the first 200, within 300 ms. Where that cannot be had
   * the scores are as they were, and `reason` says why; what was missing is fetched meanwhile, for
   * the next time. With `used` a `reason` says what is not perfect.
   * @param passages the best first, scores 0 to 1
   * @throws the signal's reason
   */
  rerank(
    question: string,
    passages: { text: string; score: number }[],
    signal: AbortSignal,
  ): Promise<Reranked>;
  close(): Promise<void>;
}

export interface Reranked {
  /** One for each passage, in the same order, 0 to 1. */
  scores: number[];
  used: boolean;
  reason: string | null;
}

const mostPassages = 200;
const mostText = 2_000;
/** What is left of 300 ms is for the work around. */
const usualPatienceMs = 250;
/** With fewer that are known, those would only win for being known. */
const leastKnown = 0.5;

/**
 * Compares passages with a question by vectors of any OpenAI-compatible endpoint.
 * @param options.url with or without `/v1`
 * @param options.directory where vectors are kept, a few hundred megabytes at the most
 */
export function createEmbeddings({
  url,
  model,
  apiKey,
  directory,
  log,
  now = Date.now,
  patienceMs = usualPatienceMs,
}: {
  url: string;
  model: string;
  apiKey: string | undefined;
  directory: string;
  log: { warn(fields: object, message: string): void };
  /** These two, for tests: another clock, in milliseconds, and how long a search waits. */
  now?: () => number;
  patienceMs?: number;
}): Embeddings {
  const cache = openVectorCache({ directory, log });
  const breaker = createCircuitBreaker(now);
  /** Somebody has waited in vain, and nothing has come since. */
  let isSlow = false;
  const queue = createEmbeddingQueue({
    endpoint: createEmbeddingEndpoint({ url, model, apiKey }),
    breaker,
    log,
    keep(vectors) {
      isSlow = false;
      cache.put(vectors);
    },
  });

  function wanted(text: string): WantedText {
    const cut = text.slice(0, mostText).toWellFormed();
    return { key: hash('sha256', `${model}\0${cut}`, 'buffer'), text: cut };
  }

  /** Waits until nothing is missing, as long as there is hope. */
  async function fetchMissing(
    state: Vectors,
    deadline: AbortSignal,
    signal: AbortSignal,
  ): Promise<void> {
    queue.want(state.missing());
    if (isSlow) return;
    while (!deadline.aborted && state.missing().length > 0 && breaker.closedFor() === null) {
      await nextChange(queue.onChange, AbortSignal.any([signal, deadline]));
      signal.throwIfAborted();
      state.look();
    }
    if (deadline.aborted) isSlow = true;
  }

  return {
    async rerank(question, passages, signal) {
      signal.throwIfAborted();
      const scores = passages.map(({ score }) => score);
      const asIs = (reason: string): Reranked => ({ scores, used: false, reason });
      if (passages.length === 0) return asIs('There is nothing to compare');
      const deadline = AbortSignal.timeout(patienceMs);
      const texts = [question, ...passages.slice(0, mostPassages).map(({ text }) => text)];
      const state = createVectors(texts.map(wanted), cache.get);
      if (state.missing().length > 0 && breaker.closedFor() === null) {
        await fetchMissing(state, deadline, signal);
      }
      const [asked, ...vectors] = state.vectors();
      const cosines = vectors.map((vector) => asked && vector && cosineOf(asked, vector));
      const known = cosines.filter((cosine) => cosine !== undefined).length;
      if (known < Math.max(1, leastKnown * cosines.length)) {
        return asIs(
          breaker.closedFor() ??
            `The embedding endpoint has not answered in time: ${known} of ${cosines.length} passages can be compared so far`,
        );
      }
      const missing = cosines.length - known;
      return {
        scores: blendScores(scores, cosines),
        used: true,
        reason:
          missing > 0 ? `${missing} of ${cosines.length} passages are not compared yet` : null,
      };
    },
    async close() {
      await queue.close();
      cache.close();
    },
  };
}

type Vectors = ReturnType<typeof createVectors>;

/** The vectors of some texts, as far as they are known; the first is that of the question. */
function createVectors(
  texts: readonly WantedText[],
  read: (keys: readonly Buffer[]) => (Float32Array | undefined)[],
) {
  const found = new Map<number, Float32Array>();
  const unknown = () => texts.flatMap((_, at) => (fits(at) ? [] : at));
  /** A model may have been changed for another one of the same name. */
  const fits = (at: number) =>
    found.has(at) && (at === 0 || !found.has(0) || found.get(at)?.length === found.get(0)?.length);
  const look = () => {
    const places = unknown();
    const vectors = read(places.flatMap((at) => texts[at]?.key ?? []));
    for (const [index, at] of places.entries()) {
      const vector = vectors[index];
      if (vector) found.set(at, vector);
    }
  };
  look();
  return {
    look,
    missing: () => unknown().flatMap((at) => texts[at] ?? []),
    vectors: () => texts.map((_, at) => (fits(at) ? found.get(at) : undefined)),
  };
}

/** Both have length 1. `undefined` for those of different models. */
function cosineOf(one: Float32Array, other: Float32Array): number | undefined {
  if (one.length !== other.length) return undefined;
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}

/** Ends with the next change, or quietly when the signal aborts. */
function nextChange(
  onChange: (listener: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      end();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const end = onChange(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
