import type { ColumnType } from 'kysely';

/** A `timestamptz`: read as ISO 8601 text, written as text or Date. */
export type GeneratedTimestamp = ColumnType<string, never, string | Date>;
export type NullableTimestamp = ColumnType<
  string | null,
  string | Date | null | undefined,
  string | Date | null
>;
/** A `jsonb`: read parsed, written as JSON text, lest an array be taken for an SQL one. */
export type Json<T> = ColumnType<T, string, string>;
export type GeneratedJson<T> = ColumnType<T, string | undefined, string>;
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
