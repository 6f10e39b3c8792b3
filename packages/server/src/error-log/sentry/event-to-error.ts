import { randomUUID } from 'node:crypto';
import { contextOf } from './event-context.ts';
import { type Exception, exceptionsOf, framesOfThread } from './exceptions.ts';
import { type Fields, fieldsOf, listOf, textOf } from './plain-values.ts';
import { renderTrace } from './render-trace.ts';

export interface ReportedError {
  error_type: string;
  severity: 'debug' | 'info' | 'warning' | 'error' | 'critical';
  message: string;
  /** As the platform prints it. */
  stack_trace: string | null;
  context: Record<string, unknown>;
  occurred_at: Date | undefined;
  /** What the sender wants errors to be grouped by; `{{ default }}` in it means as ever. */
  fingerprint: string[] | undefined;
  /** The event’s id, 32 hexadecimal digits: the same event sent twice has the same one. */
  source_id: string;
}

/**
 * What an event of a Sentry SDK says about an error, bounded, and not yet scrubbed.
 * @param envelopeEventId for events that have no id of their own
 * @returns undefined for what is no error, such as a transaction
 */
export function errorOfEvent(event: unknown, envelopeEventId?: string): ReportedError | undefined {
  const fields = fieldsOf(event);
  if (!isError(event, fields)) return undefined;
  const platform = textOf(fields.platform, 50) ?? 'other';
  const exceptions = named(exceptionsOf(fields));
  const reported = exceptions.at(-1) ?? messageOf(fields);
  const errorType = typeName(reported.type);
  return {
    error_type: errorType,
    severity: severityOf(fields.level),
    message: reported.value ?? messageText(fields) ?? errorType,
    stack_trace: renderTrace(platform, exceptions.length > 0 ? exceptions : [reported]),
    context: contextOf(fields, platform, exceptions.at(-1)?.isHandled),
    occurred_at: momentOf(fields.timestamp),
    fingerprint: fingerprintOf(fields.fingerprint),
    source_id: idOf(fields.event_id) ?? idOf(envelopeEventId) ?? idOf(randomUUID()) ?? '',
  };
}

function isError(event: unknown, fields: Fields): boolean {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  // Only events of errors have no type, or one of these of old.
  return [undefined, null, '', 'error', 'default', 'event'].includes(fields.type as string);
}

function named(exceptions: Exception[]): Exception[] {
  return exceptions.map((exception) => {
    const type = exception.type ?? (exception.isSynthetic ? 'Message' : 'Error');
    return { ...exception, type };
  });
}

/** Within what an error’s type may be: one line of 200 characters. */
function typeName(type: string | undefined): string {
  const printable = (type ?? '').replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return printable.slice(0, 200).toWellFormed() || 'Error';
}

/** An event without an exception: what was logged, with the frames of its thread if there are any. */
function messageOf(fields: Fields): Exception {
  return {
    type: 'Message',
    value: messageText(fields),
    module: undefined,
    frames: framesOfThread(fields),
    isHandled: true,
    isSynthetic: true,
    source: undefined,
    isGroup: false,
    id: undefined,
    parentId: undefined,
  };
}

function messageText(fields: Fields): string | undefined {
  const { formatted, message } = fieldsOf(fields.logentry);
  // Some SDKs of old have the log entry in `message`.
  const old = fieldsOf(fields.message);
  return [formatted, message, fields.message, old.formatted, old.message]
    .map((text) => (typeof text === 'string' ? textOf(text, 8000) : undefined))
    .find((text) => text !== undefined);
}

function severityOf(level: unknown): ReportedError['severity'] {
  switch (level) {
    case 'fatal':
    case 'critical':
      return 'critical';
    case 'warning':
    case 'warn':
      return 'warning';
    case 'info':
    case 'log':
      return 'info';
    case 'debug':
    case 'trace':
      return 'debug';
    default:
      // As Sentry does. What nobody caught and did not end the process is an error, too.
      return 'error';
  }
}

/** Seconds since 1970, or ISO 8601, which is UTC where it does not say so. */
function momentOf(timestamp: unknown): Date | undefined {
  let moment: Date | undefined;
  if (typeof timestamp === 'number') moment = new Date(timestamp * 1000);
  if (typeof timestamp === 'string' && timestamp.length <= 40) {
    const isNumber = /^\d{1,12}(?:\.\d+)?$/.test(timestamp);
    const isDate = /^\d{4}-\d\d-\d\d[T ]/.test(timestamp);
    const hasZone = /(?:z|[+-]\d\d:?\d\d)$/i.test(timestamp);
    if (isNumber) moment = new Date(Number(timestamp) * 1000);
    else if (isDate) moment = new Date(hasZone ? timestamp : `${timestamp}Z`);
  }
  const isSane = moment && moment.getTime() > 0 && moment.getUTCFullYear() < 10_000;
  return isSane ? moment : undefined;
}

function fingerprintOf(value: unknown): string[] | undefined {
  const parts = listOf(value)
    .slice(0, 10)
    .map((part) => textOf(part, 200))
    .filter((part) => part !== undefined);
  const isDefault = parts.every((part) => /^\{\{\s*default\s*\}\}$/.test(part));
  return isDefault ? undefined : parts;
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const digits = value.replaceAll('-', '').toLowerCase();
  return /^[\da-f]{32}$/.test(digits) ? digits : undefined;
}
