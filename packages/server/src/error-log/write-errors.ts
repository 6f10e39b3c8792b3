import type { EventData } from '@borgos/contracts/events';
import { systemActor } from '../caller.ts';
import { constraintOf, type Db, transaction } from '../database/transaction.ts';
import { AppError, notFound } from '../errors.ts';
import { appendLoggedErrors } from '../events/append.ts';
import type { BoundedError } from './bounded-error.ts';
import type { Entry } from './group-commit.ts';
import * as store from './ingest-store.ts';

/** One error on its way into the log. */
export interface Arrival {
  error: BoundedError;
  /** Recorded together with it. */
  position: store.OutputPosition | null;
}

const attempts = 3;

/**
 * Writes what several callers have handed in, in one transaction: groups, errors, counts, and the
 * events that tell of them. For each caller the ids, or what is wrong with what it gave.
 */
export async function writeErrors(
  db: Db,
  entries: Entry<Arrival>[],
  now: () => Date,
): Promise<(number[] | Error)[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction(db, (db) => write(db, entries, now()));
    } catch (error) {
      // A project was deleted, or the same was logged by another server, in this very moment:
      // looked at once more it is found.
      if (constraintOf(error) === undefined || attempt === attempts) throw error;
    }
  }
}

async function write(db: Db, entries: Entry<Arrival>[], now: Date): Promise<(number[] | Error)[]> {
  const places = await findPlaces(db, entries);
  const problems = entries.map(({ items }) => placeAll(items, places));
  const accepted = entries.flatMap(({ items }, index) => (problems[index] ? [] : items));
  const ids = await writeNew(db, accepted, now);
  return entries.map(
    ({ items }, index) => problems[index] ?? items.map((item) => ids.get(item) ?? unreachable()),
  );
}

async function findPlaces(db: Db, entries: Entry<Arrival>[]): Promise<store.Places> {
  const projects = new Set<number>();
  const deployments = new Set<number>();
  for (const { items } of entries) {
    for (const { error } of items) {
      if (error.project_id !== null) projects.add(error.project_id);
      if (error.deployment_id !== null) deployments.add(error.deployment_id);
    }
  }
  if (projects.size + deployments.size === 0) {
    return { projects: new Set(), deployments: new Map() };
  }
  return store.findPlaces(db, [...projects], [...deployments]);
}

/** Gives errors of deployments their project. Returns what is wrong with the places of any. */
function placeAll(items: Arrival[], { projects, deployments }: store.Places): Error | undefined {
  for (const { error } of items) {
    const { project_id, deployment_id } = error;
    if (project_id !== null && !projects.has(project_id)) return notFound('Project', project_id);
    if (deployment_id === null) continue;
    const owner = deployments.get(deployment_id);
    if (owner === undefined) return notFound('Deployment', deployment_id);
    if (project_id !== null && project_id !== owner) {
      const message = `Deployment ${deployment_id} is one of project ${owner}, not of project ${project_id}`;
      return new AppError('VALIDATION_FAILED', message, {
        details: [{ path: 'body.deployment_id', message }],
      });
    }
    error.project_id = owner;
  }
  return undefined;
}

async function writeNew(db: Db, items: Arrival[], now: Date): Promise<Map<Arrival, number>> {
  const ids = new Map<Arrival, number>();
  const { fresh, repeated } = await tellApart(db, items, ids);
  if (fresh.length > 0) {
    const groups = await upsertGroups(db, fresh, now);
    const placed = fresh.map((item) => ({
      error: item.error,
      group_id: (groups.get(groupKey(item.error)) ?? unreachable()).id,
    }));
    const inserted = await store.insertErrors(db, placed);
    for (const [index, item] of fresh.entries()) ids.set(item, inserted[index] ?? unreachable());
    await store.addCounts(db, placed);
    await store.setPositions(db, positionsOf(items));
    await appendLoggedErrors(db, eventsOf(fresh, groups, ids), systemActor);
  } else {
    await store.setPositions(db, positionsOf(items));
  }
  for (const [item, first] of repeated) ids.set(item, ids.get(first) ?? unreachable());
  return ids;
}

/** What was logged before keeps its id; what is given twice at once is written once. */
async function tellApart(db: Db, items: Arrival[], ids: Map<Arrival, number>) {
  const named = items.flatMap(({ error: { project_id, source_id } }) =>
    source_id === null ? [] : [{ project_id, source_id }],
  );
  const known = named.length > 0 ? await store.findBySource(db, named) : new Map<string, number>();
  const firsts = new Map<string, Arrival>();
  const fresh: Arrival[] = [];
  const repeated = new Map<Arrival, Arrival>();
  for (const item of items) {
    const { project_id, source_id } = item.error;
    const key = source_id === null ? undefined : store.sourceKey({ project_id, source_id });
    const id = key === undefined ? undefined : known.get(key);
    const first = key === undefined ? undefined : firsts.get(key);
    if (id !== undefined) ids.set(item, id);
    else if (first) repeated.set(item, first);
    else {
      fresh.push(item);
      if (key !== undefined) firsts.set(key, item);
    }
  }
  return { fresh, repeated };
}

async function upsertGroups(
  db: Db,
  items: Arrival[],
  now: Date,
): Promise<Map<string, store.UpsertedGroup>> {
  const groups = new Map<string, Parameters<typeof store.upsertGroups>[1][number]>();
  for (const { error } of items) {
    const key = groupKey(error);
    const { occurred_at: at } = error;
    const group = groups.get(key);
    groups.set(key, {
      newest: group && group.last_seen > at ? group.newest : error,
      first_seen: group && group.first_seen < at ? group.first_seen : at,
      last_seen: group && group.last_seen > at ? group.last_seen : at,
    });
  }
  const upserted = await store.upsertGroups(db, [...groups.values()], now);
  return new Map(
    [...groups.keys()].map((key, index) => [key, upserted[index] ?? unreachable()] as const),
  );
}

/** Only the first of a group is what is new, or what is back. */
function eventsOf(
  items: Arrival[],
  groups: Map<string, store.UpsertedGroup>,
  ids: Map<Arrival, number>,
): EventData<'error_logged'>[] {
  const seen = new Set<string>();
  return items.map((item) => {
    const key = groupKey(item.error);
    const group = groups.get(key) ?? unreachable();
    const event = store.told(item.error, ids.get(item) ?? unreachable(), group);
    const isFirst = !seen.has(key);
    seen.add(key);
    return {
      ...event,
      is_new: isFirst && event.is_new,
      is_regression: isFirst && event.is_regression,
    };
  });
}

function positionsOf(items: Arrival[]): store.OutputPosition[] {
  return items.flatMap(({ position }) => position ?? []);
}

function groupKey({ project_id, grouping }: BoundedError): string {
  return `${project_id} ${grouping.fingerprint}`;
}

function unreachable(): never {
  throw new Error('every error has a group and an id');
}
