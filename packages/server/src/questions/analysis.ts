import type { ProjectScores, ScoreCheck } from '@borgos/contracts/scans';
import { AppError } from '../errors.ts';
import type { Asking, Project } from './asking.ts';

const kinds = {
  health: /\b(?:health|quality|tests?|errors?|broken|fix)\b/i,
  dependencies: /\b(?:dependenc|packages?|librar|outdated|lock ?file|versions?)/i,
  security: /\b(?:secur|secrets?|vulnerab|leak|credential|safe)/i,
} as const;

type Kind = keyof typeof kinds | 'general';

/** Which checks belong to what is asked about. */
const checksOf: Record<Exclude<Kind, 'general' | 'health'>, RegExp> = {
  dependencies: /dependenc|lock|vulnerab|duplicate|version/i,
  security: /secret|vulnerab|artefact|gitignore/i,
};

interface Finding {
  title: string;
  severity: string;
  why: string;
  fix: string | null;
}

export interface Analysis {
  analysis: Kind;
  project: { id: number; name: string };
  facts: Record<string, unknown>;
  /** The gravest first. */
  findings: Finding[];
  summary: string;
}

/**
 * What a project's last scan says about its health, dependencies or security, or all of it.
 * @throws AppError UNPROCESSABLE where it has not been scanned
 */
export async function analyse(question: string, ask: Asking): Promise<Analysis> {
  const kind = kindOf(question);
  const project = await ask.project(projectNamedIn(question));
  if (!project.last_scan_at) {
    throw new AppError(
      'UNPROCESSABLE',
      `${project.name} has not been scanned yet, so nothing is known of it: POST /api/v1/projects/${project.id}/scan, then ask again`,
    );
  }
  // As the contract of this endpoint says.
  const scores = (await ask.run('get_scores', { id: project.id })) as ProjectScores;
  const findings = [...faults(kind, project), ...lacks(kind, scores)];
  return {
    analysis: kind,
    project: { id: project.id, name: project.name },
    facts: factsOf(kind, project),
    findings: findings.slice(0, 20),
    summary: summaryOf(kind, project, findings),
  };
}

function kindOf(question: string): Kind {
  const matching = Object.entries(kinds).filter(([, words]) => words.test(question));
  const [first] = matching;
  return first && matching.length === 1 ? (first[0] as Kind) : 'general';
}

function projectNamedIn(question: string): string | undefined {
  return (
    /\bproject ["'`]?([\w.-]+)["'`]?/i.exec(question)?.[1] ??
    /["'`]([\w. -]+)["'`]/.exec(question)?.[1]
  );
}

/** What is wrong in a file. */
function faults(kind: Kind, { errors }: Project): Finding[] {
  return errors
    .filter(({ type }) => kind === 'general' || kind === 'health' || isAbout(kind, type))
    .slice(0, 10)
    .map(({ type, severity, file, line, message }) => ({
      title: `${type}: ${file}${line ? `:${line}` : ''}`,
      severity,
      why: message,
      fix: null,
    }));
}

function isAbout(kind: 'dependencies' | 'security', type: string): boolean {
  return kind === 'security' ? /secret/.test(type) : /manifest/.test(type);
}

/** What checks found missing, that which costs most first. */
function lacks(kind: Kind, { health, vibe, eco }: ProjectScores): Finding[] {
  const checks = [health, ...(kind === 'health' ? [] : [vibe, eco])].flatMap(
    ({ checks }) => checks,
  );
  const lost = ({ max, points }: ScoreCheck) => max - points;
  return checks
    .filter(({ status }) => status === 'fail' || status === 'partial')
    .filter(({ id, title }) =>
      kind === 'general' || kind === 'health' ? true : checksOf[kind].test(`${id} ${title}`),
    )
    .toSorted((a, b) => lost(b) - lost(a))
    .map((check) => ({
      title: check.title,
      severity: lost(check) >= 10 ? 'error' : 'warning',
      why: check.why,
      fix: check.fix,
    }));
}

function factsOf(kind: Kind, project: Project): Record<string, unknown> {
  const { health_score, vibe_score, eco_score, metadata, tech_stack, project_type } = project;
  const {
    lines_of_code,
    test_coverage,
    dependencies,
    errors_found,
    package_managers,
    git,
    languages,
  } = metadata;
  const dependencyFacts = { dependencies, package_managers };
  if (kind === 'dependencies') return dependencyFacts;
  if (kind === 'security') return { health_score, errors_found };
  const healthFacts = { health_score, test_coverage, errors_found, lines_of_code };
  if (kind === 'health') return healthFacts;
  return {
    project_type,
    tech_stack,
    ...healthFacts,
    vibe_score,
    eco_score,
    ...dependencyFacts,
    languages,
    git,
    deployments: project.deployments,
  };
}

function summaryOf(kind: Kind, project: Project, findings: Finding[]): string {
  const { name, health_score, vibe_score, eco_score } = project;
  const scored =
    kind === 'general'
      ? `health ${health_score}, vibe ${vibe_score}, eco ${eco_score} of 100`
      : `health ${health_score} of 100`;
  const [first] = findings;
  const found = first
    ? `${findings.length} finding${findings.length === 1 ? '' : 's'}, first of all: ${first.title} (${first.why})`
    : 'nothing found';
  return `${name}: ${scored}; ${found}.`;
}
