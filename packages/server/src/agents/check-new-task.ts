import type { NewTask, PermissionPolicy } from '@borgos/contracts/agent-tasks';
import { AppError } from '../errors.ts';
import type { Projects } from '../projects/projects.ts';
import type { AgentAdapter } from './adapter.ts';
import type { Prices } from './agent-settings.ts';
import type { Worktrees } from './worktrees/worktrees.ts';

/** What an agent may do when nobody says: as little as it can work with. */
export function defaultPolicyOf({ capabilities }: AgentAdapter): PermissionPolicy {
  return capabilities.permissions ? 'ask' : 'allow_reads';
}

/**
 * Refuses what could only fail later, or could not be kept to.
 * @throws AppError PERMISSIONS_UNSUPPORTED, BUDGET_UNSUPPORTED, PRICE_UNKNOWN, NOT_FOUND,
 *   PROJECT_PATH_MISSING, PROJECT_PATH_NOT_ALLOWED, PROJECT_NOT_A_REPOSITORY
 */
export async function checkNewTask(
  task: NewTask,
  {
    adapter,
    projects,
    worktrees,
    prices,
  }: {
    adapter: AgentAdapter;
    projects: Pick<Projects, 'get' | 'getDirectory'>;
    worktrees: Pick<Worktrees, 'isRepository'>;
    prices: Prices;
  },
): Promise<void> {
  const { name, capabilities } = adapter;
  if (task.permission_policy === 'ask' && !capabilities.permissions) {
    throw new AppError(
      'PERMISSIONS_UNSUPPORTED',
      `The agent ${name} cannot ask. Let it read with "permission_policy": "allow_reads", or do everything with "allow_all"`,
    );
  }
  const hasBudget = task.max_tokens != null || task.max_cost_usd != null;
  if (hasBudget && capabilities.usage !== 'live') {
    throw new AppError(
      'BUDGET_UNSUPPORTED',
      `The agent ${name} does not tell while it works how many tokens it uses, so that it could not be ended in time. Leave out max_tokens and max_cost_usd, or use another agent: GET /api/v1/agents`,
    );
  }
  if (task.max_cost_usd != null && !capabilities.cost) checkPrice(task.model ?? null, name, prices);
  if (task.project_id == null) return;
  const project = await projects.get(task.project_id);
  if (!capabilities.needs_worktree) return;
  const directory = await projects.getDirectory(project);
  if (await worktrees.isRepository(directory)) return;
  throw new AppError(
    'PROJECT_NOT_A_REPOSITORY',
    `${directory} is in no git repository that has a commit, so that an agent could not work beside you and its changes could not be shown. Run there: git init && git add --all && git commit -m "Begin"`,
  );
}

function checkPrice(model: string | null, agent: string, prices: Prices): void {
  if (model !== null && prices[model]) return;
  const known = Object.keys(prices).sort();
  throw new AppError(
    'PRICE_UNKNOWN',
    `${model === null ? `Which model ${agent} uses is not known: name it as "model"` : `The price of the model ${model} is not known`}. Prices are in "prices" of agents.json in BORGOS_HOME; it has ${known.join(', ') || 'none'}. Or limit the tokens with max_tokens`,
  );
}
