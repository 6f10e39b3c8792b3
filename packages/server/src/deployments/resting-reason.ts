import type { ReleaseSettings } from './revision-store.ts';
import type { Runtime } from './runtime.ts';

export function hasLimits({
  cpu_limit,
  memory_limit,
}: Pick<ReleaseSettings, 'cpu_limit' | 'memory_limit'>): boolean {
  return cpu_limit !== null || memory_limit !== null;
}

/** What is to be said of a deployment that runs as it should. */
export function restingReason(
  { limits }: Pick<Runtime, 'limits'>,
  settings: Pick<ReleaseSettings, 'cpu_limit' | 'memory_limit'>,
): string | null {
  if (limits.enforced || !hasLimits(settings)) return null;
  return `The limits are not enforced: ${limits.reason}`;
}
