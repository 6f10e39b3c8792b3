/** A DNS label out of any text: `My Project!` → `my-project`; `project` when nothing is left. */
export function slug(text: string): string {
  const label = text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return label || 'project';
}

/**
 * Names what is built for one revision: readable in `docker ps`, unique on a machine that several
 * BorgOS share (`instance`), and the same after a crash, so that a step that is repeated finds what
 * its last try made.
 */
export function buildName(parts: {
  instance: string;
  project: string;
  deployment: string;
  deploymentId: number;
  revision: number;
}): string {
  const { instance, project, deployment, deploymentId, revision } = parts;
  return `borgos-${slug(project)}-${deployment}-${instance}-${deploymentId}-r${revision}`;
}

/** Names a volume in an engine, for good: it stays that of the deployment that it was made for. */
export function volumeEngineName(
  parts: Omit<Parameters<typeof buildName>[0], 'revision'> & { name: string },
): string {
  const { instance, project, deployment, deploymentId, name } = parts;
  return `borgos-${slug(project)}-${deployment}-${instance}-${deploymentId}-v-${name}`;
}

/** Names one start of a build. */
export function instanceName(build: string, generation: number): string {
  return `${build}-g${generation}`;
}
