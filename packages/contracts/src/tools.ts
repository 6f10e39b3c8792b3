import type { Endpoint, EndpointInput, EndpointResponse } from './endpoint.ts';
import { api } from './index.ts';

export const toolsets = [
  'projects',
  'search',
  'deployments',
  'errors',
  'agents',
  'system',
  /** Of the MCP servers that the user has added; none of those below. */
  'servers',
] as const;

export type Toolset = (typeof toolsets)[number];

/** An endpoint as agents see it. What it takes and gives, and the scope it needs, is the endpoint's. */
export interface Tool {
  /** `verb_noun`. */
  name: string;
  endpoint: Endpoint;
  toolset: Toolset;
  /** For people. */
  title: string;
  /** For the model: what it does and when to use it, in as few words as that takes. */
  description: string;
  /** What it takes, of all that the endpoint does; a list can always be cut and paged. */
  takes: readonly string[];
  /** What is given unless other fields are asked for; of each item, where it is a list. */
  gives: readonly string[];
  /** Whether it may end or undo something; then it needs a confirmation. Reading tools never do. */
  destructive?: true;
  /** Whether it changes nothing, although it is no GET. */
  readOnly?: true;
  /** Whether doing it twice is the same as doing it once. Reading tools always are. */
  idempotent?: true;
}

type KeyOf<T> = T extends readonly (infer Item)[]
  ? KeyOf<Item>
  : T extends unknown
    ? keyof T & string
    : never;

/** Refuses names that the endpoint does not know. */
function defineTool<E extends Endpoint>(
  endpoint: E,
  tool: Omit<Tool, 'endpoint' | 'takes' | 'gives'> & {
    takes: readonly KeyOf<EndpointInput<E>>[];
    gives: readonly KeyOf<EndpointResponse<E>>[];
  },
): Tool {
  return { endpoint, ...tool };
}

const {
  agentTasks,
  search,
  status,
  projects,
  projectFiles,
  projectSearch,
  scans,
  deployments,
  errors,
  errorGroups,
} = api;

/** Everything an agent can do, in the order of a day’s work. */
export const tools: readonly Tool[] = [
  defineTool(status.get, {
    name: 'get_status',
    toolset: 'system',
    title: 'System status',
    description: 'Load of the machine, and how many projects, deployments and errors there are.',
    takes: [],
    gives: [
      'cpu_percent',
      'memory_percent',
      'disk_percent',
      'active_deployments',
      'total_projects',
      'recent_errors',
      'uptime_seconds',
    ],
  }),
  defineTool(projects.list, {
    name: 'list_projects',
    toolset: 'projects',
    title: 'List projects',
    description: 'List all projects in the system',
    takes: ['active', 'tech_stack'],
    gives: [
      'id',
      'name',
      'path',
      'project_type',
      'tech_stack',
      'health_score',
      'vibe_score',
      'eco_score',
    ],
  }),
  defineTool(projects.get, {
    name: 'get_project',
    toolset: 'projects',
    title: 'Read a project',
    description: 'One project: stack, scores, metrics, the errors its scan found, its deployments.',
    takes: ['id'],
    gives: [
      'id',
      'name',
      'path',
      'project_type',
      'tech_stack',
      'health_score',
      'vibe_score',
      'eco_score',
      'errors',
      'scan_status',
      'last_scan_at',
      'deployments',
    ],
  }),
  defineTool(projects.create, {
    name: 'create_project',
    toolset: 'projects',
    title: 'Register a project',
    description: 'Register a directory of this machine as a project.',
    takes: ['name', 'path', 'project_type', 'tech_stack'],
    gives: ['id', 'name', 'path', 'scan_status'],
  }),
  defineTool(scans.start, {
    name: 'scan_project',
    toolset: 'projects',
    title: 'Scan a project',
    description:
      'Start a scan of stack, metrics, errors and scores in the background; read the result with get_project.',
    takes: ['id'],
    gives: ['message', 'scan_id'],
    idempotent: true,
  }),
  defineTool(scans.scores, {
    name: 'get_scores',
    toolset: 'projects',
    title: 'Explain the scores',
    description: 'Every check behind a project’s health, vibe and eco scores, with why and fix.',
    takes: ['id'],
    gives: ['health', 'vibe', 'eco'],
  }),
  defineTool(projectFiles.list, {
    name: 'list_files',
    toolset: 'projects',
    title: 'List files',
    description: 'Files of a project, by folder, glob pattern or language.',
    takes: ['id', 'folder', 'pattern', 'language'],
    gives: ['path', 'language', 'size'],
  }),
  defineTool(projectFiles.read, {
    name: 'read_file',
    toolset: 'projects',
    title: 'Read a file',
    description: 'Lines of a text file in a project.',
    takes: ['id', 'path', 'start_line', 'end_line'],
    gives: ['path', 'start_line', 'end_line', 'total_lines', 'content'],
  }),
  defineTool(projectSearch.search, {
    name: 'search_projects',
    toolset: 'search',
    title: 'Search projects',
    description: 'Find projects by what they are, as “python web app”; typing errors are forgiven.',
    takes: ['query', 'limit'],
    gives: ['id', 'name', 'path', 'relevance_score', 'tech_stack', 'description'],
    readOnly: true,
  }),
  defineTool(search.code, {
    name: 'search_code',
    toolset: 'search',
    title: 'Search code',
    description:
      'Find code by what it does, by identifiers, "as it is" or by /pattern/; filters lang: path: file: project: -word.',
    takes: ['query', 'project_id', 'limit', 'context'],
    gives: ['project_id', 'path', 'line', 'content', 'relevance_score', 'before', 'after'],
    readOnly: true,
  }),
  defineTool(search.symbols, {
    name: 'list_symbols',
    toolset: 'search',
    title: 'List symbols',
    description: 'Functions, classes and types of a project: where something is defined.',
    takes: ['id', 'query', 'kind'],
    gives: ['name', 'kind', 'path', 'line', 'end_line'],
  }),
  defineTool(deployments.deploy, {
    name: 'deploy_project',
    toolset: 'deployments',
    title: 'Deploy a project',
    description:
      'Deploy a project to a specific port. The same name again is a redeploy without dropped requests. dry_run shows the plan only. Follow it with get_deployment.',
    takes: ['project_id', 'port', 'name', 'environment', 'root', 'dry_run'],
    gives: ['message', 'id', 'port', 'stack', 'dockerfile'],
  }),
  defineTool(deployments.list, {
    name: 'list_deployments',
    toolset: 'deployments',
    title: 'List deployments',
    description: 'What is deployed where, and how it is.',
    takes: ['status', 'project_id', 'name', 'port'],
    gives: ['id', 'project_id', 'name', 'port', 'status', 'status_reason', 'url', 'revision'],
  }),
  defineTool(deployments.get, {
    name: 'get_deployment',
    toolset: 'deployments',
    title: 'Read a deployment',
    description: 'State of one deployment; status_reason says why it is so.',
    takes: ['id'],
    gives: [
      'id',
      'project_id',
      'name',
      'port',
      'status',
      'status_reason',
      'stage',
      'url',
      'revision',
      'restarts',
      'runtime',
      'started_at',
    ],
  }),
  defineTool(deployments.logs, {
    name: 'get_deployment_logs',
    toolset: 'deployments',
    title: 'Read logs',
    description:
      'What a deployment printed: of the app, its stdout or stderr, or its build; its end, on from next_offset, or the lines with query in them.',
    takes: ['id', 'stream', 'revision', 'offset', 'tail', 'max_bytes', 'query', 'order'],
    gives: ['stream', 'revision', 'content', 'next_offset', 'truncated', 'size', 'oldest_offset'],
  }),
  defineTool(deployments.revisions, {
    name: 'list_revisions',
    toolset: 'deployments',
    title: 'List revisions',
    description: 'Every release of a deployment: what changed, who, when, and whether it is kept.',
    takes: ['id'],
    gives: ['number', 'status', 'failure_reason', 'changes', 'can_roll_back', 'created_at'],
  }),
  defineTool(deployments.restart, {
    name: 'restart_deployment',
    toolset: 'deployments',
    title: 'Restart a deployment',
    description: 'Start the same revision anew, without dropping a request.',
    takes: ['id'],
    gives: ['message', 'id'],
  }),
  defineTool(deployments.stop, {
    name: 'stop_deployment',
    toolset: 'deployments',
    title: 'Stop a deployment',
    description: 'Stop an app; its port stays reserved.',
    takes: ['id'],
    gives: ['message', 'id'],
    destructive: true,
    idempotent: true,
  }),
  defineTool(deployments.start, {
    name: 'start_deployment',
    toolset: 'deployments',
    title: 'Start a deployment',
    description: 'Start a stopped app again.',
    takes: ['id'],
    gives: ['message', 'id'],
    idempotent: true,
  }),
  defineTool(deployments.rollback, {
    name: 'rollback_deployment',
    toolset: 'deployments',
    title: 'Roll back',
    description: 'Go back to an older revision, by default the last that served; nothing is built.',
    takes: ['id', 'revision'],
    gives: ['message', 'id', 'revision'],
    destructive: true,
  }),
  defineTool(errors.list, {
    name: 'list_errors',
    toolset: 'errors',
    title: 'List errors',
    description: 'Logged errors, newest first, by severity, project, deployment, text or time.',
    takes: ['severity', 'project_id', 'deployment_id', 'group_id', 'text', 'since'],
    gives: ['id', 'project_name', 'severity', 'error_type', 'message', 'occurred_at'],
  }),
  defineTool(errorGroups.list, {
    name: 'list_error_groups',
    toolset: 'errors',
    title: 'List error groups',
    description: 'Errors of the same cause, counted: start here to see what fails.',
    takes: ['status', 'project_id'],
    gives: ['id', 'project_name', 'severity', 'title', 'count', 'status', 'last_seen'],
  }),
  defineTool(agentTasks.create, {
    name: 'create_task',
    toolset: 'agents',
    title: 'Give an agent a task',
    description: 'Queue work for another agent; follow it with get_task.',
    takes: ['project_id', 'agent_type', 'task_type', 'description', 'priority', 'input_data'],
    gives: ['message', 'task_id'],
  }),
  defineTool(agentTasks.list, {
    name: 'list_tasks',
    toolset: 'agents',
    title: 'List tasks',
    description: 'What agents are to do, do and have done.',
    takes: ['status', 'agent_type', 'project_id'],
    gives: ['id', 'project_id', 'agent_type', 'description', 'status', 'priority', 'created_at'],
  }),
  defineTool(agentTasks.get, {
    name: 'get_task',
    toolset: 'agents',
    title: 'Read a task',
    description: 'How far an agent is, and what came of it.',
    takes: ['id'],
    gives: ['id', 'status', 'description', 'output_data', 'error_message', 'usage', 'completed_at'],
  }),
];
