import type { ScoreCheck } from '@borgos/contracts/scans';
import type { ScanFacts } from '../scan-facts.ts';
import { scoreProject } from '../score-project.ts';
import { now } from './example-facts.ts';

export function checkOf(kind: 'health' | 'vibe' | 'eco', id: string, facts: ScanFacts): ScoreCheck {
  const check = scoreProject(facts, now)[kind].checks.find((one) => one.id === id);
  if (!check) throw new Error(`There is no check ${id} in ${kind}`);
  return check;
}
