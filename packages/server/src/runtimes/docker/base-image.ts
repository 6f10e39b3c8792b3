import type { Recipe } from '../../deployments/recipe.ts';
import { type BaseFamily, families } from './base-families.ts';

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
  return choose(families[familyOf(recipe)], recipe.version, tags);
}

/** The image of a recipe's second stage; `null`: it has none. */
export function chooseRunImage(recipe: Recipe, tags: string[]): BaseImage | null {
  const image = recipe.container?.run?.image;
  return image === undefined ? null : choose(families[image], recipe.version, tags);
}

/** The image that a tool of the build is taken from. */
export function chooseToolImage(tool: 'node' | 'composer', tags: string[]): BaseImage {
  return choose(families[tool], null, tags);
}

function familyOf({ stack, container }: Recipe): keyof typeof families {
  if (stack === 'java') return container?.builder ?? 'jdk';
  return stack === 'static' || stack === 'dockerfile' ? 'node' : stack;
}

function choose(family: BaseFamily, version: string | null, tags: string[]): BaseImage {
  const asked = family.versioned === false ? [] : numbersOf(version ?? '');
  const wanted = asked.slice(0, family.parts);
  const newest = numbersOf(family.newest);
  const fits = (found: number[]) => {
    if (wanted.length === 0) return compare(found, numbersOf(family.oldest)) >= 0;
    if (startsWith(found, wanted)) return true;
    return family.compatible === true && found[0] === wanted[0] && compare(found, wanted) >= 0;
  };
  const [best] = tags
    .map((tag) => parseTag(tag, family))
    .filter((image) => image !== null)
    .filter((image) => fits(image.version))
    .sort(
      (a, b) =>
        Number(startsWith(b.version, newest)) - Number(startsWith(a.version, newest)) ||
        compare(b.version, a.version) ||
        Number(b.slim) - Number(a.slim),
    );
  if (best !== undefined) return { name: best.tag, present: true };
  return { name: `${family.repository}:${family.tag(wishOf(family, wanted))}`, present: false };
}

/** What is pulled: the line that is asked for, unless a newer one does the same. */
function wishOf(family: BaseFamily, wanted: number[]): string {
  const oldest = numbersOf(family.oldest);
  const same = family.compatible === true && wanted[0] === oldest[0];
  const old = same && compare(wanted, oldest) < 0;
  return wanted.length < family.parts || old ? family.newest : wanted.join('.');
}

function parseTag(
  tag: string,
  family: BaseFamily,
): { tag: string; version: number[]; slim: boolean } | null {
  const name = tag.replace(/^docker\.io\//, '').replace(/^library\//, '');
  if (!name.startsWith(`${family.repository}:`)) return null;
  const rest = name.slice(family.repository.length + 1);
  const match = family.pattern.exec(rest);
  if (!match || /alpine|windows|nanoserver|musl|chiseled/.test(rest)) return null;
  const version = numbersOf(match[1] ?? family.newest);
  return { tag, version, slim: rest.includes('slim') };
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
