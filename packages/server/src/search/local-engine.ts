import type { AskPool } from './ask/ask-pool.ts';
import { AskTimeout } from './ask/ask-pool.ts';
import type { CodeFound } from './ask/ask-request.ts';
import type { CodeEngine, CodeHit, CodeQuery, SearchedProject } from './code-engine.ts';
import type { Indexes } from './indexes.ts';

/** Of one project: for looking through files, and until its thread is ended. */
const patienceMs = 3_000;
const timeoutMs = 5_000;

/** Answers from the indexes that BorgOS keeps itself, all projects side by side. */
export function createLocalEngine({
  pool,
  indexes,
  ripgrep,
}: {
  pool: AskPool;
  indexes: Pick<Indexes, 'fileOf' | 'enqueue'>;
  ripgrep: string | null;
}): CodeEngine {
  async function searchOne(question: CodeQuery, project: SearchedProject): Promise<CodeFound> {
    const { query, limit, contextLines, signal } = question;
    try {
      const answer = await pool.ask(
        {
          kind: 'code',
          projectId: project.id,
          directory: project.path,
          indexFile: indexes.fileOf(project.id),
          query,
          limit,
          contextLines,
          ripgrep,
          patienceMs,
        },
        { signal, timeoutMs },
      );
      if (answer.kind === 'found') return answer.found as CodeFound;
      if (answer.kind === 'failed') throw answer.error;
      // It is made anew, and complete again in a while.
      indexes.enqueue(project.id);
      return nothing('its index was damaged, and is being made anew');
    } catch (error) {
      if (!(error instanceof AskTimeout)) throw error;
      return nothing(`${error.message}: ask for something simpler`);
    }
  }

  return {
    async search(question) {
      const found = await Promise.all(
        question.projects.map(async (project) => ({
          project,
          found: await searchOne(question, project),
        })),
      );
      const hits = found.flatMap(({ found }) => found.hits).sort(byScore);
      return {
        hits: hits.slice(0, question.limit),
        truncated: hits.length > question.limit || found.some(({ found }) => found.truncated),
        incomplete: found.flatMap(({ project, found: { incomplete } }) =>
          incomplete === null ? [] : [{ projectId: project.id, reason: incomplete }],
        ),
      };
    },
  };
}

function nothing(reason: string): CodeFound {
  return { hits: [], truncated: false, incomplete: reason };
}

/** Of equal ones, always in the same order. */
function byScore(a: CodeHit, b: CodeHit): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.projectId !== b.projectId) return a.projectId - b.projectId;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line;
}
