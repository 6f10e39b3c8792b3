import type { ExplainedScore } from '@borgos/contracts/scans';
import { cadence, maintained, recency } from './activity.ts';
import type { Check } from './check.ts';
import { duplicateVersions, leanDependencies } from './eco/dependencies.ts';
import { image } from './eco/image.ts';
import { languageEnergy } from './eco/language-energy.ts';
import { limits } from './eco/limits.ts';
import { pipelineWaste } from './eco/pipeline-waste.ts';
import { binaryWeight, trackedArtefacts } from './eco/tracked-weight.ts';
import { explainScore } from './explain-score.ts';
import { coverage } from './health/coverage.ts';
import { hygiene } from './health/hygiene.ts';
import { lockfile, unpinned } from './health/locked-versions.ts';
import { pipeline } from './health/pipeline.ts';
import { licence, readme } from './health/readme-and-licence.ts';
import { secrets } from './health/secrets.ts';
import { syntax } from './health/syntax.ts';
import { vulnerabilities } from './health/vulnerabilities.ts';
import { healthCap } from './health-cap.ts';
import type { ScanFacts } from './scan-facts.ts';
import { testsCheck } from './tests-check.ts';
import { agentInstructions } from './vibe/agent-instructions.ts';
import { smallFiles, todos } from './vibe/code-shape.ts';
import { formatter, linter } from './vibe/code-style.ts';
import { contributingAndDocs, readmeQuality } from './vibe/documentation.ts';
import { runCommand } from './vibe/run-command.ts';
import { types } from './vibe/types.ts';

/** Each list is worth 100 points in all. */
const health: readonly Check[] = [
  syntax,
  testsCheck(15),
  coverage,
  pipeline,
  vulnerabilities,
  secrets,
  lockfile,
  unpinned,
  readme,
  licence,
  hygiene,
  maintained,
];

const vibe: readonly Check[] = [
  recency,
  cadence,
  readmeQuality,
  contributingAndDocs,
  testsCheck(10),
  linter,
  formatter,
  types,
  runCommand,
  agentInstructions,
  smallFiles,
  todos,
];

const eco: readonly Check[] = [
  leanDependencies,
  trackedArtefacts,
  binaryWeight,
  image,
  limits,
  pipelineWaste,
  languageEnergy,
  duplicateVersions,
];

export interface Scores {
  /** Scores of one version can be compared; it grows when a formula changes. */
  formula_version: 1;
  health: ExplainedScore;
  vibe: ExplainedScore;
  /** A proxy for efficiency from what is in the files: not a measurement of energy. */
  eco: ExplainedScore;
}

/** How sound, alive and lean a project is, and why. Pure: it reads nothing but its arguments. */
export function scoreProject(facts: ScanFacts, now: Date): Scores {
  const explain = (checks: readonly Check[], cap: ExplainedScore['cap']) =>
    explainScore(
      checks.map((check) => check(facts, now)),
      cap,
    );
  return {
    formula_version: 1,
    health: explain(health, healthCap(facts)),
    vibe: explain(vibe, null),
    eco: explain(eco, null),
  };
}
