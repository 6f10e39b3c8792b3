import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WordMatch } from '@borgos/contracts/project-search';
import type { Concepts } from './concepts.ts';
import { findTerms, type Term } from './find-terms.ts';
import {
  fieldBits,
  fieldWeights,
  type SearchedProject,
  worthOfFields,
} from './project-document.ts';
import type { ProjectIndex } from './project-index.ts';
import { queryWords, wordsOfName } from './words.ts';

export interface RankedProject {
  project: SearchedProject;
  /** 0 to 1. */
  score: number;
  /** The best first; `null` unless asked for. */
  explanation: WordMatch[] | null;
}

export interface Ranking {
  index: ProjectIndex;
  concepts: Concepts;
  /** The usual name of a technology: `k8s` is `kubernetes`. */
  technologyKey: (name: string) => string;
}

interface AskedWord {
  word: string;
  weight: number;
  terms: Term[];
}

/** What is below has hardly anything of what was asked for. */
const leastScore = 0.12;
const mostExplained = 50;
/** How much of the score is for what fits, and how much for a name that says nothing else. */
const shares = { words: 0.93, name: 0.07 };

/** The projects that fit a query, the best first; equal ones by name and id. */
export async function rankProjects(
  { index, concepts, technologyKey }: Ranking,
  {
    query,
    limit,
    includeInactive,
    explain,
  }: {
    query: string;
    limit: number;
    includeInactive: boolean;
    explain: boolean;
  },
): Promise<RankedProject[]> {
  const asked = await askedWords(index, query, technologyKey);
  const total = asked.reduce((sum, { weight }) => sum + weight, 0);
  const sums = new Map<number, number>();
  for (const { weight, terms } of asked) {
    await nextTurn();
    for (const [id, worth] of worthOfWord(index, terms)) {
      sums.set(id, (sums.get(id) ?? 0) + (weight * worth) / total);
    }
  }
  const words = new Set(asked.map(({ word }) => word));
  const ranked: RankedProject[] = [];
  for (const [id, sum] of sums) {
    const project = index.projects.get(id);
    if (!project || (!project.is_active && !includeInactive)) continue;
    const score = rounded(shares.words * sum + shares.name * nameShare(project.name, words));
    if (score >= leastScore) ranked.push({ project, score, explanation: null });
  }
  ranked.sort(
    (a, b) =>
      b.score - a.score || compare(a.project.name, b.project.name) || a.project.id - b.project.id,
  );
  const best = ranked.slice(0, limit);
  if (!explain) return best;
  return best.map((entry) => ({
    ...entry,
    explanation: explanationOf(index, entry.project, asked, total, concepts),
  }));
}

async function askedWords(
  index: ProjectIndex,
  query: string,
  technologyKey: (name: string) => string,
): Promise<AskedWord[]> {
  const words = queryWords(query);
  const asked: AskedWord[] = [];
  for (const [at, { word, weight }] of words.entries()) {
    const before = words[at - 1]?.word;
    const after = words[at + 1]?.word;
    const joined = [before && before + word, after && word + after].filter(
      (whole) => whole !== undefined,
    );
    // Thousands of words are looked at for each.
    if (at > 0) await nextTurn();
    const terms = findTerms(index, word, { joined, alias: technologyKey(word) });
    asked.push({ word, terms, weight: weight * rarity(index, terms) });
  }
  return asked;
}

/** 0.5 for what every project has, 1 for what one has; what none has is not held against all. */
function rarity(index: ProjectIndex, terms: readonly Term[]): number {
  const having = Math.max(
    0,
    ...terms
      .filter(({ how }) => how === 'exact' || how === 'stem')
      .map(({ term }) => index.postings.get(term)?.size ?? 0),
  );
  if (having === 0) return 0.75;
  const projects = index.projects.size;
  return 1 - 0.5 * (Math.log(having) / Math.log(projects + 1));
}

/** By project: of the terms that it has, the one that is worth most. */
function worthOfWord(index: ProjectIndex, terms: readonly Term[]): Map<number, number> {
  const best = new Map<number, number>();
  for (const { term, nearness } of terms) {
    for (const [id, mask] of index.postings.get(term) ?? []) {
      const worth = nearness * (worthOfFields[mask] ?? 0);
      if (worth > (best.get(id) ?? 0)) best.set(id, worth);
    }
  }
  return best;
}

/** How much of a name was asked for. */
function nameShare(name: string, words: ReadonlySet<string>): number {
  const all = wordsOfName(name);
  const parts = all.length > 1 ? all.slice(0, -1) : all;
  if (words.has(all.at(-1) ?? '')) return 1;
  return parts.filter((part) => words.has(part)).length / Math.max(1, parts.length);
}

function explanationOf(
  index: ProjectIndex,
  project: SearchedProject,
  asked: readonly AskedWord[],
  total: number,
  concepts: Concepts,
): WordMatch[] {
  const reasons = concepts(project);
  const matches = asked.flatMap(({ word, weight, terms }) =>
    terms.flatMap(({ term, how, nearness }): WordMatch[] => {
      const mask = index.postings.get(term)?.get(project.id) ?? 0;
      return fieldBits
        .filter(([, bit]) => (mask & bit) !== 0)
        .map(([field]) => ({
          word,
          field,
          term,
          how,
          because: field === 'implied' ? (reasons.get(term) ?? null) : null,
          score: rounded((shares.words * weight * nearness * fieldWeights[field]) / total),
        }));
    }),
  );
  return matches
    .sort((a, b) => b.score - a.score || compare(a.term, b.term))
    .slice(0, mostExplained);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function rounded(score: number): number {
  return Math.round(Math.min(1, score) * 10_000) / 10_000;
}
