import { basename } from 'node:path/posix';
import type { Dependency, Manifest } from '../manifests/manifest.ts';
import { databasesInSettings } from './databases-in-settings.ts';
import type { ProjectView } from './project-view.ts';
import type { KnownTechnology } from './technologies.ts';
import { technologiesOfFile, technologiesOfSign, technologyByName } from './technology-index.ts';

/** Technologies by name with the file that gives each away, the nearest to the root. */
export function findTechnologies(project: ProjectView): Map<string, string> {
  const found = new Map<string, string>();
  const add = (name: string, file: string) => {
    if (!found.has(name)) found.set(name, file);
    for (const implied of technologyByName.get(name)?.implies?.split(' ') ?? []) {
      if (!found.has(implied)) add(implied, file);
    }
  };
  for (const manifest of project.manifests) {
    if (manifest.kind === 'lock' && manifest.direct.length === 0) continue;
    for (const dependency of manifest.direct) {
      for (const technology of technologiesOfDependency(manifest, dependency)) {
        add(technology.name, manifest.file);
      }
    }
    for (const plugin of manifest.plugins) {
      const signs = [`plugin:${plugin}`, `${manifest.ecosystem}:${plugin}`];
      for (const technology of signs.flatMap(technologiesOfSign)) {
        add(technology.name, manifest.file);
      }
    }
  }
  for (const file of project.files) {
    for (const technology of technologiesOfFile(file)) add(technology.name, file);
  }
  for (const { technology, file } of databasesInSettings(project)) add(technology, file);
  return found;
}

function technologiesOfDependency(
  { ecosystem }: Manifest,
  { name, scope }: Dependency,
): KnownTechnology[] {
  const isNeeded = scope !== 'development';
  return signsOf(ecosystem, name)
    .flatMap(technologiesOfSign)
    .filter((technology) => isNeeded || technology.runtime !== true);
}

function signsOf(ecosystem: Manifest['ecosystem'], name: string): string[] {
  if (ecosystem === 'docker') return [`image:${basename(name)}`];
  // Conda and pip install the same packages, and so do Deno and npm.
  if (ecosystem === 'conda') return [`pypi:${name}`];
  if (ecosystem === 'deno') return [`deno:${name}`, `npm:${name}`];
  return [`${ecosystem}:${name}`];
}
