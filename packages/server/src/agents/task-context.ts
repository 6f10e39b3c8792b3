import type { ErrorGroup, LoggedError } from '@borgos/contracts/error-log';
import type { Project } from '@borgos/contracts/projects';
import type { Deployments } from '../deployments/deployments.ts';
import type { ErrorLog } from '../error-log/error-log.ts';
import { AppError } from '../errors.ts';
import type { Projects } from '../projects/projects.ts';
import type { TaskRow } from './store.ts';

export interface TaskContext {
  /** All that an agent is told of a task. */
  promptOf(task: TaskRow): Promise<string>;
}

/** Of each part, in characters. */
const mostTrace = 8_192;
const mostLog = 16_384;
const mostInput = 16_384;
const logMs = 10_000;
const shownFaults = 10;
const shownGroups = 5;

/** Tells an agent what BorgOS knows about what it is to do: facts, never secrets. */
export function createTaskContext({
  projects,
  errorLog,
  deployments,
  scrub,
}: {
  projects: Pick<Projects, 'get'>;
  errorLog: {
    get: ErrorLog['get'];
    list: ErrorLog['list'];
    groups: Pick<ErrorLog['groups'], 'get' | 'list'>;
  };
  deployments: Pick<Deployments, 'get' | 'logs'>;
  scrub: <T>(value: T) => T;
}): TaskContext {
  async function aboutProject(id: number): Promise<string> {
    const project = await projects.get(id);
    const { items } = await errorLog.groups.list({
      project_id: id,
      status: 'open',
      limit: shownGroups,
    });
    return [projectFacts(project), groupList(items)].filter((part) => part !== '').join('\n\n');
  }

  async function aboutGroup(id: number): Promise<string> {
    const group = await errorLog.groups.get(id);
    const { items } = await errorLog.list({ group_id: id, limit: 1 });
    const facts = `The group of errors ${id}, ${group.count} times, last at ${group.last_seen}: ${group.title}`;
    return [facts, ...items.map(errorFacts)].join('\n');
  }

  async function aboutDeployment(id: number): Promise<string> {
    const { name, status, status_reason, port } = await deployments.get(id);
    const cut = { lines: false, follow: false, limit: 1 };
    const query = { stream: 'app', max_bytes: mostLog, ...cut } as const;
    const { content } = await deployments.logs(id, query, AbortSignal.timeout(logMs));
    const reason = status_reason === null ? '' : `: ${status_reason}`;
    return `The deployment ${name} (port ${port}) is ${status}${reason}\nThe end of what it printed:\n${content}`;
  }

  async function parts(task: TaskRow): Promise<string[]> {
    const { error_id, error_group_id, deployment_id } = task.input_data;
    const looks: (() => Promise<string>)[] = [];
    const { project_id } = task;
    if (project_id !== null) looks.push(() => aboutProject(project_id));
    if (isId(error_id)) looks.push(async () => errorFacts(await errorLog.get(error_id)));
    if (isId(error_group_id)) looks.push(() => aboutGroup(error_group_id));
    if (isId(deployment_id)) looks.push(() => aboutDeployment(deployment_id));
    const found: string[] = [];
    for (const look of looks) found.push(await look().catch(missing));
    if (Object.keys(task.input_data).length > 0) {
      found.push(`Input: ${JSON.stringify(task.input_data).slice(0, mostInput)}`);
    }
    return found;
  }

  return {
    async promptOf(task) {
      // A comment goes on with a session that has been told all of this.
      if (task.comment !== null) return task.comment;
      const asked = task.prompt ?? task.description;
      const known = await parts(task);
      if (known.length === 0) return asked;
      return `${asked}\n\n--- What BorgOS knows about it ---\n\n${scrub(known.join('\n\n'))}\n`;
    },
  };
}

/** What was deleted meanwhile is no reason not to begin. */
function missing(error: unknown): string {
  if (error instanceof AppError) return error.message;
  throw error;
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function projectFacts(project: Project): string {
  const { name, project_type, tech_stack, metadata, errors } = project;
  const { lines_of_code, test_coverage, dependencies } = metadata;
  const figures = [
    `health ${project.health_score}`,
    `vibe ${project.vibe_score}`,
    `eco ${project.eco_score}`,
    ...(lines_of_code === null ? [] : [`${lines_of_code} lines of code`]),
    ...(test_coverage === null ? [] : [`${test_coverage} % of lines tested`]),
    ...(dependencies === null ? [] : [`${dependencies} dependencies`]),
  ];
  const faults = errors
    .slice(0, shownFaults)
    .map(({ file, line, message }) => `- ${file}${line === null ? '' : `:${line}`}: ${message}`);
  return [
    `The project ${name} (${project_type ?? 'of a type that is not known'}): ${tech_stack.join(', ') || 'no stack is known'}`,
    `Scores and figures: ${figures.join(', ')}`,
    ...(faults.length > 0 ? ['Faults in its files:', ...faults] : []),
  ].join('\n');
}

function groupList(groups: ErrorGroup[]): string {
  if (groups.length === 0) return '';
  const lines = groups.map(
    ({ id, title, culprit, count, last_seen }) =>
      `- group ${id}: ${title}${culprit === null ? '' : ` (${culprit})`}, ${count} times, last at ${last_seen}`,
  );
  return ['Its open errors:', ...lines].join('\n');
}

function errorFacts(error: LoggedError): string {
  const { id, error_type, severity, message, stack_trace, occurred_at } = error;
  const trace = stack_trace === null ? '' : `\n${stack_trace.slice(0, mostTrace)}`;
  return `The error ${id}, ${severity}, at ${occurred_at}: ${error_type}: ${message}${trace}`;
}
