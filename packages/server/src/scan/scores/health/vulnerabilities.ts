import { type Check, notApplicable, scored, seen } from '../check.ts';
import type { VulnerabilityFact } from '../scan-facts.ts';
import { counted, listed } from '../wording.ts';

const head = { id: 'vulnerabilities', title: 'Known vulnerabilities', max: 10 };

/** What one costs, as a share of the points. */
const cost: Record<VulnerabilityFact['severity'], number> = {
  critical: 1,
  high: 0.5,
  moderate: 0.2,
  low: 0.1,
};
const severities = ['critical', 'high', 'moderate', 'low'] as const;

export const vulnerabilities: Check = ({ vulnerabilities: known }) => {
  if (!known) {
    return notApplicable(head, 'This machine has no database of vulnerabilities to look into.');
  }
  const sorted = [...known].sort((a, b) => cost[b.severity] - cost[a.severity]);
  const counts = severities
    .map((severity) => ({
      severity,
      count: sorted.filter((one) => one.severity === severity).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}`);
  const mendable = sorted.filter(({ fixed_in }) => fixed_in !== null);
  const packages = [...new Set(mendable.map((one) => `${one.package} to ${one.fixed_in}`))];
  return scored(head, {
    part: 1 - sorted.reduce((sum, { severity }) => sum + cost[severity], 0),
    evidence: sorted.map((one) =>
      seen(one.file, `${one.severity}: ${one.package} ${one.version}, ${one.id}`),
    ),
    why:
      sorted.length === 0
        ? 'No dependency has a known vulnerability.'
        : `The dependencies have ${counted(sorted.length, 'known vulnerability', 'known vulnerabilities')}: ${counts.join(', ')}.`,
    fix:
      packages.length > 0
        ? `Update ${listed(packages)}.`
        : 'Replace or remove these packages: no version without the vulnerability is known.',
  });
};
