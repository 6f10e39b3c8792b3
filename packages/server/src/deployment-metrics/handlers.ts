import type { api } from '@borgos/contracts';
import type { Handlers } from '@borgos/contracts/endpoint';
import type { DeploymentMetricsFeature } from './metrics.ts';

export function deploymentMetricHandlers(
  metrics: DeploymentMetricsFeature,
): Handlers<(typeof api)['deploymentMetrics']> {
  return { get: (query) => metrics.read(query) };
}
