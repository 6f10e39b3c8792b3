import { agentApprovals } from './agent-approvals.ts';
import { agentOrphans } from './agent-orphans.ts';
import { agentReviews } from './agent-reviews.ts';
import { agentSchedules } from './agent-schedules.ts';
import { agentTasks } from './agent-tasks.ts';
import { agentZero } from './agent-zero.ts';
import { agents } from './agents.ts';
import { audit } from './audit.ts';
import { auth, tokens, users } from './auth.ts';
import { deploymentMetricEndpoints as deploymentMetrics } from './deployment-metrics.ts';
import { deployments } from './deployments.ts';
import { domains } from './domains.ts';
import { errorGroups, errors } from './error-log.ts';
import { mcp } from './mcp.ts';
import { mcpServers } from './mcp-servers.ts';
import { projectFiles } from './project-files.ts';
import { projectSearch } from './project-search.ts';
import { projects } from './projects.ts';
import { scans } from './scans.ts';
import { search } from './search.ts';
import { status } from './status.ts';
import { volumes } from './volumes.ts';
import { webhooks } from './webhooks.ts';

/** The whole API: routes, documentation, clients and tools are all derived from this table. */
export const api = {
  status,
  projects,
  projectFiles,
  projectSearch,
  scans,
  search,
  deployments,
  volumes,
  domains,
  deploymentMetrics,
  errors,
  errorGroups,
  webhooks,
  mcp,
  mcpServers,
  agents,
  agentTasks,
  agentReviews,
  agentApprovals,
  agentSchedules,
  agentOrphans,
  agentZero,
  auth,
  users,
  tokens,
  audit,
};

export type Api = typeof api;
