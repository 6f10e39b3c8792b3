import type { api } from '@borgos/contracts';
import type { EndpointResponse, ListResult } from '@borgos/contracts/endpoint';
import { AppError } from '../errors.ts';

export type Project = EndpointResponse<(typeof api)['projects']['get']>;
export type Deployment = EndpointResponse<(typeof api)['deployments']['get']>;

/** What a question is about, beside its words. */
export interface QuestionContext {
  project_id?: number | undefined;
  deployment_id?: number | undefined;
  /** Of a project’s directory. */
  path?: string | undefined;
}

/** Runs a tool for who asks, as it is named in the list of tools. @throws AppError */
export type RunTool = (name: string, input: Record<string, unknown>) => Promise<unknown>;

/** How a form looks things up: everything by tools, so that nothing is seen that the caller may not see. */
export interface Asking {
  run: RunTool;
  /** All pages of a list, up to 1,000 items. */
  list<T>(tool: string, input?: Record<string, unknown>): Promise<T[]>;
  /** The project of that name, or of the context. @throws AppError NOT_FOUND, UNPROCESSABLE if none is meant */
  project(name?: string): Promise<Project>;
  /** The deployment of that id or name, or of the context. */
  deployment(said: {
    deployment?: string | undefined;
    deployment_id?: string | undefined;
  }): Promise<Deployment>;
}

const pageSize = 1000;

export function createAsking(run: RunTool, context: QuestionContext): Asking {
  async function list<T>(tool: string, input: Record<string, unknown> = {}): Promise<T[]> {
    // That a tool of a list returns one is what its type says.
    const { items } = (await run(tool, { ...input, limit: pageSize })) as ListResult<T>;
    return items;
  }

  async function namedProject(name: string): Promise<Project> {
    const projects = await list<Project>('list_projects');
    const found = byName(projects, name) ?? projects.find(({ path }) => path === name);
    if (found) return readProject(found.id);
    throw new AppError('NOT_FOUND', `There is no project ${name}${namesOf(projects)}`);
  }

  async function readProject(id: number): Promise<Project> {
    // As the contract of this endpoint says.
    return (await run('get_project', { id })) as Project;
  }

  return {
    run,
    list,
    async project(name) {
      if (name !== undefined && /^#?[1-9]\d{0,8}$/.test(name)) {
        return readProject(Number(name.replace('#', '')));
      }
      if (name !== undefined) return namedProject(name);
      if (context.project_id !== undefined) return readProject(context.project_id);
      if (context.path !== undefined) return namedProject(context.path);
      const projects = await list<Project>('list_projects');
      const [only] = projects;
      if (only && projects.length === 1) return readProject(only.id);
      throw new AppError(
        'UNPROCESSABLE',
        `Which project? Name it in the question, or give context.project_id${namesOf(projects)}`,
      );
    },
    async deployment({ deployment: name, deployment_id }) {
      const id = deployment_id ?? (name === undefined ? context.deployment_id : undefined);
      // As the contract of this endpoint says.
      if (id !== undefined) return (await run('get_deployment', { id: Number(id) })) as Deployment;
      const deployments = await list<Deployment>('list_deployments');
      const found = name === undefined ? only(deployments) : byName(deployments, name);
      if (found) return found;
      throw new AppError(
        name === undefined ? 'UNPROCESSABLE' : 'NOT_FOUND',
        `${name === undefined ? 'Which deployment? Name it' : `There is no deployment ${name}`}${namesOf(deployments)}`,
      );
    },
  };
}

function only<T>(items: T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** The one of exactly that name; else the only one that is called so in another case. */
function byName<T extends { name: string }>(items: T[], name: string): T | undefined {
  const exact = items.find((item) => item.name === name);
  return exact ?? only(items.filter((item) => item.name.toLowerCase() === name.toLowerCase()));
}

function namesOf(items: { name: string }[]): string {
  if (items.length === 0) return '';
  const names = items.slice(0, 10).map(({ name }) => name);
  return `. There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}${items.length > 10 ? ' and more' : ''}`;
}
