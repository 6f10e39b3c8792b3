import type { Manifest } from '../manifests/manifest.ts';
import { type LanguageWeight, languageTechnologies } from './language-technologies.ts';
import type { ProjectView } from './project-view.ts';

/** A language below this share of the code is not what a project is made of. */
const LEAST_SHARE = 0.1;

/** What to write where no line is counted, by what the manifests are for. */
const OF_ECOSYSTEM: Partial<Record<Manifest['ecosystem'], string>> = {
  npm: 'javascript',
  pypi: 'python',
  conda: 'python',
  go: 'go',
  cargo: 'rust',
  maven: 'java',
  composer: 'php',
  rubygems: 'ruby',
  nuget: 'csharp',
  hex: 'elixir',
  pub: 'dart',
  swift: 'swift',
  deno: 'typescript',
};

export interface FoundLanguages {
  /** Technologies, the one with most lines first. */
  readonly names: readonly string[];
  /** Shares of all lines of code, 0 to 1, of every language by its technology. */
  readonly shares: ReadonlyMap<string, number>;
}

/** The languages that a project is written in: scripts and pages only where there is little else. */
export function findLanguages(project: ProjectView): FoundLanguages {
  const lines = linesByTechnology(project);
  for (const weight of ['code', 'glue', 'markup'] as const) {
    const counted = lines.get(weight) ?? new Map<string, number>();
    const total = [...counted.values()].reduce((sum, code) => sum + code, 0);
    if (total === 0) continue;
    const ranked = [...counted]
      .map(([name, code]) => ({ name, share: code / total }))
      .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
    return {
      names: ranked
        .filter(({ share }, rank) => rank === 0 || share >= LEAST_SHARE)
        .map(({ name }) => name),
      shares: new Map(ranked.map(({ name, share }) => [name, share])),
    };
  }
  return { names: languagesOfManifests(project), shares: new Map() };
}

function linesByTechnology(project: ProjectView): Map<LanguageWeight, Map<string, number>> {
  const lines = new Map<LanguageWeight, Map<string, number>>();
  const hasTypes = project.files.some((path) => /(?:^|\/)tsconfig[\w.]*\.json$/.test(path));
  for (const { name, code } of project.languages) {
    // The files of these hold scripts.
    const isPage = ['Vue', 'Svelte', 'Astro'].includes(name);
    const known = languageTechnologies.get(
      isPage ? (hasTypes ? 'TypeScript' : 'JavaScript') : name,
    );
    if (!known || !(code > 0)) continue;
    const counted = lines.get(known.weight) ?? new Map<string, number>();
    lines.set(known.weight, counted);
    counted.set(known.technology, (counted.get(known.technology) ?? 0) + code);
  }
  return lines;
}

function languagesOfManifests({ manifests, files }: ProjectView): string[] {
  const found = manifests
    .filter(({ kind }) => kind === 'manifest')
    .flatMap(({ ecosystem, plugins }) => {
      if (ecosystem === 'maven' && plugins.some((plugin) => /kotlin/.test(plugin))) return 'kotlin';
      return OF_ECOSYSTEM[ecosystem] ?? [];
    });
  const hasTypes = files.some((path) => /(?:^|\/)tsconfig\.json$/.test(path));
  return [...new Set(found)].map((name) =>
    name === 'javascript' && hasTypes ? 'typescript' : name,
  );
}
