import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Recipe } from '../recipe.ts';
import { detectRecipe } from './detect-recipe.ts';

export type ProjectTree = Record<string, string | object>;

/** Writes a project for a test, calls back with its directory, and removes it. Objects become JSON. */
export async function withProject<T>(
  files: ProjectTree,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'borgos-recipe-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      const file = join(directory, path);
      await mkdir(dirname(file), { recursive: true });
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      // Exclusively, so that it never writes through a link.
      await writeFile(file, text, { flag: 'wx' });
    }
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The recipe of a project with these files. */
export function recipeOf(files: ProjectTree): Promise<Recipe> {
  return withProject(files, (directory) => detectRecipe(directory));
}
