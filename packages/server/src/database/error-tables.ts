import type { ErrorGroup, Severity } from '@borgos/contracts/error-log';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { GeneratedJson, Json, NullableTimestamp } from './column-types.ts';

export interface ErrorGroupsTable {
  id: GeneratedAlways<number>;
  project_id: number | null;
  fingerprint: string;
  error_type: string;
  title: string;
  culprit: string | null;
  grouped_by: Json<ErrorGroup['grouped_by']>;
  severity: Severity;
  message: string;
  status: Generated<ErrorGroup['status']>;
  first_seen: ColumnType<string, string | Date, string | Date>;
  last_seen: ColumnType<string, string | Date, string | Date>;
  resolved_at: NullableTimestamp;
  resolved_through: number | null;
  ignored_until: NullableTimestamp;
  regressed_at: NullableTimestamp;
}

export interface LoggedErrorsTable {
  id: GeneratedAlways<number>;
  project_id: number | null;
  deployment_id: number | null;
  group_id: number;
  error_type: string;
  severity: Severity;
  message: string;
  stack_trace: string | null;
  context: GeneratedJson<Record<string, unknown>>;
  occurred_at: ColumnType<string, string | Date, string | Date>;
  source_id: string | null;
  words: GeneratedAlways<string>;
}

export interface ErrorCountsTable {
  group_id: number;
  error_type: string;
  severity: Severity;
  /** 0: none. */
  deployment_id: number;
  count: number;
  open: number;
}

export interface ErrorHoursTable {
  group_id: number;
  hour: ColumnType<string, string | Date, string | Date>;
  count: number;
}
