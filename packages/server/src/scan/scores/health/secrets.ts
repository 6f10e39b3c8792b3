import { type Check, notApplicable, scored, seen } from '../check.ts';
import { belongsToTests } from '../is-test-file.ts';
import type { FaultFact, ScanFacts } from '../scan-facts.ts';
import { counted } from '../wording.ts';

const head = { id: 'secrets', title: 'No secrets in files', max: 10 };

/** What one that only looks like a secret costs: those of tests are mostly made up. */
const suspected = 0.25;
const suspectedInTests = 0.05;

/** See `FaultFact`: its form alone proves it. */
export function listVerifiedSecrets({ faults }: ScanFacts): FaultFact[] {
  return faults.filter(({ type, severity }) => type === 'secret' && severity === 'critical');
}

export const secrets: Check = (facts) => {
  if (facts.files.length === 0) return notApplicable(head, 'There are no files to look into.');
  const verified = listVerifiedSecrets(facts);
  const looking = facts.faults
    .filter(({ type, severity }) => type === 'secret' && severity !== 'critical')
    .map((fault) => ({ fault, cost: belongsToTests(fault.file) ? suspectedInTests : suspected }))
    .sort((a, b) => b.cost - a.cost);
  const cost = looking.reduce((sum, one) => sum + one.cost, 0);
  const found = [...verified, ...looking.map(({ fault }) => fault)];
  return scored(head, {
    part: verified.length > 0 ? 0 : 1 - cost,
    evidence: found.map(({ file, line, message }) => seen(file, message, line)),
    why:
      found.length === 0
        ? 'No file has what looks like a secret.'
        : `${counted(verified.length, 'verified secret')} and ${counted(looking.length, 'string that looks like one', 'strings that look like one')} were found.`,
    fix:
      verified.length > 0
        ? 'Revoke the secrets where they were issued, as whoever has the files has them, and read them from the environment.'
        : 'Read these values from the environment or a secret store, and revoke those that are real.',
  });
};
