import type { api } from '@borgos/contracts';
import type { Actor } from '@borgos/contracts/caller';
import type { ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { ErrorGroup, LoggedError, NewError } from '@borgos/contracts/error-log';
import { type Db, isRefusedValue, transaction } from '../database/transaction.ts';
import { isUnreachable } from '../database/unreachable.ts';
import { AppError, notFound } from '../errors.ts';
import { appendEvent } from '../events/append.ts';
import type { Projects } from '../projects/projects.ts';
import { boundedError, sizeOf } from './bounded-error.ts';
import { createGroupCommit, type Entry } from './group-commit.ts';
import * as groupStore from './group-store.ts';
import { findPosition, type OutputPosition } from './ingest-store.ts';
import { createProjectKeys, type ProjectKeys } from './project-keys.ts';
import { forgetOldErrors } from './retention-store.ts';
import * as store from './store.ts';
import { type Arrival, writeErrors } from './write-errors.ts';

type Errors = (typeof api)['errors'];
type Groups = (typeof api)['errorGroups'];

/** What is known of an error besides itself. */
export interface Origin {
  /** What its sender calls it: of one project, errors of one name are logged once. */
  sourceId?: string | undefined;
  /** Up to where the output that it was found in is settled by it. */
  position?: OutputPosition | undefined;
}

export interface ErrorLog {
  /**
   * Logs all of them or none; resolves with their ids when they are durable.
   * @throws AppError NOT_FOUND, VALIDATION_FAILED, UNAVAILABLE
   */
  log(errors: NewError[], origin?: Origin): Promise<number[]>;
  list(query: ParsedInput<Errors['list']>): Promise<ListResult<LoggedError>>;
  get(id: number): Promise<LoggedError>;
  groups: {
    list(query: ParsedInput<Groups['list']>): Promise<ListResult<ErrorGroup>>;
    get(id: number): Promise<ErrorGroup>;
    /** One that is so already is left as it is. */
    resolve(id: number, actor: Actor): Promise<ErrorGroup>;
    ignore(id: number, until: string | null, actor: Actor): Promise<ErrorGroup>;
    reopen(id: number, actor: Actor): Promise<ErrorGroup>;
  };
  keys: ProjectKeys;
  /** How many were logged in the last 24 hours, to the hour. */
  countRecent(): Promise<number>;
  /** Up to where the output of a deployment is settled; `undefined`: nothing was found in it yet. */
  findPosition(deploymentId: number): Promise<number | undefined>;
  forgetOld(): Promise<void>;
  /** Writes what was handed in. */
  close(): Promise<void>;
}

/** What one transaction takes; more makes it slower for who waits, and no faster for all. */
const mostItems = 500;
const mostWaiting = { items: 20_000, bytes: 64 * 1024 ** 2 };
const retryAfterSeconds = 5;

/** What went wrong in projects, and which of it is the same. */
export function createErrorLog({
  db,
  projects,
  url,
  now = () => new Date(),
}: {
  db: Db;
  projects: Pick<Projects, 'get'>;
  /** Where BorgOS is, for DSNs: `http://localhost:8081`. */
  url: () => string;
  now?: () => Date;
}): ErrorLog {
  const commit = createGroupCommit<Arrival, number>({ flush, mostItems, mostWaiting });

  async function flush(entries: Entry<Arrival>[]): Promise<(number[] | Error)[]> {
    try {
      return await writeErrors(db, entries, now);
    } catch (error) {
      if (isUnreachable(error)) throw unavailable(error);
      const [entry] = entries;
      if (!isRefusedValue(error) || !entry) throw error;
      // A value that PostgreSQL refuses is told to the one that sent it alone.
      if (entries.length === 1) return [refused(error)];
      const halves = [entries.slice(0, entries.length / 2), entries.slice(entries.length / 2)];
      const outcomes: (number[] | Error)[] = [];
      for (const half of halves) outcomes.push(...(await flush(half)));
      return outcomes;
    }
  }

  async function getGroup(id: number): Promise<ErrorGroup> {
    const group = await groupStore.findGroup(db, id, now());
    if (!group) throw notFound('Error group', id);
    return group;
  }

  /** Changes a group's status, and tells it, unless it has that already. */
  async function change(
    id: number,
    type: 'error_resolved' | 'error_ignored' | 'error_reopened',
    until: string | null,
    actor: Actor,
  ): Promise<ErrorGroup> {
    await transaction(db, async (db) => {
      const group = await groupStore.lockGroup(db, id);
      if (!group) throw notFound('Error group', id);
      const { status, ignored_until, title, project_id } = group;
      const data = { group_id: id, project_id, title };
      if (type === 'error_resolved' && status !== 'resolved') {
        await groupStore.setResolved(db, id, now());
        await appendEvent(db, type, data, actor);
      } else if (type === 'error_ignored' && (status !== 'ignored' || ignored_until !== until)) {
        await groupStore.setIgnored(db, id, until);
        await appendEvent(db, type, { ...data, until }, actor);
      } else if (type === 'error_reopened' && status !== 'open') {
        await groupStore.setOpen(db, id);
        await appendEvent(db, type, data, actor);
      }
    });
    return getGroup(id);
  }

  return {
    async log(errors, { sourceId, position = null } = {}) {
      const at = now();
      const items = errors.map((error) => ({
        error: boundedError(error, { sourceId, now: at }),
        position: position ?? null,
      }));
      const bytes = items.reduce((sum, { error }) => sum + sizeOf(error), 0);
      return commit.add({ items, bytes });
    },
    list: ({ limit, offset = 0, envelope: _, ...filter }) =>
      store.listErrors(db, filter, { limit, offset }),
    async get(id) {
      const error = await store.findError(db, id);
      if (!error) throw notFound('Error', id);
      return error;
    },
    groups: {
      list: ({ limit, offset = 0, envelope: _, ...filter }) =>
        groupStore.listGroups(db, filter, { limit, offset }, now()),
      get: getGroup,
      resolve: (id, actor) => change(id, 'error_resolved', null, actor),
      async ignore(id, until, actor) {
        if (until !== null && new Date(until) <= now()) {
          const message = 'must be in the future, or left out to ignore the group for good';
          throw new AppError('VALIDATION_FAILED', `body.until ${message}`, {
            details: [{ path: 'body.until', message }],
          });
        }
        return change(id, 'error_ignored', until && new Date(until).toISOString(), actor);
      },
      reopen: (id, actor) => change(id, 'error_reopened', null, actor),
    },
    keys: createProjectKeys({ db, projects, url, now: () => now().getTime() }),
    countRecent: () => store.countSince(db, new Date(now().getTime() - 24 * 3_600_000)),
    findPosition: (deploymentId) => findPosition(db, deploymentId),
    forgetOld: () => forgetOldErrors(db, now()),
    close: () => commit.close(),
  };
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    'UNAVAILABLE',
    `The database cannot be reached, so the error was not logged. Try again in ${retryAfterSeconds} seconds`,
    { retryAfterSeconds, cause },
  );
}

function refused(cause: unknown): AppError {
  return new AppError('VALIDATION_FAILED', 'A value in it cannot be stored', { cause });
}
