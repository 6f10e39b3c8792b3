import { AppError } from '../../errors.ts';

export interface Envelope {
  header: EnvelopeHeader;
  items: EnvelopeItem[];
}

export interface EnvelopeHeader {
  /** As it was sent: whoever uses it checks its form. */
  eventId: string | undefined;
  dsn: string | undefined;
}

export interface EnvelopeItem {
  type: string;
  /** Of an event; what else there is, such as attachments, is skipped. */
  payload: Buffer | undefined;
}

const mostItems = 100;
const mostEventBytes = 1024 * 1024;
/** Of all events together: each of them is parsed in one go. An SDK sends one in an envelope. */
const mostEventBytesInAll = 2 * 1024 * 1024;
const mostHeaderBytes = 64 * 1024;

const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads the framing of https://develop.sentry.dev/sdk/foundations/transport/envelopes/: a line of
 * JSON, then for each item a line of JSON and a payload, which is as long as its `length` says or
 * goes to the end of its line.
 * @throws AppError VALIDATION_FAILED (says at which byte), PAYLOAD_TOO_LARGE
 */
export function parseEnvelope(body: Buffer): Envelope {
  const first = readHeader(body, 0, 'the envelope');
  const items: EnvelopeItem[] = [];
  let eventBytes = 0;
  let at = first.next;
  for (;;) {
    at = skipEmptyLines(body, at);
    if (at >= body.length) break;
    if (items.length === mostItems) {
      throw new AppError('PAYLOAD_TOO_LARGE', `An envelope has at most ${mostItems} items`);
    }
    const what = `item ${items.length + 1}`;
    const { header, next } = readHeader(body, at, what);
    if (typeof header.type !== 'string' || header.type === '') {
      throw malformed(`the header of ${what} (byte ${at}) needs a "type", as {"type":"event"}`);
    }
    const end = endOfPayload(body, next, header.length, what);
    const isEvent = header.type === 'event';
    if (isEvent) {
      eventBytes += end - next;
      assertEventSize(end - next, eventBytes, what);
    }
    items.push({ type: header.type, payload: isEvent ? body.subarray(next, end) : undefined });
    at = end;
  }
  const { event_id, dsn } = first.header;
  return { header: { eventId: stringOrNone(event_id), dsn: stringOrNone(dsn) }, items };
}

/**
 * The event in the payload of an item, or in the body of the older store endpoint.
 * @throws AppError VALIDATION_FAILED, PAYLOAD_TOO_LARGE
 */
export function parseEvent(payload: Buffer): unknown {
  assertEventSize(payload.length, payload.length, 'the body');
  try {
    return JSON.parse(payload.toString());
  } catch (error) {
    throw malformed(`the event is not JSON: ${(error as Error).message}`);
  }
}

function readHeader(body: Buffer, from: number, what: string) {
  const found = body.indexOf(newline, from);
  const end = found < 0 ? body.length : found;
  if (end - from > mostHeaderBytes) {
    throw malformed(
      `the header of ${what} (byte ${from}) is a line of ${end - from} bytes; ${mostHeaderBytes} are the most`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(body.toString('utf8', from, end));
  } catch {
    // Told below: what JSON.parse says would quote what may be a part of a payload.
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw malformed(`the header of ${what} (byte ${from}) has to be one line with a JSON object`);
  }
  return {
    header: header as Record<string, unknown>,
    next: found < 0 ? body.length : found + 1,
  };
}

function endOfPayload(body: Buffer, from: number, length: unknown, what: string): number {
  if (length === undefined || length === null) {
    const found = body.indexOf(newline, from);
    return found < 0 ? body.length : found;
  }
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    throw malformed(`the "length" of ${what} has to be its payload’s number of bytes`);
  }
  const end = from + length;
  if (end > body.length) {
    throw malformed(
      `${what} says that its payload has ${length} bytes, and only ${body.length - from} follow`,
    );
  }
  const isFollowedByEnd = end === body.length || body[end] === newline;
  if (!isFollowedByEnd && !(body[end] === carriageReturn && body[end + 1] === newline)) {
    throw malformed(
      `the payload of ${what} goes on after its ${length} bytes (byte ${end}), where a newline has to be`,
    );
  }
  return end;
}

function skipEmptyLines(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === newline || body[at] === carriageReturn) at += 1;
  return at;
}

function assertEventSize(bytes: number, bytesInAll: number, what: string): void {
  if (bytes > mostEventBytes) {
    throw new AppError(
      'PAYLOAD_TOO_LARGE',
      `The event in ${what} has ${bytes} bytes; ${mostEventBytes} are the most`,
    );
  }
  if (bytesInAll > mostEventBytesInAll) {
    throw new AppError(
      'PAYLOAD_TOO_LARGE',
      `The events of an envelope have at most ${mostEventBytesInAll} bytes together: send one in an envelope`,
    );
  }
}

function malformed(reason: string): AppError {
  return new AppError('VALIDATION_FAILED', `The body is no valid Sentry envelope: ${reason}`);
}

function stringOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
