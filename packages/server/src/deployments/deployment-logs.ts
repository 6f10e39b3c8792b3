import type { api } from '@borgos/contracts';
import type { DeploymentLog, LogEntry } from '@borgos/contracts/deployment-logs';
import type { NdjsonStream, ParsedInput } from '@borgos/contracts/endpoint';
import type { AppLogs, LogBounds } from '../app-log/app-logs.ts';
import { AppError } from '../errors.ts';
import { largestBuildLog } from './build-log.ts';
import { followLog } from './follow-log.ts';
import { type RedactorFor, shownLog } from './log-reader.ts';
import { appSource, buildSource, type LogSource } from './log-source.ts';
import type { LogFiles } from './logs.ts';
import { type Scanned, type ShownLog, scanLog, type Wanted } from './scan-log.ts';
import { textOf } from './shown-lines.ts';

export type LogsQuery = Omit<ParsedInput<(typeof api)['deployments']['logs']>, 'id'>;

/** What deployments printed, as it may be shown. */
export interface DeploymentLogs {
  /** @param newest revision that was built, for a build's log */
  read(id: number, query: LogsQuery, newest: number, signal: AbortSignal): Promise<DeploymentLog>;
  /**
   * The lines from where the query says, and with `follow` those that are printed from now on.
   * @throws AppError UNAVAILABLE when too many follow already
   */
  stream(id: number, query: LogsQuery, newest: number, signal: AbortSignal): Promise<NdjsonStream>;
  /** For who is told of the app's output as it comes. */
  readonly live: LiveLogs;
}

export interface LiveLogs {
  bounds(id: number): Promise<LogBounds>;
  /** The lines from there on, of at most so many bytes, but at least one; secrets are taken out. */
  read(
    id: number,
    from: number,
    most: number,
  ): Promise<{ entries: LogEntry[]; next: number; offset: number }>;
  /** Resolves when there is more than `end`, with whether the log was removed, or after `ms`. */
  grown(id: number, end: number, ms: number, signal: AbortSignal): Promise<boolean>;
  /** Whether there is such a deployment. */
  exists(id: number): Promise<boolean>;
}

/** Each takes about 100 ms of the processor a second. */
const most = { searches: 4, followers: 100 };
const searchMs = 2_000;
const readMs = 1_000;
const allLines = Number.POSITIVE_INFINITY;

export function createDeploymentLogs({
  logs,
  files,
  redactorFor,
  exists,
  isBuilding,
}: {
  logs: AppLogs;
  files: LogFiles;
  redactorFor: RedactorFor;
  exists: (id: number) => Promise<boolean>;
  /** Whether that revision's build goes on, or is to come. */
  isBuilding: (id: number, revision: number) => Promise<boolean>;
}): DeploymentLogs {
  let searches = 0;
  let followers = 0;

  function sourceOf(id: number, { stream, revision }: LogsQuery, newest: number): LogSource {
    if (stream !== 'build') return appSource(logs, files.app(id));
    const built = revision ?? newest;
    return buildSource(files.build(id, built), built, largestBuildLog);
  }

  const appOf = (id: number) => shownLog(id, appSource(logs, files.app(id)), redactorFor);

  async function scan(log: ShownLog, query: LogsQuery, signal: AbortSignal): Promise<Scanned> {
    const { query: text, offset, tail, limit, max_bytes } = query;
    const wanted = wantedOf(query);
    const end = Number.MAX_SAFE_INTEGER;
    if (text !== undefined) {
      const order = query.order ?? 'newest';
      const from = offset ?? (order === 'newest' ? end : 0);
      const mostBytes = allLines;
      return scanLog(log, {
        wanted,
        from,
        order,
        mostLines: limit,
        mostBytes,
        ms: searchMs,
        signal,
      });
    }
    const order = offset === undefined ? 'newest' : 'oldest';
    const mostLines = offset === undefined && tail !== undefined ? tail : allLines;
    const from = offset ?? end;
    return scanLog(log, {
      wanted,
      from,
      order,
      mostLines,
      mostBytes: max_bytes,
      ms: readMs,
      signal,
    });
  }

  async function read(
    id: number,
    query: LogsQuery,
    newest: number,
    signal: AbortSignal,
  ): Promise<DeploymentLog> {
    const source = sourceOf(id, query, newest);
    const { entries, offset, next, isCut } = await scan(
      shownLog(id, source, redactorFor),
      query,
      signal,
    );
    const { start, end } = await source.bounds();
    const isBackwards = query.query !== undefined && query.order !== 'oldest';
    return {
      stream: query.stream,
      revision: query.revision ?? (source.isBuild ? newest : null),
      content: textOf(entries),
      ...((query.lines || query.query !== undefined) && {
        lines: isBackwards ? entries.toReversed() : entries,
      }),
      offset,
      next_offset: isBackwards ? offset : next,
      truncated: isCut && (query.query !== undefined || query.offset !== undefined),
      size: end,
      oldest_offset: start,
      kept_bytes: end - start,
      cap_bytes: source.cap,
    };
  }

  return {
    async read(id, query, newest, signal) {
      if (query.query === undefined) return read(id, query, newest, signal);
      if (searches >= most.searches) throw tooMany(`${searches} searches run already`);
      searches += 1;
      try {
        return await read(id, query, newest, signal);
      } finally {
        searches -= 1;
      }
    },
    async stream(id, query, newest, signal) {
      if (query.query !== undefined) {
        throw new AppError(
          'VALIDATION_FAILED',
          'query is not for a stream: leave out follow, and ask for JSON',
        );
      }
      if (followers >= most.followers) throw tooMany(`${followers} follow a log already`);
      const source = sourceOf(id, query, newest);
      const log = shownLog(id, source, redactorFor);
      const start = await startOf(source, log, query, signal);
      const lines = followLog({
        ...{ source, log, start, wanted: wantedOf(query), follow: query.follow, signal },
        isOver: async () =>
          !(await (source.isBuild ? isBuilding(id, query.revision ?? newest) : exists(id))),
      });
      async function* counted() {
        followers += 1;
        try {
          yield* lines;
        } finally {
          followers -= 1;
        }
      }
      return { ndjson: counted() };
    },
    live: {
      bounds: (id) => logs.bounds(files.app(id)),
      read: (id, from, most) => appOf(id).read(from, most),
      grown: (id, end, ms, signal) => logs.grown(files.app(id), end, ms, signal),
      exists,
    },
  };

  /** Where a stream begins. */
  async function startOf(
    source: LogSource,
    log: ShownLog,
    query: LogsQuery,
    signal: AbortSignal,
  ): Promise<number> {
    const { start, end } = await source.bounds();
    const { offset, tail } = query;
    if (offset !== undefined) return offset > end ? start : offset;
    if (tail === undefined) return query.follow ? end : start;
    const { entries } = await scanLog(log, {
      ...{ wanted: wantedOf(query), from: end, order: 'newest', mostLines: tail },
      ...{ mostBytes: allLines, ms: readMs, signal },
    });
    return entries[0]?.offset ?? end;
  }
}

function wantedOf({ query, stream, revision }: LogsQuery): Wanted {
  return {
    text: query,
    stream: stream === 'stdout' || stream === 'stderr' ? stream : undefined,
    revision: stream === 'build' ? undefined : revision,
  };
}

function tooMany(what: string): AppError {
  return new AppError('UNAVAILABLE', `${what}, which is the most. Try again in 5 seconds`, {
    retryAfterSeconds: 5,
  });
}
