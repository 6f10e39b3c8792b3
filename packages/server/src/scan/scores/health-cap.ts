import type { ExplainedScore } from '@borgos/contracts/scans';
import { shareOf } from './check.ts';
import { listVerifiedSecrets } from './health/secrets.ts';
import type { ScanFacts } from './scan-facts.ts';
import { counted, percentage } from './wording.ts';

/** What outweighs all that is earned elsewhere: the lowest of what applies. */
const broken = 49;
const leaked = 59;
const mostBad = 0.05;

export function healthCap(facts: ScanFacts): ExplainedScore['cap'] {
  const conflicts = new Set(
    facts.faults.filter(({ type }) => type === 'conflict').map(({ file }) => file),
  );
  if (conflicts.size > 0) {
    return {
      at: broken,
      why: `${counted(conflicts.size, 'file')} still ${conflicts.size === 1 ? 'has' : 'have'} the markers of a merge conflict.`,
    };
  }
  const bad = shareOf(facts.bad_files, facts.parsed_files);
  if (bad > mostBad) {
    return {
      at: broken,
      why: `${percentage(bad)} of the files have syntax errors, more than ${percentage(mostBad)}.`,
    };
  }
  const secrets = listVerifiedSecrets(facts).length;
  if (secrets > 0) {
    return { at: leaked, why: `${counted(secrets, 'verified secret')} can be read in the files.` };
  }
  return null;
}
