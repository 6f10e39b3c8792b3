import { accessSync, constants, realpathSync, statSync } from 'node:fs';

export interface ZenithRoots {
  /** Real paths, each once. */
  roots: string[];
  /** As they are set: those that are no directory, or cannot be read. */
  missing: string[];
}

/** Which of the folders of `ZENITH_PATH` are there. With one missing nothing is taken for gone. */
export function findZenithRoots(folders: readonly string[]): ZenithRoots {
  const roots = new Set<string>();
  const missing: string[] = [];
  for (const folder of folders) {
    try {
      const real = realpathSync(folder);
      accessSync(real, constants.R_OK | constants.X_OK);
      if (statSync(real).isDirectory()) roots.add(real);
      else missing.push(folder);
    } catch {
      missing.push(folder);
    }
  }
  return { roots: [...roots], missing };
}
