import type { Recipe } from '../../deployments/recipe.ts';

interface Language {
  repository: 'node' | 'python';
  /** How many numbers of a version tell its line: node 24, Python 3.13. */
  parts: number;
  /** What is pulled when the project asks for no version. */
  newest: string;
  /** Not used, even if on the machine, unless the project asks for it. */
  oldest: string;
}

/** `newest` of node is the newest long-term version. */
const languages: Record<'node' | 'python', Language> = {
  node: { repository: 'node', parts: 1, newest: '24', oldest: '20' },
  python: { repository: 'python', parts: 2, newest: '3.13', oldest: '3.10' },
};

export interface BaseImage {
  name: string;
  /** Whether the machine has it already. */
  present: boolean;
}

/**
 * The image a recipe without a Dockerfile is built on. One that the machine has (`tags`: all of its
 * `repository:tag`) is preferred when its version fits, as it costs no download; among those the
 * newest, and slim before full. Images on musl are left alone: what npm and pip install is built
 * for glibc.
 */
export function chooseBaseImage(recipe: Recipe, tags: string[]): BaseImage {
  const language = languages[recipe.stack === 'python' ? 'python' : 'node'];
  const wanted = numbersOf(recipe.version ?? '').slice(0, language.parts);
  const newest = numbersOf(language.newest);
  const fits = (version: number[]) =>
    wanted.length > 0
      ? startsWith(version, wanted)
      : compare(version, numbersOf(language.oldest)) >= 0;
  const [best] = tags
    .map((tag) => parseTag(tag, language.repository))
    .filter((image) => image !== null)
    .filter((image) => fits(image.version))
    .sort(
      (a, b) =>
        Number(startsWith(b.version, newest)) - Number(startsWith(a.version, newest)) ||
        compare(b.version, a.version) ||
        Number(b.slim) - Number(a.slim),
    );
  if (best !== undefined) return { name: best.tag, present: true };
  const version = wanted.length < language.parts ? language.newest : wanted.join('.');
  return { name: `${language.repository}:${version}-slim`, present: false };
}

function parseTag(
  tag: string,
  repository: string,
): { tag: string; version: number[]; slim: boolean } | null {
  const name = tag.replace(/^docker\.io\//, '').replace(/^library\//, '');
  const match = /^([a-z]+):(\d+(?:\.\d+){0,2})(-(?:[a-z]+-)?slim|-[a-z]+)?$/.exec(name);
  if (match?.[1] !== repository || match[2] === undefined) return null;
  const variant = match[3] ?? '';
  if (variant.startsWith('-alpine') || variant.startsWith('-windows')) return null;
  return { tag, version: numbersOf(match[2]), slim: variant.endsWith('slim') };
}

/** `3.12.4` and `>=3.12` as `[3, 12, …]`; none in it: `[]`. */
function numbersOf(version: string): number[] {
  const found = /\d+(?:\.\d+)*/.exec(version)?.[0];
  return found === undefined ? [] : found.split('.').map(Number);
}

/** Whether the version is of the wanted line. */
function startsWith(version: number[], wanted: number[]): boolean {
  return version.every((number, index) => wanted[index] === undefined || wanted[index] === number);
}

function compare(a: number[], b: number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    // A shorter version stands for the newest of its line.
    const difference =
      (a[index] ?? Number.POSITIVE_INFINITY) - (b[index] ?? Number.POSITIVE_INFINITY);
    if (!Number.isNaN(difference) && difference !== 0) return difference;
  }
  return 0;
}
