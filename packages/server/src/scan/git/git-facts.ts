import { existsSync } from 'node:fs';
import path from 'node:path';
import { readProjectRules } from '../walk/project-rules.ts';
import { readRegularFile, reasonOf } from '../walk/read-regular-file.ts';
import type { UserFolders } from '../walk/user-ignore-file.ts';
import { compareTrackedFiles } from './compare-tracked-files.ts';
import { remoteAddress } from './remote-address.ts';
import type { Repository } from './repository.ts';
import { createRunGit, type RunGit } from './run-git.ts';

const weekSeconds = 7 * 86_400;
const weeks = 12;
const recentDays = 90;
const mostRecentCommits = 100_000;
/** What a clock may be ahead of ours. */
const skewSeconds = 86_400;

/** What git knows of a project; `null` where there is nothing to know, or `problem` says why. */
export interface GitFacts {
  /** `null` with a detached HEAD. */
  branch: string | null;
  /** `null` before the first commit. */
  commit: string | null;
  /** When the commit was made (not written): ISO 8601, UTC. */
  committed_at: string | null;
  /** A tracked file differs from the commit. Files that are not tracked do not count. */
  is_dirty: boolean | null;
  /** In how many of the last 12 weeks there is a commit. */
  active_weeks: number | null;
  commits_90d: number | null;
  /** Without user, password and tokens. */
  remote: string | null;
  /** Where the line of first parents begins: the same in each clone that is not shallow. */
  root_commit: string | null;
  is_shallow: boolean;
  /** In the directory, submodules not counted. */
  tracked_files: number | null;
  /** Why some of this is `null`. */
  problem: string | null;
}

export interface GitFactsOptions {
  /** For all of it. Default: 20,000. */
  timeoutMs?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Where `git` is looked for, as in `PATH`. */
  searchPath?: string | undefined;
  user?: UserFolders;
}

/**
 * What git knows of the project in a directory; `null` if that is not in a repository, or ignored
 * by the one around it. Nothing that the repository names is run, and nothing is written.
 */
export async function readGitFacts(
  directory: string,
  { timeoutMs = 20_000, now = Date.now, searchPath, user }: GitFactsOptions = {},
): Promise<GitFacts | null> {
  const deadline = performance.now() + timeoutMs;
  const remainingMs = () => deadline - performance.now();
  const rules = { user, onUnreadable: () => undefined, onWork: () => undefined };
  const { repository } = readProjectRules(directory, rules);
  if (!repository) return null;
  const isShallow = existsSync(path.join(repository.commonDirectory, 'shallow'));
  const facts: GitFacts = {
    branch: readBranch(repository),
    commit: null,
    committed_at: null,
    is_dirty: null,
    active_weeks: null,
    commits_90d: null,
    remote: remoteAddress(repository.config),
    root_commit: null,
    is_shallow: isShallow,
    tracked_files: null,
    problem: null,
  };
  const run = createRunGit(repository, { searchPath, remainingMs });
  const git: RunGit = async (...command) => {
    const answer = await run(...command);
    facts.problem ??= answer.problem ?? null;
    return answer;
  };

  // Quiet, since before the first commit this is no problem.
  const head = await git('rev-parse', '--quiet', '--verify', 'HEAD^{commit}');
  if (head.code === 0) {
    facts.commit = head.output.trim();
    await readHistory(facts, git, Math.floor(now() / 1_000));
  } else if (head.code === 1 && facts.problem === null) {
    Object.assign(facts, { active_weeks: 0, commits_90d: 0 });
  }
  try {
    const compared = compareTrackedFiles(repository, () => remainingMs() > 0);
    facts.tracked_files = compared.trackedFiles;
    if (compared.hasChanges) facts.is_dirty = true;
    else {
      const isStaged = await differsFromCommit(facts, git, compared.trackedFiles);
      facts.is_dirty = isStaged || (compared.hasChanges === undefined ? null : isStaged);
    }
  } catch (error) {
    facts.problem ??= reasonOf(error);
  }
  return facts;
}

async function readHistory(facts: GitFacts, git: RunGit, now: number): Promise<void> {
  const commit = facts.commit ?? '';
  const last = await git('rev-list', '--max-count=1', '--timestamp', commit, '--');
  facts.committed_at = isoTime(Number(last.output.split(' ')[0] || Number.NaN));
  const since = now - recentDays * 86_400;
  const recent = await git(
    'rev-list',
    '--timestamp',
    `--max-age=${since}`,
    `--max-count=${mostRecentCommits}`,
    commit,
    '--',
  );
  if (recent.code === 0) {
    const times = recent.output
      .split('\n')
      .slice(0, -1)
      .map((line) => Number(line.split(' ')[0]))
      .filter((time) => time <= now + skewSeconds);
    facts.commits_90d = times.length;
    const active = times.map((time) => Math.max(0, Math.floor((now - time) / weekSeconds)));
    facts.active_weeks = new Set(active.filter((week) => week < weeks)).size;
  }
  // Where a clone is cut off looks like a beginning, and is none.
  if (facts.is_shallow) return;
  const root = await git('rev-list', '--first-parent', '--max-parents=0', commit, '--');
  facts.root_commit = root.output.trim().split('\n')[0] || null;
}

/** Whether the index is another one than the commit. Compares hashes only: no file is read. */
async function differsFromCommit(
  facts: GitFacts,
  git: RunGit,
  trackedFiles: number,
): Promise<boolean | null> {
  if (!facts.commit) return facts.problem === null ? trackedFiles > 0 : null;
  const { code } = await git(
    'diff-index',
    '--cached',
    '--quiet',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules',
    facts.commit,
    '--',
  );
  if (code === 0) return false;
  return code === 1 ? true : null;
}

function readBranch(repository: Repository): string | null {
  try {
    const head = readRegularFile(path.join(repository.gitDirectory, 'HEAD'), 65_536)?.toString();
    return /^ref:\s*refs\/heads\/(.{1,255})$/.exec(head?.trim() ?? '')?.[1] ?? null;
  } catch {
    return null;
  }
}

function isoTime(seconds: number): string | null {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
