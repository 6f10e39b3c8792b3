/** What an ACME server refuses, or why it cannot be asked; the message is for a person. */
export class AcmeProblem extends Error {
  override name = 'AcmeProblem';
  /** As `badNonce`: the end of the problem's type (RFC 8555, 6.7); `null`: it told none. */
  readonly type: string | null;
  /** Of its answer; `null`: there was none. */
  readonly status: number | null;
  /** Before which it wants not to be asked again. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    options: {
      type?: string | null;
      status?: number | null;
      retryAfterMs?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.type = options.type ?? null;
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

const longestDetail = 500;

/** A problem document in words, as far as it has any: all of it comes from elsewhere. */
export function describeProblem(document: unknown): { type: string | null; text: string } {
  const { type, detail, subproblems } = Object(document);
  const name = typeof type === 'string' ? (type.split(':').at(-1) ?? null) : null;
  const first = Array.isArray(subproblems) ? Object(subproblems[0]).detail : undefined;
  const texts = [detail, first].filter((text) => typeof text === 'string');
  const text = printable([...new Set(texts)].join(' ')) || 'it did not say why';
  return { type: name && printable(name), text };
}

function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, longestDetail)
    .toWellFormed();
}

/** `Retry-After` in milliseconds from `now` on, at most a day; `null`: none, or not understood. */
export function retryAfterMs(value: unknown, now: number): number | null {
  if (typeof value !== 'string') return null;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 86_400_000) : null;
}
