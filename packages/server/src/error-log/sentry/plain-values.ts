import { storable } from '../../errors.ts';

/** What a stranger’s JSON holds at some place, never of the expected type for sure. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

/** A list, which in a Sentry event is either itself or under `values`. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const { values } = fieldsOf(value);
  return Array.isArray(values) ? values : [];
}

/** Text that can be stored, of `most` characters at the most; undefined where there is none. */
export function textOf(value: unknown, most: number): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string' || value === '') return undefined;
  return storable(cut(value, most));
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Says how much of a text is missing. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${text.length - most} more characters)`;
}
