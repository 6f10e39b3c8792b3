import path from 'node:path';
import type { api } from '@borgos/contracts';
import type { EndpointResponse, ListResult, ParsedInput } from '@borgos/contracts/endpoint';
import type { CodeResult, codeResults, IndexState } from '@borgos/contracts/search';
import type { BaseLogger } from 'pino';
import type { z } from 'zod';
import type { Db } from '../database/transaction.ts';
import { AppError } from '../errors.ts';
import type { EventFeed } from '../events/feed.ts';
import type { KnownProject, Projects } from '../projects/projects.ts';
import type { Settings } from '../settings.ts';
import { createAskPool } from './ask/ask-pool.ts';
import type { SymbolsFound } from './ask/ask-request.ts';
import type { CodeEngine, CodeHit, SearchedProject } from './code-engine.ts';
import { createEmbeddings } from './embeddings/embeddings.ts';
import { createIndexes } from './indexes.ts';
import { createLocalEngine } from './local-engine.ts';
import { parseQuery } from './query/parse-query.ts';
import type { Filter } from './query/parsed-query.ts';
import { findRipgrep } from './ripgrep-path.ts';
import { createZoektEngine } from './zoekt/zoekt-engine.ts';

type Endpoints = (typeof api)['search'];
type CodeResults = z.infer<typeof codeResults>;
type CodeInput = ParsedInput<Endpoints['code']>;
type CodeSymbol = EndpointResponse<Endpoints['symbols']>;

export interface Search {
  /**
   * Searches the code of all projects, or of one.
   * @throws AppError NOT_FOUND, VALIDATION_FAILED for a pattern that is none, UNAVAILABLE when too many search
   */
  code(input: CodeInput, signal: AbortSignal): Promise<CodeResults>;
  symbols(
    input: ParsedInput<Endpoints['symbols']>,
    signal: AbortSignal,
  ): Promise<ListResult<CodeSymbol>>;
  indexState(projectId: number): IndexState;
  /** Brings all indexes up to date, one after the other. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Threads that answer: one for each of two cores. */
const threads = 2;
/** Searches that are answered or wait at once; one more is refused. */
const mostAtOnce = 64;
const longestMs = 20_000;
const mostIncomplete = 100;
/** So many hits are put in order by their meaning. */
const mostReranked = 200;

/** Finds code in all projects. */
export function createSearch({
  db,
  feed,
  projects,
  home,
  log,
  zoektUrl,
  llmUrl,
  llmApiKey: apiKey,
  embeddingModel,
}: {
  db: Db;
  feed: Pick<EventFeed, 'subscribe'>;
  projects: Projects;
  home: string;
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>;
} & Pick<Settings, 'zoektUrl' | 'llmUrl' | 'llmApiKey' | 'embeddingModel'>): Search {
  const indexes = createIndexes({ db, feed, projects, home, log });
  const pool = createAskPool({ size: threads });
  const engine: CodeEngine = zoektUrl
    ? createZoektEngine({ url: zoektUrl, log })
    : createLocalEngine({ pool, indexes, ripgrep: findRipgrep() });
  const embeddings =
    llmUrl && embeddingModel
      ? createEmbeddings({ url: llmUrl, model: embeddingModel, apiKey, directory: home, log })
      : undefined;
  let atOnce = 0;

  async function inTurn<T>(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (atOnce >= mostAtOnce) {
      throw new AppError('UNAVAILABLE', 'Too many search at the same time. Try again in a second', {
        retryAfterSeconds: 1,
      });
    }
    atOnce += 1;
    try {
      return await work(AbortSignal.any([signal, AbortSignal.timeout(longestMs)]));
    } finally {
      atOnce -= 1;
    }
  }

  async function reranked(question: string, hits: CodeHit[], signal: AbortSignal) {
    if (!embeddings) return { hits, semantic: { used: false, reason: null } };
    const passages = hits.map(({ passage, score }) => ({ text: passage, score }));
    const { scores, used, reason } = await embeddings.rerank(question, passages, signal);
    const scored = hits.map((hit, at) => ({ ...hit, score: scores[at] ?? hit.score }));
    return { hits: scored.sort((a, b) => b.score - a.score), semantic: { used, reason } };
  }

  return {
    async code({ query: text, project_id, limit, context, details }, signal) {
      const query = parseQuery(text);
      const chosen = await chooseProjects(project_id, query.projects);
      return inTurn(signal, async (signal) => {
        const isWordsOnly = query.literals.length + query.regexes.length === 0;
        const answer = await engine.search({
          query,
          projects: await withDirectories(chosen),
          limit: embeddings && isWordsOnly ? mostReranked : limit,
          contextLines: context,
          signal,
        });
        const asked = query.words.join(' ');
        const { hits, semantic } =
          isWordsOnly && asked !== ''
            ? await reranked(asked, answer.hits, signal)
            : { hits: answer.hits, semantic: { used: false, reason: null } };
        const byId = new Map(chosen.map((project) => [project.id, project]));
        return {
          data: hits.slice(0, limit).flatMap((hit) => {
            const project = byId.get(hit.projectId);
            return project ? [resultOf(hit, project, { context, details })] : [];
          }),
          truncated: answer.truncated || hits.length > limit,
          incomplete: (answer.incomplete ?? [])
            .slice(0, mostIncomplete)
            .map(({ projectId, reason }) => ({ project_id: projectId, reason })),
          index: sumOf(chosen.map(({ id }) => indexes.stateOf(id))),
          semantic,
        };
      });
    },

    async symbols({ id, query = '', kind = null, limit, offset = 0 }, signal) {
      const project = await projects.get(id);
      const directory = await projects.getDirectory(project).catch(() => project.path);
      return inTurn(signal, async (signal) => {
        const answer = await pool.ask(
          {
            kind: 'symbols',
            projectId: id,
            directory,
            indexFile: indexes.fileOf(id),
            query,
            definitionKind: kind,
            limit,
            offset,
          },
          { signal, timeoutMs: longestMs },
        );
        if (answer.kind === 'failed') throw answer.error;
        if (answer.kind === 'broken') {
          indexes.enqueue(id);
          throw new AppError(
            'UNAVAILABLE',
            'The index of this project is being made anew. Try again',
            {
              retryAfterSeconds: 5,
            },
          );
        }
        const { symbols, total } = answer.found as SymbolsFound;
        const items = symbols.map(({ name, kind, path: inProject, line, endLine }) => ({
          name,
          kind: kind as CodeSymbol['kind'],
          file: path.join(project.path, inProject),
          path: inProject,
          line,
          end_line: endLine,
        }));
        return { items, total };
      });
    },

    indexState: indexes.stateOf,
    start: indexes.start,
    async close() {
      await indexes.close();
      await pool.close();
      await embeddings?.close();
    },
  };

  async function chooseProjects(id: number | undefined, filter: Filter): Promise<KnownProject[]> {
    // Also so that one that does not exist is told so.
    if (id !== undefined) await projects.get(id);
    const all = await projects.listKnown();
    return all.filter(
      (project) => (id === undefined || project.id === id) && passes(filter, project),
    );
  }

  /** Those whose directory is there, with its links resolved. */
  async function withDirectories(chosen: KnownProject[]): Promise<SearchedProject[]> {
    const found = await Promise.all(
      chosen.map(async ({ id, name, path }) => {
        const directory = await projects.getDirectory({ path }).catch(() => undefined);
        return directory === undefined ? [] : [{ id, name, path: directory }];
      }),
    );
    return found.flat();
  }
}

/** By its number, or a part of its name. */
function passes({ any, not }: Filter, { id, name }: KnownProject): boolean {
  const fits = (wanted: string) =>
    String(id) === wanted || name.toLowerCase().includes(wanted.toLowerCase());
  return (any.length === 0 || any.some(fits)) && !not.some(fits);
}

function resultOf(
  hit: CodeHit,
  project: KnownProject,
  { context, details }: Pick<CodeInput, 'context' | 'details'>,
): CodeResult {
  const { definition } = hit;
  return {
    file: path.join(project.path, hit.path),
    path: hit.path,
    project_id: project.id,
    project_name: project.name,
    line: hit.line,
    content: hit.content,
    relevance_score: hit.score,
    ...(details && {
      definition: definition && {
        name: definition.name,
        kind: definition.kind as CodeSymbol['kind'],
        line: definition.line,
        end_line: definition.endLine,
      },
      ranges: hit.ranges,
    }),
    ...(context > 0 && { before: hit.before, after: hit.after }),
  };
}

function sumOf(states: IndexState[]): CodeResults['index'] {
  const count = (...wanted: IndexState['status'][]) =>
    states.filter(({ status }) => wanted.includes(status)).length;
  return {
    ready: count('ready'),
    building: count('building', 'queued'),
    failed: count('failed'),
    files_done: states.reduce((sum, { files_done }) => sum + files_done, 0),
    files_total: states.reduce((sum, { files_total }) => sum + files_total, 0),
  };
}
