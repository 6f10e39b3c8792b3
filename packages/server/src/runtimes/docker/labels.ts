import type { InstanceIdentity } from '../../deployments/runtime.ts';

/** On all that BorgOS makes in an engine: it touches nothing that does not carry them. */
export const labels = {
  managed: 'borgos.managed',
  /** Which BorgOS, as several may share an engine. */
  instance: 'borgos.instance',
  deployment: 'borgos.deployment',
  revision: 'borgos.revision',
  generation: 'borgos.generation',
  specHash: 'borgos.spec-hash',
  /** The port that the app was told to listen on. */
  port: 'borgos.port',
  /** The port of this machine that it is published on. */
  hostPort: 'borgos.host-port',
  /** What it is, if it is not deployed but of BorgOS itself. */
  service: 'borgos.service',
  /** What a volume is called in its deployment. */
  volume: 'borgos.volume',
  /** Where the output goes, so that it is followed again after a restart of BorgOS. */
  logFile: 'borgos.log-file',
} as const;

/** What everything of one BorgOS carries. */
export function instanceLabels(instance: string): Record<string, string> {
  return { [labels.managed]: 'true', [labels.instance]: instance };
}

/** The identity that a container's labels tell; `null` when it is no instance of that BorgOS. */
export function identityOf(
  instance: string,
  found: Record<string, string> | undefined,
): (InstanceIdentity & { port: number; logFile: string }) | null {
  if (found?.[labels.managed] !== 'true' || found[labels.instance] !== instance) return null;
  const number = (label: string) => Number.parseInt(found[label] ?? '', 10);
  const identity = {
    deploymentId: number(labels.deployment),
    revision: number(labels.revision),
    generation: number(labels.generation),
    port: number(labels.port),
    logFile: found[labels.logFile] ?? '',
  };
  const complete = Object.values(identity).every((value) => value !== '' && !Number.isNaN(value));
  return complete ? identity : null;
}
