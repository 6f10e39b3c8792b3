import { type Selectable, sql } from 'kysely';
import type { Tables } from '../database/tables.ts';
import type { Db } from '../database/transaction.ts';
import { type Point, pointOf, requestsOf, type Step } from './step.ts';

type Row = Selectable<Tables['deployment_metrics']>;

/** A step of a deployment; `second`: Unix seconds of its beginning. */
export interface StoredStep {
  deploymentId: number;
  second: number;
  step: Step;
  /** Nothing is added to it any more. */
  isOver: boolean;
}

const pointColumns = [
  'cpu_cores',
  'memory_bytes',
  'memory_limit_bytes',
  'network_received_bytes',
  'network_sent_bytes',
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'proxy_errors',
  'aborted',
  'upgrades',
  'open_connections',
  'restarts',
] as const;
const latencyColumns = ['latency_p50_ms', 'latency_p90_ms', 'latency_p99_ms'] as const;

/** A statement has at most 65,535 values. */
const rowsAtOnce = 1_000;

/** Those that run first, so that they are what a bound leaves. */
export async function listMeasured(db: Db, limit: number): Promise<{ id: number; name: string }[]> {
  return db
    .selectFrom('deployments')
    .select(['id', 'name'])
    .orderBy(sql`active_generation is null`)
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function isDeployment(db: Db, id: number): Promise<boolean> {
  const row = await db
    .selectFrom('deployments')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst();
  return row !== undefined;
}

/** Writes steps, or writes them anew. Those of deployments that are gone must not be among them. */
export async function upsertSteps(db: Db, steps: StoredStep[]): Promise<void> {
  for (let start = 0; start < steps.length; start += rowsAtOnce) {
    await upsert(db, steps.slice(start, start + rowsAtOnce));
  }
}

async function upsert(db: Db, steps: StoredStep[]): Promise<void> {
  await db
    .insertInto('deployment_metrics')
    .values(steps.map(toRow))
    .onConflict((conflict) =>
      conflict
        .columns(['deployment_id', 'at'])
        .doUpdateSet((row) =>
          Object.fromEntries(
            [...pointColumns, ...latencyColumns, 'cpu_measured' as const, 'latency' as const].map(
              (column) => [column, row.ref(`excluded.${column}`)],
            ),
          ),
        ),
    )
    .execute();
}

function toRow({ deploymentId, second, step, isOver }: StoredStep) {
  const point = pointOf(step);
  return {
    deployment_id: deploymentId,
    at: new Date(second * 1000),
    cpu_measured: step.cpuMeasured,
    ...Object.fromEntries([...pointColumns, ...latencyColumns].map((name) => [name, point[name]])),
    latency: isOver ? null : JSON.stringify([...step.latencies]),
  };
}

/** Whole points of a deployment, the earliest first; `from` is in, `to` is not: Unix seconds. */
export async function listPoints(
  db: Db,
  deploymentId: number,
  { from, to }: { from: number; to: number },
): Promise<{ second: number; point: Point }[]> {
  const rows = await db
    .selectFrom('deployment_metrics')
    .select(['at', ...pointColumns, ...latencyColumns])
    .where('deployment_id', '=', deploymentId)
    .where('at', '>=', new Date(from * 1000).toISOString())
    .where('at', '<', new Date(to * 1000).toISOString())
    .orderBy('at')
    .execute();
  return rows.map((row) => ({ second: secondOf(row.at), point: toPoint(row) }));
}

/** The steps since then that an earlier server left unfinished, so that they can be gone on with. */
export async function takeUpSteps(db: Db, second: number): Promise<StoredStep[]> {
  const rows = await db
    .selectFrom('deployment_metrics')
    .selectAll()
    .where('at', '>=', new Date(second * 1000).toISOString())
    .where('latency', 'is not', null)
    .execute();
  return rows.map((row) => {
    const step = {
      point: pick(row, pointColumns),
      cpuMeasured: row.cpu_measured ?? 0,
      latencies: new Map(row.latency ?? []),
    };
    return { deploymentId: row.deployment_id, second: secondOf(row.at), step, isOver: false };
  });
}

export async function deleteBefore(db: Db, second: number): Promise<void> {
  await db
    .deleteFrom('deployment_metrics')
    .where('at', '<', new Date(second * 1000).toISOString())
    .execute();
}

type Column = (typeof pointColumns)[number] | (typeof latencyColumns)[number];

function toPoint(row: Pick<Row, Column>): Point {
  const point: Point = pick(row, [...pointColumns, ...latencyColumns]);
  const requests = requestsOf(point);
  return requests === undefined ? point : { ...point, requests };
}

function pick<C extends Column>(
  row: Pick<Row, C>,
  columns: readonly C[],
): Partial<Record<C, number>> {
  const picked: Partial<Record<C, number>> = {};
  for (const name of columns) {
    const value: number | null = row[name];
    if (value !== null) picked[name] = value;
  }
  return picked;
}

function secondOf(timestamp: string): number {
  return Date.parse(timestamp) / 1000;
}
