import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { AppError } from '../../errors.ts';
import type { RateLimits } from '../../rate-limits/rate-limits.ts';
import type { ErrorLog } from '../error-log.ts';
import { sentryKeyOf } from './credential.ts';
import { errorOfEvent } from './event-to-error.ts';
import { parseEnvelope, parseEvent } from './parse-envelope.ts';
import { decodeBody } from './read-body.ts';

/** What an SDK has sent. */
export interface SentryReport {
  projectId: number;
  kind: 'envelope' | 'store';
  headers: IncomingHttpHeaders;
  query: Record<string, unknown>;
  body: Readable;
}

export interface SentryIntake {
  /**
   * Logs the errors in a report: durably, before it resolves with the event's id.
   * @throws AppError FORBIDDEN, RATE_LIMITED, and what reading and logging throws
   */
  receive(report: SentryReport): Promise<{ id: string | null }>;
}

/** A project whose app fails in a loop must not fill the log alone. */
const perProject = { perMinute: 6_000, burst: 2_000 };

/** Takes what the official Sentry SDKs send to the DSN of a project. */
export function createSentryIntake({
  errorLog,
  rateLimits,
}: {
  errorLog: Pick<ErrorLog, 'log' | 'keys'>;
  rateLimits: RateLimits;
}): SentryIntake {
  async function checkKey(projectId: number, key: string | undefined): Promise<void> {
    if (key !== undefined && (await errorLog.keys.check(projectId, key))) return;
    throw new AppError(
      'FORBIDDEN',
      `The sentry_key is missing, or is not that of project ${projectId}: its DSN is at /api/v1/projects/${projectId}/dsn`,
    );
  }

  async function limit(projectId: number): Promise<void> {
    const { allowed, retryAfter } = await rateLimits.take(`sentry ${projectId}`, perProject);
    if (allowed) return;
    throw new AppError('RATE_LIMITED', `Project ${projectId} reports too many errors`, {
      retryAfterSeconds: retryAfter,
    });
  }

  return {
    async receive({ projectId, kind, headers, query, body }) {
      const sent = sentryKeyOf(headers, query);
      // Before anything is read of who has none, unless it is in what is to be read.
      if (sent !== undefined) await checkKey(projectId, sent);
      const bytes = await decodeBody(body, headers['content-encoding']);
      const { dsn, eventId, payloads } = kind === 'store' ? storeOf(bytes) : eventsOf(bytes);
      if (sent === undefined) await checkKey(projectId, sentryKeyOf({}, {}, dsn));
      let id = eventId ?? null;
      for (const payload of payloads) {
        const error = errorOfEvent(parseEvent(payload), eventId);
        if (!error) continue;
        await limit(projectId);
        const { source_id, occurred_at, ...rest } = error;
        const reported = {
          ...rest,
          project_id: projectId,
          occurred_at: occurred_at?.toISOString(),
        };
        await errorLog.log([reported], { sourceId: source_id });
        id ??= source_id;
      }
      return { id };
    },
  };
}

function eventsOf(bytes: Buffer) {
  const { header, items } = parseEnvelope(bytes);
  return { ...header, payloads: items.flatMap(({ payload }) => payload ?? []) };
}

function storeOf(bytes: Buffer) {
  return { dsn: undefined, eventId: undefined, payloads: [bytes] };
}
