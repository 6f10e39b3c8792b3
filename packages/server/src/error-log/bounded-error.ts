import type { NewError, Severity } from '@borgos/contracts/error-log';
import { storable } from '../errors.ts';
import { scrub, scrubText } from '../scrub.ts';
import { type Grouping, groupingOf } from './grouping/grouping.ts';

/** An error as it is kept: within bounds, without secrets, and with what it is grouped by. */
export interface BoundedError {
  project_id: number | null;
  deployment_id: number | null;
  error_type: string;
  severity: Severity;
  message: string;
  stack_trace: string | null;
  /** JSON. */
  context: string;
  occurred_at: string;
  source_id: string | null;
  grouping: Grouping;
}

const mostMessage = 8_192;
const mostStack = 64 * 1024;
const mostContext = 32 * 1024;

/**
 * @param sourceId what its sender calls it, so that what is sent twice is logged once
 * @param now what is later than this counts as now
 */
export function boundedError(
  error: NewError,
  { sourceId = null, now }: { sourceId?: string | null | undefined; now: Date },
): BoundedError {
  const { project_id = null, deployment_id = null, severity, occurred_at, fingerprint } = error;
  const error_type = scrubText(storable(error.error_type));
  const message = scrubText(shortened(storable(error.message), mostMessage));
  const stack = error.stack_trace;
  const stack_trace = stack ? scrubText(withoutMiddle(storable(stack), mostStack)) : null;
  const at = occurred_at === undefined ? now : new Date(occurred_at);
  return {
    project_id,
    deployment_id,
    error_type,
    severity,
    message,
    stack_trace,
    context: contextText(error.context ?? {}),
    occurred_at: (at > now ? now : at).toISOString(),
    source_id: sourceId,
    grouping: groupingOf({ error_type, message, stack_trace, fingerprint }),
  };
}

/** How much it is in memory and on its way to the database. */
export function sizeOf({ message, stack_trace, context }: BoundedError): number {
  return message.length + (stack_trace?.length ?? 0) + context.length + 1_000;
}

/** JSON that is small enough: if need be without its largest entries, which it then names. */
function contextText(context: Record<string, unknown>): string {
  const scrubbed = scrub(context);
  const text = storable(JSON.stringify(scrubbed)).replaceAll('\\u0000', '\\ufffd');
  if (text.length <= mostContext) return text;
  const kept: Record<string, unknown> = {};
  const left_out: string[] = [];
  let room = mostContext - 2_000;
  const entries = Object.entries(scrubbed)
    .map(([name, value]) => ({ name, value, size: JSON.stringify([name, value]).length }))
    .sort((a, b) => a.size - b.size);
  for (const { name, value, size } of entries) {
    if (size <= room) {
      kept[name] = value;
      room -= size;
    } else if (left_out.length < 20) left_out.push(name.slice(0, 50));
  }
  return storable(JSON.stringify({ ...kept, left_out })).replaceAll('\\u0000', '\\ufffd');
}

function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 40).toWellFormed()}… (${text.length - most + 40} characters more)`;
}

/** Both ends tell more than what is between: what was thrown, and where it began. */
function withoutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = most / 2 - 40;
  const cut = text.length - 2 * half;
  const start = text.slice(0, half).toWellFormed();
  return `${start}\n… (${cut} characters left out)\n${text.slice(-half).toWellFormed()}`;
}
