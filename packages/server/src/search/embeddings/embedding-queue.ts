import { scrubText } from '../../scrub.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { type EmbeddingEndpoint, EmbeddingFailure } from './embedding-endpoint.ts';

export interface WantedText {
  key: Buffer;
  text: string;
}

/** Texts that are to become vectors, a few at a time, whoever still waits for them. */
export interface EmbeddingQueue {
  /** Puts texts in, the most urgent first; what is there already is not asked for twice. */
  want(texts: readonly WantedText[]): void;
  /** Calls back whenever vectors have come or could not be had. Returns what ends it. */
  onChange(listener: () => void): () => void;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

const batchSize = 16;
const mostInFlight = 2;
/** Of several searches; what is more is forgotten, the oldest first. */
const mostWaiting = 1_000;

export function createEmbeddingQueue({
  endpoint,
  breaker,
  keep,
  log,
}: {
  endpoint: EmbeddingEndpoint;
  breaker: CircuitBreaker;
  keep: (vectors: { key: Buffer; vector: Float32Array }[]) => void;
  log: { warn(fields: object, message: string): void };
}): EmbeddingQueue {
  // By the key as text; what was wanted last comes first.
  let waiting = new Map<string, WantedText>();
  const asked = new Set<string>();
  const inFlight = new Set<Promise<void>>();
  const listeners = new Set<() => void>();
  const closing = new AbortController();

  function pump(): void {
    while (inFlight.size < mostInFlight && waiting.size > 0 && !closing.signal.aborted) {
      if (breaker.closedFor() !== null) {
        // The next search wants again what it needs.
        waiting.clear();
        return;
      }
      const batch = [...waiting].slice(0, batchSize);
      for (const [name] of batch) {
        waiting.delete(name);
        asked.add(name);
      }
      const work = fetchBatch(batch.map(([, text]) => text)).finally(() => {
        for (const [name] of batch) asked.delete(name);
        inFlight.delete(work);
        for (const listener of [...listeners]) listener();
        pump();
      });
      inFlight.add(work);
    }
  }

  async function fetchBatch(batch: readonly WantedText[]): Promise<void> {
    try {
      // An endpoint refuses an empty text.
      const texts = batch.map(({ text }) => scrubText(text).trim() || '-');
      const vectors = await endpoint(texts, closing.signal);
      breaker.succeeded();
      keep(
        batch.flatMap(({ key }, at) => {
          const vector = vectors[at];
          return vector ? { key, vector } : [];
        }),
      );
    } catch (error) {
      if (closing.signal.aborted) return;
      const isKnown = error instanceof EmbeddingFailure;
      const reason = isKnown ? error.message : 'The embedding endpoint could not be asked';
      breaker.failed(reason, isKnown ? error.waitMs : undefined);
      log.warn({ reason, ...(!isKnown && { err: error }) }, 'there are no embeddings for now');
    }
  }

  return {
    want(texts) {
      const next = new Map<string, WantedText>();
      for (const wanted of [...texts, ...waiting.values()]) {
        const name = wanted.key.toString('base64');
        if (next.size < mostWaiting && !asked.has(name) && !next.has(name)) next.set(name, wanted);
      }
      waiting = next;
      pump();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closing.abort(new Error('the server stops'));
      waiting.clear();
      await Promise.all(inFlight);
    },
  };
}
