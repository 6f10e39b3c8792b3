import { AppError } from '../../errors.ts';
import { type PostAnswer, PostFailure, postJson } from '../../post-json.ts';
import type { CodeAnswer, CodeEngine, CodeHit, CodeQuery } from '../code-engine.ts';
import { presentHits } from './present-hits.ts';
import { createRepositoryLookup } from './repositories.ts';
import { hitsOfFile } from './to-hits.ts';
import { type ZoektAnswer, zoektAnswer, zoektRefusal } from './zoekt-answer.ts';
import { zoektQuery } from './zoekt-query.ts';

/** What Zoekt may take by itself, and with everything around. */
const searchMs = 2_000;
const totalMs = 4_000;
/** Parsing more would hold up everybody else. */
const mostBytes = 4 * 1024 ** 2;
/** Lines around a hit, from which its meaning is taken. */
const passageLines = 6;
/** Several hits are in one file, and some are left out. */
const matchesPerHit = 3;

/**
 * Searches code with a `zoekt-webserver -rpc`. Its repositories have to be called as projects are,
 * or as their folders: `zoekt-index` does that by itself, and `zoekt-git-index` with
 * `git config zoekt.name <name>`; folders before the name do not matter, as in
 * `github.com/acme/shop`. What fits no project that is asked for is left out.
 * @param url such as `http://localhost:6070`
 */
export function createZoektEngine({
  url,
  log,
}: {
  url: string;
  log: { warn(fields: object, message: string): void };
}): CodeEngine {
  const address = `${url.replace(/\/+$/, '')}/api/search`;

  async function ask(Q: string, options: object, signal: AbortSignal): Promise<PostAnswer> {
    const within = AbortSignal.timeout(totalMs);
    try {
      return await postJson(address, {
        body: { Q, Opts: options },
        mostBytes,
        signal: AbortSignal.any([signal, within]),
      });
    } catch (error) {
      signal.throwIfAborted();
      if (within.aborted) throw unavailable(`does not answer within ${totalMs / 1000} s`, error);
      if (error instanceof PostFailure && error.kind !== 'too_large') {
        throw unavailable(error.message, error);
      }
      throw error;
    }
  }

  /** A file of one endless line makes an answer huge: then with less around each hit. */
  async function askOrLess(Q: string, options: ZoektOptions, signal: AbortSignal) {
    try {
      return await ask(Q, options, signal);
    } catch (error) {
      if (!(error instanceof PostFailure)) throw error;
      const less = { ...options, NumContextLines: 0, MaxDocDisplayCount: 10 };
      return ask(Q, { ...less, MaxMatchDisplayCount: 20 }, signal).catch((again: unknown) => {
        throw again instanceof PostFailure ? unavailable(again.message, again) : again;
      });
    }
  }

  return {
    async search(question) {
      const { limit, contextLines, signal } = question;
      const asked = askedProjects(question);
      const Q = zoektQuery(question.query, asked);
      if (Q === null || asked.length === 0) return { hits: [], truncated: false };
      const options: ZoektOptions = {
        MaxWallTime: searchMs * 1_000_000,
        MaxDocDisplayCount: limit,
        MaxMatchDisplayCount: limit * matchesPerHit,
        NumContextLines: Math.max(contextLines, passageLines),
        UseBM25Scoring: true,
      };
      const answer = await askOrLess(Q, options, signal);
      const { Result } = parsed(answer);
      const { Crashes: crashes, Files: files } = Result;
      if (crashes > 0) {
        log.warn({ crashes, projects: asked.length }, 'zoekt could not search all');
        if (!files?.length) throw unavailable('failed at the search; its own log says why');
      }
      const { hits, truncated } = answerOf(Result, question, asked);
      return { hits: await presentHits(hits, asked, question), truncated };
    },
  };
}

interface ZoektOptions {
  /** In nanoseconds. */
  MaxWallTime: number;
  MaxDocDisplayCount: number;
  MaxMatchDisplayCount: number;
  NumContextLines: number;
  UseBM25Scoring: boolean;
}

/** `project:` by a part of the name; what the caller has chosen already stays chosen. */
function askedProjects({ projects, query }: CodeQuery) {
  const { any, not } = query.projects;
  const has = (name: string, part: string) => name.toLowerCase().includes(part.toLowerCase());
  return projects.filter(
    ({ name }) =>
      (any.length === 0 || any.some((part) => has(name, part))) &&
      !not.some((part) => has(name, part)),
  );
}

function parsed({ status, body }: PostAnswer): ZoektAnswer {
  if (status === 400) {
    const said = zoektRefusal.safeParse(body).data?.Error.slice(0, 300) ?? '';
    throw new AppError(
      'VALIDATION_FAILED',
      `Zoekt does not understand the search: ${said}. It takes regular expressions as Go does, without look-around and back references.`,
    );
  }
  if (status === 404) {
    throw unavailable('has no API for searches: start zoekt-webserver with -rpc');
  }
  if (status !== 200) throw unavailable(`answers with status ${status}`);
  const answer = zoektAnswer.safeParse(body);
  if (!answer.success) throw unavailable('answers with something else than results');
  return answer.data;
}

function answerOf(
  result: ZoektAnswer['Result'],
  question: CodeQuery,
  asked: CodeQuery['projects'],
): CodeAnswer {
  const projectOf = createRepositoryLookup(asked);
  const files = result.Files ?? [];
  const hits = files.flatMap((file): CodeHit[] => {
    const project = projectOf(file.Repository);
    return project ? hitsOfFile(file, project, question) : [];
  });
  // A stable sort: what Zoekt has put first stays first among equals.
  hits.sort((a, b) => b.score - a.score);
  const skipped = result.FilesSkipped + result.ShardsSkipped + result.Crashes > 0;
  return {
    hits: hits.slice(0, question.limit),
    truncated: skipped || hits.length > question.limit || result.FileCount > files.length,
  };
}

function unavailable(what: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', `The Zoekt server (BORGOS_ZOEKT_URL) ${what}`, { cause });
}
