import type { Scan } from '@borgos/contracts/scans';

const compared = [
  'health_score',
  'vibe_score',
  'eco_score',
  'lines_of_code',
  'errors_found',
  'files_found',
  'commit',
] as const;

type Compared = Pick<Scan, (typeof compared)[number]>;

/** What is different from the scan before. */
export function changesBetween(before: Compared, after: Compared): NonNullable<Scan['changes']> {
  return compared
    .filter((what) => before[what] !== after[what])
    .map((what) => ({ what, before: before[what], after: after[what] }));
}
