import { api } from '@borgos/contracts';
import type { Agents } from './agents/agents.ts';
import { agentHandlers } from './agents/handlers.ts';
import type { Audit } from './audit/audit.ts';
import { auditHandlers } from './audit/handlers.ts';
import type { Auth } from './auth/auth.ts';
import { authHandlers, tokenHandlers, userHandlers } from './auth/handlers.ts';
import { deploymentMetricHandlers } from './deployment-metrics/handlers.ts';
import type { DeploymentMetricsFeature } from './deployment-metrics/metrics.ts';
import type { Deployments } from './deployments/deployments.ts';
import { deploymentHandlers } from './deployments/handlers.ts';
import type { Domains } from './domains/domains.ts';
import { domainHandlers } from './domains/handlers.ts';
import type { ErrorLog } from './error-log/error-log.ts';
import { errorGroupHandlers, errorHandlers } from './error-log/handlers.ts';
import { mount } from './http/mount.ts';
import type { HttpServer } from './http/server.ts';
import { mcpHandlers } from './mcp/handlers.ts';
import type { Mcp } from './mcp/mcp.ts';
import { projectSearchHandlers } from './project-search/handlers.ts';
import type { ProjectSearch } from './project-search/project-search.ts';
import { projectHandlers } from './projects/handlers.ts';
import type { Projects } from './projects/projects.ts';
import type { Questions } from './questions/questions.ts';
import { projectFileHandlers, scanHandlers } from './scan/handlers.ts';
import type { ProjectFiles } from './scan/project-files.ts';
import type { Scans } from './scan/scans.ts';
import type { Zenith } from './scan/zenith.ts';
import { searchHandlers } from './search/handlers.ts';
import type { Search } from './search/search.ts';
import { statusHandlers } from './status/handlers.ts';
import type { Status } from './status/status.ts';
import { volumeHandlers } from './volumes/handlers.ts';
import type { Volumes } from './volumes/volumes.ts';
import { webhookHandlers } from './webhooks/handlers.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

/** Whatever has endpoints. */
interface Features {
  status: Status;
  projects: Projects;
  projectFiles: ProjectFiles;
  projectSearch: ProjectSearch;
  scans: Scans;
  zenith: Zenith;
  search: Search;
  deployments: Deployments;
  volumes: Volumes;
  domains: Domains;
  deploymentMetrics: DeploymentMetricsFeature;
  errorLog: ErrorLog;
  auth: Auth;
  audit: Audit;
  agents: Agents;
  webhooks: Webhooks;
  mcp: Mcp;
  questions: Questions;
}

/** Gives each endpoint of the API its handler: one line a resource. */
export function mountRoutes(http: HttpServer, features: Features): void {
  const { projects, deployments, search, errorLog, auth, scans } = features;
  mount(http, api.status, statusHandlers(features.status));
  mount(http, api.projects, projectHandlers(projects, deployments, search));
  mount(http, api.projectFiles, projectFileHandlers(features.projectFiles));
  mount(http, api.projectSearch, projectSearchHandlers(features.projectSearch));
  mount(http, api.scans, scanHandlers(scans, features.zenith));
  mount(http, api.search, searchHandlers(search));
  mount(http, api.deployments, deploymentHandlers(deployments));
  mount(http, api.volumes, volumeHandlers(features.volumes));
  mount(http, api.domains, domainHandlers(features.domains));
  mount(http, api.deploymentMetrics, deploymentMetricHandlers(features.deploymentMetrics));
  mount(http, api.errors, errorHandlers(errorLog));
  mount(http, api.errorGroups, errorGroupHandlers(errorLog));
  mount(http, api.auth, authHandlers(auth));
  mount(http, api.users, userHandlers(auth));
  mount(http, api.tokens, tokenHandlers(auth));
  mount(http, api.audit, auditHandlers(features.audit));
  const agentRoutes = agentHandlers(features.agents);
  mount(http, api.agents, agentRoutes.agents);
  mount(http, api.agentTasks, agentRoutes.tasks);
  mount(http, api.agentReviews, agentRoutes.reviews);
  mount(http, api.agentApprovals, agentRoutes.approvals);
  mount(http, api.agentSchedules, agentRoutes.schedules);
  mount(http, api.agentOrphans, agentRoutes.orphans);
  mount(http, api.webhooks, webhookHandlers(features.webhooks));
  mount(http, api.mcp, mcpHandlers(features.mcp, features.questions));
}
