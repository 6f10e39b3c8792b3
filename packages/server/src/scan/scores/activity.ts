import { type Check, type Evidence, lin, notApplicable, scored, seen } from './check.ts';
import type { GitFact } from './scan-facts.ts';
import { counted } from './wording.ts';

const maintainedHead = { id: 'maintained', title: 'Maintained', max: 5 };
const recencyHead = { id: 'recency', title: 'Worked on lately', max: 15 };
const cadenceHead = { id: 'cadence', title: 'Worked on steadily', max: 15 };

const dayMs = 86_400_000;
const noCommit = 'There is no commit to tell the time from.';

/** In days: up to the first all is earned, from the second on nothing. */
const fresh = 90;
const abandoned = 730;

export const maintained: Check = ({ git }, now) => {
  const days = daysSinceCommit(git, now);
  if (days === undefined) return notApplicable(maintainedHead, noCommit);
  return scored(maintainedHead, {
    part: 1 - lin(days, fresh, abandoned),
    evidence: lastCommit(git),
    why: `The last commit is ${age(days)} old; up to ${fresh} days earn all, ${abandoned} and more nothing.`,
    fix: 'Look after it again: update its dependencies, and commit.',
  });
};

/** In days. */
const halfLife = 60;

export const recency: Check = ({ git }, now) => {
  const days = daysSinceCommit(git, now);
  if (days === undefined) return notApplicable(recencyHead, noCommit);
  return scored(recencyHead, {
    part: 0.5 ** (days / halfLife),
    evidence: lastCommit(git),
    why: `The last commit is ${age(days)} old; the points halve every ${halfLife} days.`,
    fix: `Commit: a commit of today earns all, until ${halfLife} days later half is left.`,
  });
};

const weeks = 12;
const enoughWeeks = 8;

export const cadence: Check = ({ git }) => {
  if (!git?.commit) return notApplicable(cadenceHead, noCommit);
  const active = Math.min(weeks, git.active_weeks);
  return scored(cadenceHead, {
    part: lin(active, 0, enoughWeeks),
    evidence: [seen(null, `${active} of ${weeks} weeks with commits`)],
    why: `Something was committed in ${active} of the last ${weeks} weeks; ${enoughWeeks} earn all.`,
    fix: `Commit in ${counted(Math.max(1, enoughWeeks - active), 'more week')} out of ${weeks}: small steps, often.`,
  });
};

/** Below 0 where the clock of who committed is ahead, which is as good as 0. */
function daysSinceCommit(git: GitFact | null, now: Date): number | undefined {
  if (!git?.committed_at) return undefined;
  const days = (now.getTime() - git.committed_at.getTime()) / dayMs;
  return Number.isNaN(days) ? undefined : days;
}

function lastCommit(git: GitFact | null): Evidence[] {
  if (!git?.committed_at) return [];
  const day = git.committed_at.toISOString().slice(0, 10);
  return [seen(null, git.commit ? `${git.commit.slice(0, 12)}, ${day}` : day)];
}

function age(days: number): string {
  return days < 1 ? 'less than a day' : counted(Math.floor(days), 'day');
}
