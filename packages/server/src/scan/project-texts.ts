import { basename } from 'node:path/posix';
import { scrubText } from '../scrub.ts';
import { type BrokenManifest, isBroken, type Manifest } from './manifests/manifest.ts';
import { parseJson, parseToml } from './manifests/parse-text.ts';
import { textAt } from './manifests/table.ts';
import { findReadme } from './scores/readme.ts';
import type { ScanFacts } from './scores/scan-facts.ts';

/** By what a project is found, in words. */
export interface ProjectTexts {
  /** In a sentence: of its manifest, else of its README; at most 300 characters. */
  description: string | null;
  /** The beginning of its README, at most 2000 characters. */
  readme: string;
  /** Of packages that it asks for itself: 300 at the most, those nearest to its root first. */
  dependency_names: string[];
}

const mostDescription = 300;
const mostReadme = 2_000;
const mostDependencies = 300;
const mostName = 100;

/** What somebody wrote of a project, without secrets. */
export function projectTextsOf(
  facts: ScanFacts,
  manifests: readonly (Manifest | BrokenManifest)[],
): ProjectTexts {
  const whole = manifests.filter((manifest): manifest is Manifest => !isBroken(manifest));
  const readme = storedText(findReadme(facts)?.text ?? '', mostReadme);
  return {
    description: descriptionOf(whole, facts.texts) ?? firstSentence(readme),
    readme,
    dependency_names: dependencyNames(whole),
  };
}

/** Cut, without secrets, and so that PostgreSQL takes it. */
function storedText(text: string, most: number): string {
  return scrubText(text.slice(0, 2 * most))
    .replaceAll('\0', '')
    .slice(0, most)
    .toWellFormed();
}

function descriptionOf(
  manifests: readonly Manifest[],
  texts: ReadonlyMap<string, string>,
): string | null {
  for (const { file } of byDepth(manifests)) {
    const description = describedIn(file, texts.get(file))?.replace(/\s+/g, ' ').trim();
    if (description) return storedText(description, mostDescription);
  }
  return null;
}

/** `undefined` also for a manifest that is cut or broken, which is told elsewhere. */
function describedIn(file: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    switch (basename(file)) {
      case 'package.json':
      case 'composer.json':
      case 'deno.json':
        return textAt(parseJson(text), 'description');
      case 'pyproject.toml': {
        const table = parseToml(text);
        return (
          textAt(table, 'project', 'description') ?? textAt(table, 'tool', 'poetry', 'description')
        );
      }
      case 'Cargo.toml':
        return textAt(parseToml(text), 'package', 'description');
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** The first line of a README that is prose: no heading, table, list, picture or code. */
function firstSentence(readme: string): string | null {
  const paragraphs = readme.split(/\n\s*\n/).map((paragraph) => paragraph.trim());
  const prose = paragraphs.find(
    (paragraph) =>
      /^[\p{L}\p{N}*_"'`[(>]/u.test(paragraph) && /\s/.test(paragraph) && !isMarkup(paragraph),
  );
  const line = prose
    ?.replace(/^>\s*/, '')
    .replace(/\s+/g, ' ')
    .replace(/[*_`]{1,3}/g, '');
  return line ? line.slice(0, mostDescription) : null;
}

function isMarkup(paragraph: string): boolean {
  // A heading may also be underlined.
  return /^(?:```|[*-] |\d+\. |\[!\[)|^[^\n]*\n(?:=+|-+)\s*$/.test(paragraph);
}

function dependencyNames(manifests: readonly Manifest[]): string[] {
  const own = new Set(manifests.flatMap(({ name }) => name ?? []));
  const names = byDepth(manifests)
    .filter(({ kind, ecosystem }) => kind === 'manifest' && ecosystem !== 'docker')
    .flatMap(({ direct }) => direct.map(({ name }) => name))
    .filter((name) => name.length <= mostName && !own.has(name));
  return [...new Set(names)].slice(0, mostDependencies);
}

function byDepth(manifests: readonly Manifest[]): Manifest[] {
  const depth = ({ file }: Manifest) => file.split('/').length;
  return [...manifests].sort(
    (a, b) => depth(a) - depth(b) || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0),
  );
}
