import type { AgentEvent } from './adapter.ts';
import type { NewTaskEvent } from './task-event-store.ts';

/** How much of a text of an event is kept, in characters. */
const mostText = 16_384;
const mostDepth = 8;
const mostEntries = 200;
/** Of all texts of one event. */
const mostInAll = 65_536;

/** What is kept of what an agent tells; `null`: nothing, as it is no news. */
export function boundedEvent(event: AgentEvent, scrub: <T>(value: T) => T): NewTaskEvent | null {
  switch (event.type) {
    case 'attached':
    case 'done':
      return null;
    case 'permission':
      return kept('permission', { ...event.request }, scrub);
    case 'usage':
      return kept(
        'usage',
        {
          input_tokens: event.inputTokens,
          output_tokens: event.outputTokens,
          cost_usd: event.costUsd,
          model: event.model,
        },
        scrub,
      );
    case 'error':
      return kept('error', { code: event.code, message: event.message }, scrub);
    default: {
      const { type, position: _, ...data } = event;
      return kept(type, data, scrub);
    }
  }
}

/** Data of any origin, cut so that it fits a row, with secrets taken out. */
export function boundedData(
  data: Record<string, unknown>,
  scrub: <T>(value: T) => T,
): Record<string, unknown> {
  const bounded = bound(data, 1, { left: mostInAll });
  return scrub(isRecord(bounded) ? bounded : {});
}

function kept(
  type: NewTaskEvent['type'],
  data: Record<string, unknown>,
  scrub: <T>(value: T) => T,
): NewTaskEvent {
  return { type, data: boundedData(data, scrub) };
}

function bound(value: unknown, depth: number, room: { left: number }): unknown {
  if (typeof value === 'string') return cut(value, room);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' ? value : null;
  if (depth > mostDepth || room.left <= 0) return '[left out]';
  if (Array.isArray(value)) {
    return value.slice(0, mostEntries).map((entry) => bound(entry, depth + 1, room));
  }
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .slice(0, mostEntries)
    .map(([key, entry]) => [cut(key, room), bound(entry, depth + 1, room)]);
  return Object.fromEntries(entries);
}

/** PostgreSQL takes neither NUL nor half characters. */
function cut(text: string, room: { left: number }): string {
  const most = Math.max(0, Math.min(mostText, room.left));
  room.left -= Math.min(text.length, most);
  const shown =
    text.length <= most ? text : `${text.slice(0, most)}… [${text.length - most} characters cut]`;
  return shown.toWellFormed().replaceAll('\0', '\ufffd');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
